"""The vectors of an index as one file, to travel in a backup."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from store.errors import VectorIndexError
from store.vectors.index import VectorIndex

COLLECTIONS = ("papers", "passages")


def save(index: VectorIndex, path: Path) -> int:
    """Write every vector with its id, and the name of the model that made them; return how many."""
    held = {name: index.ids(name) for name in COLLECTIONS}
    arrays: dict[str, Any] = {f"{name}-ids": np.array(ids, dtype=np.str_) for name, ids in held.items()}
    arrays |= {f"{name}-vectors": index.vectors(name, ids) for name, ids in held.items()}
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, model=np.array(index.model), **arrays)
    return sum(map(len, held.values()))


def load(index: VectorIndex, path: Path) -> int:
    """Add the vectors of a file to an index; return how many.

    Raises VectorIndexError if another model made them (its name ends with the hash of its weights) or the
    file is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as held:
            if (made_with := str(held["model"])) != index.model:
                raise VectorIndexError(
                    f"the vectors were made with {made_with}, not {index.model}",
                    "the next run embeds what it needs",
                )
            found = {name: (held[f"{name}-ids"].tolist(), held[f"{name}-vectors"]) for name in COLLECTIONS}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise VectorIndexError(f"{path} holds no vectors: {error}", "use another backup") from error
    for name, (ids, vectors) in found.items():
        if ids:
            index.add(name, ids, vectors)
    return sum(len(ids) for ids, _ in found.values())
