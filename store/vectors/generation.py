"""Which state an index is in, told without opening it: a reader of copies needs no Chroma for that."""

from __future__ import annotations

import uuid
from pathlib import Path

from store.home.files import write_atomically


def generation(folder: Path) -> str:
    """A token that changes whenever vectors are added; "none" if there is no index."""
    try:
        return folder.with_suffix(".generation").read_text().strip()
    except OSError:
        return "first" if folder.exists() else "none"


def next_generation(folder: Path) -> None:
    """Note that an index has changed."""
    write_atomically(folder.with_suffix(".generation"), uuid.uuid4().hex)
