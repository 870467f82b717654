"""Rank the papers of a corpus for one claim: by words, by meaning, and by its sources."""

from __future__ import annotations

from collections.abc import Sequence

from agent.core.screening import Limits, query_variants, screen
from agent.ports.models import Embedder
from agent.retrieval.corpus import Corpus, Rows, query_of
from store.records import Claim, Paper, Screening


def rank(
    corpus: Corpus, embedder: Embedder, claim: Claim, sources: Sequence[Paper], rows: Rows, limits: Limits
) -> list[Screening]:
    """Screen the papers in `rows`, which must have vectors; `sources` are the claim's own, if available."""
    queries = query_variants(claim)
    vectors = embedder.embed([*queries, *(p.text for p in sources)])
    cosines = corpus.dense(vectors, rows)
    lexical = corpus.lexical(query_of(claim, sources), rows)
    ids = [corpus.ids[i] for i in rows]
    return screen(claim.id, ids, lexical, cosines[: len(queries)], cosines[len(queries) :], limits)
