"""Which papers each claim has yet to be tested on: listed once per run, then cut for each claim in memory.

Asking the ledger claim by claim would list the same papers once for each of them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

import store.evidence
import store.papers
import store.runs
from agent.core.window import after_month
from store.records import Claim, Retest

Rows = NDArray[np.intp]


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
