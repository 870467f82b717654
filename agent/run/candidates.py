"""What the branches of a run share: its claims, the papers each has yet to be tested on, and the corpus.

Each is made once per run. Asking the ledger claim by claim would list the same papers once for each of them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

import store.claims
import store.evidence
import store.papers
import store.runs
from agent.core.window import after_month
from agent.retrieval.corpus import Corpus, Rows, lexical_text, query_of
from agent.run.parts import Parts
from agent.run.state import BranchState, RunState
from store.records import Claim, Paper, Retest

AnyState = RunState | BranchState


class Candidates:
    """The papers of a ledger by row, oldest first, and those that each claim has yet to be tested on.

    `until` is the last day that the run sees.
    """

    def __init__(self, db: Connection, source: str, judge: str, until: str) -> None:
        papers = store.papers.listing(db)
        self.ids = [p.id for p in papers]
        self._row = {paper_id: n for n, paper_id in enumerate(self.ids)}
        self._published = [p.published for p in papers]
        self._seq = np.array([p.seq for p in papers], dtype=np.int64)
        self._withdrawn = np.array([p.withdrawn for p in papers], dtype=bool)
        self._end = bisect_right(self._published, until)
        self._last = store.runs.last_healthy_of_all(db, source, judge)
        self._again: dict[tuple[str, int], list[tuple[str, str]]] = {}
        for claim_id, revision, paper_id, noted_at in store.evidence.lapsed_papers(db):
            self._again.setdefault((claim_id, revision), []).append((paper_id, noted_at))

    def of(self, claim: Claim) -> Rows:
        """Rows of the papers to test a claim on, oldest first, then those due to be read again.

        They are newer than the claim, none of its sources, and unseen: stored after its last healthy
        retest, or then still in the future.
        """
        last = self._last.get((claim.id, claim.revision))
        after = after_month(claim.as_of)
        begin = bisect_right(self._published, after) if after else 0
        wanted = self._unseen(begin, last) & ~self._withdrawn[begin : self._end]
        rows = [int(row) for row in np.flatnonzero(wanted) + begin]
        sources = claim.source_ids
        again = (self._row[i] for i in self._read_again(claim, last))
        return np.array(
            [row for row in dict.fromkeys([*rows, *again]) if self.ids[row] not in sources], dtype=np.intp
        )

    def of_any(self, claims: Iterable[Claim]) -> Rows:
        """Rows of the papers that some claim has yet to be tested on, each once."""
        wanted = np.zeros(len(self.ids), dtype=bool)
        for claim in claims:
            wanted[self.of(claim)] = True
        return np.flatnonzero(wanted)

    def named(self, rows: Rows) -> list[str]:
        """The ids of papers by row."""
        return [self.ids[row] for row in rows]

    def _unseen(self, begin: int, last: Retest | None) -> NDArray[np.bool_]:
        if last is None:
            return np.ones(max(self._end - begin, 0), dtype=bool)
        unseen: NDArray[np.bool_] = self._seq[begin : self._end] > last.seen_through
        unseen[max(bisect_right(self._published, last.window_to) - begin, 0) :] = True
        return unseen

    def _read_again(self, claim: Claim, last: Retest | None) -> Collection[str]:
        """Papers whose evidence on the claim lapsed after its last healthy retest."""
        since = last.finished_at if last else ""
        lapsed = self._again.get((claim.id, claim.revision), [])
        return sorted({paper_id for paper_id, noted_at in lapsed if noted_at > since})


def claims_of(parts: Parts, state: AnyState) -> dict[str, Claim]:
    """The claims under retest by id, as they were when the run first asked."""

    def made() -> dict[str, Claim]:
        with parts.ledger.read() as db:
            return {claim.id: claim for claim in store.claims.active(db)}

    return parts.once(f"claims of {state['run_id']}", made)


def claim_of(parts: Parts, state: AnyState, claim_id: str) -> Claim:
    """A claim as it was planned, though it may have been edited or retired since.

    Raises KeyError if it does not exist.
    """
    claim, planned = claims_of(parts, state).get(claim_id), state.get("revisions", {}).get(claim_id)
    if claim is None or planned not in (None, claim.revision):
        with parts.ledger.read() as db:
            newest = store.claims.get(db, claim_id)
            claim = store.claims.revision(db, claim_id, planned) if planned else newest
    if claim is None:
        raise KeyError(claim_id)
    return claim


def candidates_of(parts: Parts, state: AnyState) -> Candidates:
    """The papers that each claim has yet to be tested on, listed once per run."""

    def made() -> Candidates:
        with parts.ledger.read() as db:
            return Candidates(db, parts.source.name, parts.judge.name, state["as_of"])

    return parts.once(f"candidates of {state['run_id']}", made)


def shortlist(parts: Parts, state: AnyState, claim: Claim) -> Rows:
    """Rows of the corpus that rank best by words for a claim; ranked once per run."""

    def made() -> Rows:
        candidates, corpus = candidates_of(parts, state), corpus_of(parts, state)
        rows = corpus.rows(candidates.named(candidates.of(claim)))
        if not len(rows):
            return rows
        return corpus.shortlist(query_of(claim, sources_of(parts, claim)), rows, parts.limits.shortlist)

    return parts.once(f"shortlist of {state['run_id']} for {claim.id}", made)


def sources_of(parts: Parts, claim: Claim) -> list[Paper]:
    """The records of a claim's own sources that are in the ledger."""
    with parts.ledger.read() as db:
        return list(store.papers.get_many(db, sorted(claim.source_ids)).values())


def corpus_of(parts: Parts, state: AnyState) -> Corpus:
    """Every paper that some active claim has yet to be tested on, to be ranked; made once per run."""

    def made() -> Corpus:
        candidates = candidates_of(parts, state)
        with parts.ledger.read() as db:
            ids = sorted(candidates.named(candidates.of_any(claims_of(parts, state).values())))
            papers = store.papers.get_many(db, ids)
        return Corpus(ids, [lexical_text(papers[i]) for i in ids])

    return parts.once(f"corpus of {state['run_id']}", made)


def embedded_corpus_of(parts: Parts, state: AnyState) -> Corpus:
    """The same with the vectors that the index holds."""

    def made() -> Corpus:
        corpus = corpus_of(parts, state)
        missing = set(parts.index.missing("papers", corpus.ids))
        embedded = [i for i in corpus.ids if i not in missing]
        corpus.hold(embedded, parts.index.vectors("papers", embedded))
        return corpus

    return parts.once(f"vectors of {state['run_id']}", made)
