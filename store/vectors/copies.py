"""Copies of vectors to search in memory: derived from the index, which only one process may open.

A copy is one folder, named for what it was made of, written whole or not at all; a reader maps the file and
keeps what it has mapped, whatever is written later.
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
    """Unit vectors [len(ids), width], and what they were made of."""

    ids: tuple[str, ...]
    matrix: NDArray[np.float32]
    made_of: str


NONE = Vectors((), np.zeros((0, 1), dtype=np.float32), "")


def load(folder: Path) -> Vectors:
    """The copy kept in `folder`; none where there is none, or where it cannot be read."""
    for kept in sorted(folder.glob("of-*")):
        try:
            ids = tuple(json.loads((kept / _IDS).read_text()))
            matrix = np.load(kept / _MATRIX, mmap_mode="r")
        except (OSError, ValueError):
            continue
        if len(ids) == len(matrix):
            return Vectors(ids, matrix, kept.name.removeprefix("of-"))
    return NONE


def save(folder: Path, copy: Vectors) -> None:
    """Keep a copy in place of the one before it. `made_of` has to be a plain word."""
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
