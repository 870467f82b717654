"""The vectors of an index as one file, to travel in a backup."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from store.errors import VectorIndexError
from store.vectors.index import VectorIndex

COLLECTIONS = ("papers", "passages")
WAY_OUT = "run: retest index rebuild, or let the next run embed what it needs"


def save(index: VectorIndex, path: Path) -> int:
    """Write every vector with its id, and the name of the model that made them; return how many."""
    held = {name: index.ids(name) for name in COLLECTIONS}
    arrays: dict[str, Any] = {f"{name}-ids": np.array(ids, dtype=np.str_) for name, ids in held.items()}
    width = next((index.vectors(name, ids[:1]).shape[1] for name, ids in held.items() if ids), 0)
    for name, ids in held.items():
        arrays[f"{name}-vectors"] = index.vectors(name, ids).reshape(len(ids), width)
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, model=np.array(index.model), **arrays)
    return sum(map(len, held.values()))


def load(
    index: VectorIndex, path: Path, known: Mapping[str, Collection[str]], width: Callable[[], int]
) -> int:
    """Add the vectors of a file to an index; return how many.

    `known` are the ids that the ledger has, by collection; `width` gives that of the model's vectors. Raises
    VectorIndexError if another model made them, or the file does not hold what it should.
    """
    try:
        found = _read(path, index.model)
        for name, (ids, vectors) in found.items():
            _check(ids, vectors, known[name], width())
    except VectorIndexError:
        raise
    except Exception as error:  # a file from elsewhere may fail to be read in any way
        raise VectorIndexError(f"{path} holds no vectors: {error}", WAY_OUT) from error
    for name, (ids, vectors) in found.items():
        if len(ids):
            index.add(name, ids.tolist(), vectors)
    return sum(len(ids) for ids, _ in found.values())


def _read(path: Path, model: str) -> dict[str, tuple[NDArray[np.str_], NDArray[np.float32]]]:
    with zipfile.ZipFile(path) as whole:
        if any(member.compress_type != zipfile.ZIP_STORED for member in whole.infolist()):
            raise ValueError("its members are compressed")  # then their sizes are not bounded by the file's
    with np.load(path, allow_pickle=False) as held:
        if (made_with := str(held["model"])) != model:
            raise VectorIndexError(f"the vectors were made with {made_with}, not {model}", WAY_OUT)
        return {name: (held[f"{name}-ids"], held[f"{name}-vectors"]) for name in COLLECTIONS}


def _check(ids: NDArray[np.str_], vectors: NDArray[np.float32], known: Collection[str], width: int) -> None:
    """Raise ValueError unless these are unit vectors of the model for ids that the ledger has."""
    if ids.ndim != 1 or ids.dtype.kind != "U" or len(set(ids.tolist())) != len(ids):
        raise ValueError("its ids are not distinct texts")
    if not set(ids.tolist()) <= set(known):
        raise ValueError("it has ids that the ledger does not have")
    if vectors.dtype != np.float32 or (len(ids) and vectors.shape != (len(ids), width)):
        raise ValueError(f"its vectors are not {len(ids)} of {width} numbers")
    if len(ids) and not np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-3):
        raise ValueError("its vectors are not unit vectors")
