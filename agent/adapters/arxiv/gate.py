"""One polite gate to arXiv for the whole machine: one request at a time, three seconds apart.

arXiv's terms ask for no more than one request every three seconds over a single connection
(https://info.arxiv.org/help/api/tou.html). Every process holds the same lock file for the length of a
request; a row in the database beside it says when the next one may begin. The row is written before
the request is made, so that a process killed in the middle of one still counts.
"""

from __future__ import annotations

import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

from agent.errors import SourceError

SPACING_S = 3.2
"""Three seconds between request starts, plus a margin because latency varies."""
BACKOFF_S = (10.0, 20.0, 40.0)
PATIENCE_S = 600.0
"""The longest a run waits at the gate; if arXiv asks for a longer pause, it gives up with an error."""
LONGEST_S = 24 * 3600.0
"""A stored time further ahead than this was written by a wrong clock."""


def machine_folder() -> Path:
    """The folder shared by all processes of this machine, whatever their own temporary folders are."""
    shared = Path("/tmp")  # noqa: S108  a fixed, shared path on purpose
    return (shared if shared.is_dir() else Path(tempfile.gettempdir())) / "retest-arxiv-gate"


_TABLE = "CREATE TABLE IF NOT EXISTS gate (next REAL NOT NULL, refusals INTEGER NOT NULL)"


class PoliteGate:
    """Take a turn before each request. `now` and `sleep` are parameters so that tests need not wait."""

    def __init__(
        self,
        folder: Path,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._folder, self._row = folder, folder / "gate.sqlite"
        self._file_lock = FileLock(folder / "gate.lock", mode=0o666)
        self._now, self._sleep = now, sleep

    @contextmanager
    def turn(self) -> Iterator[PoliteGate]:
        """Wait for a turn and hold the gate for one request; report its outcome within the turn.

        Raises SourceError if arXiv asked for a pause longer than a run waits.
        """
        with self._lock():
            wait = self._wait()
            if wait > PATIENCE_S:
                until = datetime.fromtimestamp(self._now() + wait, UTC).strftime("%Y-%m-%d %H:%M UTC")
                raise SourceError(f"arXiv asked to be left alone until {until}", "run again after that")
            if wait > 0:
                self._sleep(wait)
            self._postpone(SPACING_S)
            yield self

    def refused(self, retry_after: float | None) -> None:
        """Block requests for `retry_after` (at least `SPACING_S`) or a back-off; call within a turn."""
        refusals = self._read()[1]
        wait = BACKOFF_S[min(refusals, len(BACKOFF_S) - 1)] if retry_after is None else retry_after
        self._postpone(min(max(wait, SPACING_S), LONGEST_S), refusals + 1)

    def answered(self) -> None:
        """Reset the back-off; call within a turn."""
        self._postpone(0, 0)

    def _wait(self) -> float:
        wait = self._read()[0] - self._now()
        return SPACING_S if wait > LONGEST_S else wait

    def _read(self) -> tuple[float, int]:
        with self._open() as db:
            later, refusals = db.execute("SELECT next, refusals FROM gate").fetchone()
        return float(later), int(refusals)

    def _postpone(self, seconds: float, refusals: int | None = None) -> None:
        later, count = self._read()
        now = self._now()
        if later > now + LONGEST_S:
            later = 0.0
        row = (max(later, now + seconds), count if refusals is None else refusals)
        with self._open() as db:
            db.execute("UPDATE gate SET next = ?, refusals = ?", row)

    @contextmanager
    def _lock(self) -> Iterator[None]:
        """Hold the machine-wide lock; create the row if there is none yet."""
        if self._folder.is_symlink():
            raise SourceError(f"{self._folder} is a symlink, which arXiv's gate must not be", "remove it")
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._file_lock:
            try:
                with self._open() as db:
                    db.execute(_TABLE)
                    db.execute("INSERT INTO gate SELECT 0, 0 WHERE NOT EXISTS (SELECT 1 FROM gate)")
            except sqlite3.Error as error:
                raise SourceError(f"arXiv's gate {self._row} is damaged: {error}", "remove it") from error
            for path, mode in ((self._folder, 0o777), (self._row, 0o666)):
                with suppress(PermissionError):  # another user of the machine made it
                    path.chmod(mode)
            yield

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self._row, timeout=30)) as db, db:
            yield db
