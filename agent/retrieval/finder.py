"""Find what bears on a question in a ledger. Kept in memory, rebuilt when the ledger has changed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection

import store.claims
import store.lines
import store.papers
from agent.core.quotes import legible
from agent.retrieval.search import CLOSE, ClaimSearch, Hit, Unit, closest, relevant, telling_words, units_of
from store.ledger import Ledger
from store.records import Paper, Passage
from store.vectors.in_memory import Vectors

Vector = NDArray[np.float32]
MOST_CLAIMS, MOST_PASSAGES, READ_AHEAD = 5, 5, 200
ON_DEMAND = 24
"""Most papers embedded for one question, at about thirty a second."""


@dataclass(frozen=True)
class Near:
    """A paper, or a passage of one, that has not been judged for this question."""

    paper: Paper
    passage: Passage | None
    score: float

    def document(self) -> dict[str, Any]:
        """The hit as a JSON document, the same in every interface."""
        excerpt = legible(self.passage.text) if self.passage else self.paper.abstract
        section = self.passage.section if self.passage else "abstract"
        return {
            "arxiv_id": self.paper.id, "title": self.paper.title, "published": self.paper.published,
            "url": self.paper.url, "section": section, "text": excerpt, "score": round(self.score, 3),
        }  # fmt: skip


class Finder:
    """Searches claims and passages. Safe to use from several threads.

    `embed` returns unit vectors of texts; `remember` those of wordings, cached between processes;
    `corpus` returns the newest copy of the index, with ids "papers:ID" and "passages:ID".
    """

    def __init__(
        self,
        ledger: Ledger,
        embed: Callable[[Sequence[str]], Vector],
        remember: Callable[[Sequence[str]], Vector],
        corpus: Callable[[], Vectors],
    ) -> None:
        self._ledger, self._embed, self._remember, self._corpus = ledger, embed, remember, corpus
        self._made_of: tuple[int, ...] = ()
        self._claims: ClaimSearch | None = None
        self._lock = threading.Lock()

    def vector(self, text: str) -> Vector:
        """The unit vector of a text."""
        return np.asarray(self._embed([text])[0], dtype=np.float32)

    def claims(self, topic: str, ids: Sequence[str], vector: Vector, most: int = MOST_CLAIMS) -> list[Hit]:
        """The claims that bear on a topic or rest on the papers `ids`, best first; empty if none does."""
        hits = self.every_claim(topic, ids, vector, most)
        return relevant(hits) if hits else []

    def every_claim(
        self, topic: str, ids: Sequence[str], vector: Vector, most: int = MOST_CLAIMS
    ) -> list[Hit]:
        """The claims closest to a topic, whether or not they bear on it."""
        with self._ledger.read() as db:
            search = self._fresh(db)
        return search.find(vector, topic, ids, most)

    def line_of(self, vector: Vector) -> str | None:
        """The line whose own question this is; None for a narrower question."""
        with self._ledger.read() as db:
            return self._fresh(db).line_of(vector)

    def near(
        self, vector: Vector, topic: str, after: str | None = None, most: int = MOST_PASSAGES
    ) -> list[Near]:
        """Papers close to a question, one entry per paper, with v1 later than the day `after`.

        A run embeds only the papers that rank best by words for its claims. Others that mention the
        question's topic are embedded when the question is asked.
        """
        corpus = self._corpus()
        hits = closest(corpus, vector, READ_AHEAD) + self._on_demand(corpus, vector, topic)
        with self._ledger.read() as db:
            near = [h for h in sorted(hits, key=lambda h: -h.score) if h.score >= CLOSE]
            return _one_per_paper(db, near, after)[:most]

    def _on_demand(self, corpus: Vectors, vector: Vector, topic: str) -> list[Hit]:
        known, words = {i.removeprefix("papers:") for i in corpus.ids}, telling_words(topic)
        with self._ledger.read() as db:
            found = store.papers.with_words(db, words, known, ON_DEMAND) if words else []
            papers = store.papers.get_many(db, found)
        if not papers:
            return []
        scores = self._embed([p.text for p in papers.values()]) @ vector
        return [Hit(f"papers:{i}", float(s)) for i, s in zip(papers, scores, strict=True)]

    def rank(self, vector: Vector, papers: Sequence[Paper], most: int) -> list[Near]:
        """Papers from outside the ledger, closest first."""
        if not papers:
            return []
        scores = self._embed([p.text for p in papers]) @ vector
        best = np.argsort(-scores, kind="stable")[:most]
        return [Near(papers[n], None, float(scores[n])) for n in best if scores[n] >= CLOSE]

    def _fresh(self, db: Connection) -> ClaimSearch:
        made_of = store.claims.fingerprint(db)
        with self._lock:
            if self._claims is None or made_of != self._made_of:
                claims, lines = store.claims.active(db), store.lines.active(db)
                units: list[Unit] = units_of(claims, lines)
                self._claims = ClaimSearch(claims, units, self._remember([u.text for u in units]))
                self._made_of = made_of
            return self._claims


def _one_per_paper(db: Connection, hits: Sequence[Hit], after: str | None) -> list[Near]:
    passages = store.papers.passages_by_id(
        db, [h.id.removeprefix("passages:") for h in hits if h.id.startswith("passages:")]
    )
    named = [h.id.removeprefix("papers:") for h in hits if h.id.startswith("papers:")]
    papers = store.papers.get_many(db, sorted({*named, *(p.paper_id for p in passages.values())}))
    found: dict[str, Near] = {}
    for hit in hits:
        passage = passages.get(hit.id.removeprefix("passages:"))
        paper = papers.get(passage.paper_id if passage else hit.id.removeprefix("papers:"))
        if paper and not paper.withdrawn and (after is None or paper.published > after):
            found.setdefault(paper.id, Near(paper, passage, hit.score))
    return list(found.values())
