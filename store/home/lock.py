"""One holder at a time, across processes, and who it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from store.errors import Locked


@contextmanager
def exclusive(path: Path, holder: str, *, wait: float = 0) -> Iterator[None]:
    """Hold the lock at `path` for the length of the block, leaving word of who holds it.

    Raises Locked when another process holds it after `wait` seconds; -1 waits for as long as it takes.
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
