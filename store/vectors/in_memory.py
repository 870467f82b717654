"""Copies of vectors for in-memory search, derived from the index, which only one process may open.

A copy is a folder named after what it was made from, and is written atomically. A reader maps the file and
keeps its mapping, whatever is written later.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_MATRIX, _IDS = "vectors.npy", "ids.json"


@dataclass(frozen=True)
class Vectors:
    """Unit vectors [len(ids), width], and an identifier of what they were made from."""

    ids: tuple[str, ...]
    matrix: NDArray[np.float32]
    made_of: str


NONE = Vectors((), np.zeros((0, 1), dtype=np.float32), "")


def load(folder: Path) -> Vectors:
    """Return the copy stored in `folder`, or NONE if there is none or it cannot be read."""
    for stored in sorted(folder.glob("of-*")):
        try:
            ids = tuple(json.loads((stored / _IDS).read_text()))
            matrix = np.load(stored / _MATRIX, mmap_mode="r")
        except (OSError, ValueError):
            continue
        if len(ids) == len(matrix):
            return Vectors(ids, matrix, stored.name.removeprefix("of-"))
    return NONE


def save(folder: Path, copy: Vectors) -> None:
    """Replace the stored copy with `copy`. `made_of` must be usable in a folder name."""
    folder.mkdir(parents=True, exist_ok=True)
    fresh, old = Path(tempfile.mkdtemp(dir=folder, prefix=".making-")), list(folder.glob("of-*"))
    np.save(fresh / _MATRIX, copy.matrix)
    (fresh / _IDS).write_text(json.dumps(copy.ids))
    for kept in old:
        shutil.rmtree(kept, ignore_errors=True)
    try:
        fresh.replace(folder / f"of-{copy.made_of}")
    except OSError:  # another process was quicker
        shutil.rmtree(fresh, ignore_errors=True)
