"""Embedder and vector index."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

import store.papers
from agent.adapters.embedding.cached import CachedEmbedder
from agent.adapters.embedding.minilm import PackagedMiniLM
from agent.adapters.embedding.sentence_transformer import SentenceTransformerEmbedder
from agent.core.passages import to_embed
from agent.ports.models import Embedder
from agent.settings import PACKAGED, Settings
from store.home.files import Home
from store.ledger import Ledger
from store.vectors.index import VectorIndex, open_index

INDEX_IN_USE = 75
"""How a child process says that it could not open the index (EX_TEMPFAIL of sysexits.h)."""


def embedder_of(settings: Settings) -> Embedder:
    """What turns texts into vectors: the packaged model, or the one named."""
    is_packaged = settings.embedder == PACKAGED
    model = PackagedMiniLM() if is_packaged else SentenceTransformerEmbedder(settings.embedder)
    return CachedEmbedder(model)


@contextmanager
def open_vectors(settings: Settings, *, wait: float = 0) -> Iterator[VectorIndex]:
    """The vector index, opened as its only writer; waits up to `wait` seconds for another writer."""
    model = embedder_of(settings).name
    holder = f"process {os.getpid()}"
    with open_index(Home(settings.home).index, model, holder=holder, wait=wait) as index:
        yield index


def embed_texts(settings: Settings) -> Callable[[Sequence[str]], NDArray[np.float32]]:
    """The function that turns texts into unit vectors."""
    return embedder_of(settings).embed


def embed_everything(settings: Settings) -> int:
    """Embed every paper and passage of the ledger that has no vector; return how many."""
    ledger = Ledger.open(Home(settings.home).ledger)
    with ledger.read() as db:
        papers = store.papers.get_many(db, store.papers.all_ids(db))
        texts = {"papers": {p.id: p.text for p in papers.values()},
                 "passages": to_embed(store.papers.all_passages(db))}  # fmt: skip
    ledger.close()
    embedder, made = embedder_of(settings), 0
    with open_vectors(settings) as index:
        for collection, text in texts.items():
            missing = index.missing(collection, list(text))
            for start in range(0, len(missing), 256):
                batch = missing[start : start + 256]
                index.add(collection, batch, embedder.embed([text[i] for i in batch]))
            made += len(missing)
    return made
