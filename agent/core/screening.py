"""Which papers may bear on a claim: scores in, kept and dropped papers out. Pure.

Scores of different kinds are standardised and added; the weights were chosen with `bench/retrieval.py`,
where this beats reciprocal rank fusion in the top twenty. Cosine has the last word on relevance: a paper
below the floor is dropped whatever its rank, because even a small window always has a best paper.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from store.records import Claim, Screening

CLAIM, SOURCE = 1.0, 0.3
"""Weights of the cosine with the claim and with its sources; the combined lexical score has weight 1."""


Floats = NDArray[np.float32]


class Limits(NamedTuple):
    """How many papers to keep, the least cosine, and how many dropped papers to record.

    Only the `shortlist` papers that rank best by words for a claim are embedded and ranked by meaning. Of
    a claim's kept papers the best `whole` are read in full, at most `downloads` per run; of such a paper
    the judge sees the title, the abstract and the `passages` closest to the claim.
    """

    keep: int
    floor: float
    record: int = 30
    shortlist: int = 100
    whole: int = 10
    downloads: int = 200
    passages: int = 8


def query_variants(claim: Claim) -> list[str]:
    """The queries of a claim for dense retrieval: its text, parts, durable question and limitation."""
    texts = [claim.text, *(a.text for a in claim.atoms), claim.durable_question, claim.perishable_limitation]
    return list(dict.fromkeys(q for q in texts if q.strip()))


def fuse(lexical: Floats, claim: Floats, source: Floats) -> NDArray[np.float64]:
    """One relevance score per paper: the weighted sum of standardised scores, each [papers]."""
    return _standard(lexical) + CLAIM * _standard(claim) + SOURCE * _standard(source)


def _standard(scores: Floats) -> NDArray[np.float64]:
    wide = scores.astype(np.float64)
    spread = float(wide.std())
    return (wide - wide.mean()) / spread if spread > 0 else np.zeros(len(wide))


def screen(
    claim_id: str, ids: Sequence[str], lexical: Floats, dense: Floats, sources: Floats, limits: Limits
) -> list[Screening]:
    """Rank papers for a claim.

    `lexical` is [papers]; `dense` [variants, papers] and `sources` [sources, papers] are cosines.
    Returns the kept papers and the best of the dropped ones, in rank order.
    """
    if not ids:
        return []
    best = dense.max(axis=0)
    fused = fuse(lexical, best, sources.max(axis=0) if len(sources) else best)
    order = np.lexsort((np.array(ids), -fused.round(9)))
    found, kept = [], 0
    for rank, i in enumerate(order[: limits.keep + limits.record], 1):
        keep = kept < limits.keep and float(best[i]) >= limits.floor
        kept += keep
        row = (round(float(best[i]), 4), round(float(lexical[i]), 4), round(float(fused[i]), 6))
        found.append(Screening(claim_id, ids[i], rank, *row, kept=keep))
    return found
