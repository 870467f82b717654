"""A lock across processes that also records who holds it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from store.errors import Locked


@contextmanager
def exclusive(path: Path, holder: str, *, wait: float = 0) -> Iterator[None]:
    """Hold the lock at `path` for the duration of the block, and record who holds it.

    Raises Locked if another process still holds it after `wait` seconds; -1 waits indefinitely.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    lock, note = FileLock(path), path.with_suffix(".holder")
    try:
        lock.acquire(timeout=wait)
    except Timeout as error:
        who = note.read_text().strip() if note.exists() else "another process"
        raise Locked(f"{who} holds {path.name}", "wait until it ends") from error
    try:
        note.write_text(holder + "\n")
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()
