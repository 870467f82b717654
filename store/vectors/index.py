"""The vector index in Chroma: derived from the ledger, rebuildable, one writer.

Two processes writing to the same path silently lose vectors, so a writer holds a lock from open
to close. Texts live in the ledger; Chroma keeps only ids and our own vectors.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from store.errors import VectorIndexError
from store.home.lock import exclusive
from store.home.timeout import in_time
from store.vectors.generation import next_generation

_BATCH = 2000
SECONDS = 180.0
"""Time limit for a batch of vectors: a hundred times what one takes on a slow disk."""


class VectorIndex:
    """Unit vectors by id, in named collections ("papers", "passages"). One model per index."""

    def __init__(self, client: Any, model: str, changed: Callable[[], None] = lambda: None) -> None:
        self._client = client
        self.model = model
        self._changed = changed
        self._open: dict[str, Any] = {}
        self.is_stuck = False

    def missing(self, collection: str, ids: Sequence[str]) -> list[str]:
        """Those of `ids` that have no vector yet, in order."""
        known: set[str] = set()
        for start in range(0, len(ids), _BATCH):
            batch = list(ids[start : start + _BATCH])
            known.update(self._collection(collection).get(ids=batch, include=[])["ids"])
        return [i for i in ids if i not in known]

    def add(self, collection: str, ids: Sequence[str], vectors: NDArray[np.float32]) -> None:
        """Store vectors [len(ids), width]; an existing id is overwritten.

        Raises VectorIndexError if they cannot be written.
        """
        for start in range(0, len(ids), _BATCH):
            batch = slice(start, start + _BATCH)
            target, batch_ids, batch_vectors = self._collection(collection), list(ids[batch]), vectors[batch]
            self._in_time(partial(target.upsert, ids=batch_ids, embeddings=batch_vectors))
            self._changed()

    def vectors(self, collection: str, ids: Sequence[str]) -> NDArray[np.float32]:
        """Return vectors [len(ids), width] in the order of `ids`.

        Raises VectorIndexError if one is missing.
        """
        found: dict[str, NDArray[np.float32]] = {}
        for start in range(0, len(ids), _BATCH):
            batch = list(ids[start : start + _BATCH])
            got = self._collection(collection).get(ids=batch, include=["embeddings"])
            found.update(zip(got["ids"], got["embeddings"], strict=True))
        missing = [i for i in ids if i not in found]
        if missing:
            raise VectorIndexError(
                f"{len(missing)} vectors are missing from the index; the first is {missing[0]}",
                "run: retest index rebuild",
            )
        return np.array([found[i] for i in ids], dtype=np.float32)

    def ids(self, collection: str) -> list[str]:
        """Every id in a collection."""
        return list(self._collection(collection).get(include=[])["ids"])

    def closest(self, collection: str, vector: NDArray[np.float32]) -> str | None:
        """The id whose vector is nearest to `vector`, by approximate search."""
        found = self._collection(collection).query(query_embeddings=[vector], n_results=1, include=[])
        return next(iter(found["ids"][0]), None)

    def count(self, collection: str) -> int:
        """How many vectors a collection holds."""
        return int(self._collection(collection).count())

    def _in_time(self, work: Callable[[], object]) -> None:
        """Run a write with a time limit: Chroma waits forever for a write that the disk refused."""
        try:
            in_time(work, SECONDS)
        except Exception as error:  # Chroma raises many kinds, its Rust core among them
            self.is_stuck = isinstance(error, TimeoutError)
            raise VectorIndexError(
                f"cannot write to the index: {error}", "check the disk, then: retest run --resume"
            ) from error

    def _collection(self, name: str) -> Any:
        if name not in self._open:
            self._open[name] = self._client.get_or_create_collection(
                name,
                embedding_function=None,
                metadata={"model": self.model},
                configuration={"hnsw": {"space": "cosine"}},
            )
            self._check_model(name)
        return self._open[name]

    def _check_model(self, name: str) -> None:
        made_with = (self._open[name].metadata or {}).get("model")
        if made_with != self.model:
            raise VectorIndexError(
                f"the index was made with {made_with}, not {self.model}",
                "run: retest index rebuild",
            )


@contextmanager
def open_index(folder: Path, model: str, *, holder: str, wait: float = 0) -> Iterator[VectorIndex]:
    """Open the index as its only writer, waiting up to `wait` seconds for another writer to finish.

    Raises store.errors.Locked if another process has it open, VectorIndexError if it is broken.
    """
    with exclusive(folder.with_suffix(".lock"), holder, wait=wait):
        folder.mkdir(parents=True, exist_ok=True)
        client = _client(folder)
        index = VectorIndex(client, model, lambda: next_generation(folder))
        try:
            yield index
        finally:
            if not index.is_stuck:  # a stuck client would hang on close; it ends with the process
                client.close()


def _client(folder: Path) -> Any:
    import chromadb  # a third of a second, which only who opens an index should wait for
    from chromadb.config import Settings

    try:
        return chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))
    except Exception as error:  # Chroma raises many kinds, its Rust core among them
        raise VectorIndexError(
            f"cannot open the index {folder}: {error}", "run: retest index rebuild"
        ) from error


def erase_index(folder: Path, *, holder: str) -> None:
    """Delete the index; the next run or `retest index rebuild` builds it again."""
    with exclusive(folder.with_suffix(".lock"), holder):
        shutil.rmtree(folder, ignore_errors=True)
        next_generation(folder)


def self_query(index: VectorIndex, collection: str, ids: Sequence[str]) -> int:
    """Return how many of `ids` are not found by searching for their own vector."""
    return sum(index.closest(collection, index.vectors(collection, [i])[0]) != i for i in ids)


def is_damaged(lost: int, tried: int) -> bool:
    """Whether so many look-ups failed that the search graph must be broken.

    HNSW is approximate: in a sound index of 1,595 papers, two vectors were never found. A graph cut
    off from its vectors loses most of them, so one in ten is far from both.
    """
    return lost > max(1, tried // 10)
