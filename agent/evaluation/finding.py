"""Find papers for each case's claim in a whole snapshot, with the ranking of a real run.

As in a run, all papers newer than a claim are ranked by words, and the best of them by meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from agent.core.screening import Limits
from agent.core.window import is_newer
from agent.evaluation.cases import LabelledCase
from agent.ports.models import Embedder
from agent.retrieval.corpus import Corpus, Rows, lexical_text, query_of
from agent.retrieval.ranking import rank
from store.records import Claim, Paper

DEEPEST = 100
_BATCH = 256


class Finder:
    """Finds papers for cases in one snapshot, held in memory."""

    def __init__(self, papers: dict[str, Paper], embedder: Embedder, limits: Limits) -> None:
        self._papers, self._embedder, self._limits = papers, embedder, limits
        self.corpus = Corpus(list(papers), [lexical_text(p) for p in papers.values()])
        self._months = np.array([p.published[:7] for p in papers.values()])

    def prepare(self, cases: Sequence[LabelledCase], progress: Callable[[int, int], None]) -> None:
        """Embed each case's shortlist."""
        wanted = {int(i) for case in cases for i in self._shortlist(case.as_claim())}
        ids = [self.corpus.ids[i] for i in sorted(wanted)]
        vectors = []
        for start in range(0, len(ids), _BATCH):
            batch = ids[start : start + _BATCH]
            vectors.append(self._embedder.embed([self._papers[i].text for i in batch]))
            progress(start + len(batch), len(ids))
        if vectors:
            self.corpus.hold(ids, np.concatenate(vectors))

    def find(self, case: LabelledCase) -> tuple[tuple[str, ...], list[Paper]]:
        """The ids found for a case, best first, and the papers a run would have kept for judging."""
        claim = case.as_claim()
        rows = self.corpus.with_vectors(self._shortlist(claim))
        if not len(rows):
            return (), []
        limits = self._limits._replace(record=DEEPEST)
        found = rank(self.corpus, self._embedder, claim, self.sources(claim), rows, limits)
        return tuple(s.paper_id for s in found), [self._papers[s.paper_id] for s in found if s.kept]

    def eligible(self, claim: Claim) -> Rows:
        """The rows of the papers newer than the claim, except its own sources."""
        late = np.array([is_newer(month, claim.as_of or "") for month in np.unique(self._months)])
        newer = np.isin(self._months, np.unique(self._months)[late])
        newer[self.corpus.rows(sorted(claim.source_ids))] = False
        return np.flatnonzero(newer)

    def _shortlist(self, claim: Claim) -> Rows:
        rows = self.eligible(claim)
        query = query_of(claim, self.sources(claim))
        return self.corpus.shortlist(query, rows, self._limits.shortlist) if len(rows) else rows

    def sources(self, claim: Claim) -> list[Paper]:
        """The records of a claim's own sources, as far as the snapshot has them."""
        return [self._papers[i] for i in sorted(claim.source_ids) if i in self._papers]
