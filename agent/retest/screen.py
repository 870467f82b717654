"""Which papers may bear on a claim: rankings in, the kept and the dropped out. Pure.

Rankings of different kinds are joined by reciprocal rank fusion (Cormack, Clarke and Büttcher
2009, doi:10.1145/1571941.1572114). Cosine has the last word on relevance: a paper under the floor
is dropped however it ranks, because a small window always has a best paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from store.records import Claim, Screening

RRF_K = 60


class Limits(NamedTuple):
    """How many papers to keep, the least cosine, and how many dropped ones to write down."""

    keep: int
    floor: float
    record: int = 30


def query_variants(claim: Claim) -> list[str]:
    """The ways a claim is asked for: its parts, its question, what could lift it, its scope."""
    scope = " ".join(term for axis in claim.scope.values() for term in axis.terms[:3])
    asked = [
        claim.text,
        *(a.text for a in claim.atoms),
        claim.durable_question,
        claim.perishable_limitation,
        scope,
    ]
    return list(dict.fromkeys(q for q in asked if q.strip()))


def fuse(rankings: Sequence[NDArray[np.float32]]) -> NDArray[np.float64]:
    """Reciprocal rank fusion of score vectors [n]: sum of 1 / (k + rank); equal scores rank equal."""
    total = np.zeros(len(rankings[0]) if rankings else 0)
    for scores in rankings:
        ranks = np.searchsorted(np.sort(-scores), -scores, side="left") + 1
        total += 1.0 / (RRF_K + ranks)
    return total


def screen(
    claim_id: str,
    ids: Sequence[str],
    dense: NDArray[np.float32],
    lexical: NDArray[np.float32],
    limits: Limits,
) -> list[Screening]:
    """Rank papers for a claim; `dense` and `lexical` are [variants, papers].

    Returns the kept ones and the best of the dropped, in rank order.
    """
    if not ids:
        return []
    best = dense.max(axis=0)
    fused = fuse([best, dense[0], lexical.max(axis=0), lexical[0]])
    order = np.lexsort((np.array(ids), -fused))
    found, kept = [], 0
    for rank, i in enumerate(order[: limits.keep + limits.record], 1):
        keep = kept < limits.keep and float(best[i]) >= limits.floor
        kept += keep
        row = (
            round(float(best[i]), 4),
            round(float(lexical[:, i].max()), 4),
            round(float(fused[i]), 6),
        )
        found.append(Screening(claim_id, ids[i], rank, *row, kept=keep))
    return found
