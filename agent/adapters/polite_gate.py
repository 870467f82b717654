"""One polite gate to arXiv for the whole machine: one request at a time, three seconds apart.

arXiv's terms ask for no more than one request every three seconds over a single connection
(https://info.arxiv.org/help/api/tou.html). Every process takes the same lock file for the length
of a request, and leaves in the file beside it when the next one may begin.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock

SPACING_S = 3.0
BACKOFF_S = (10.0, 20.0, 40.0)


def machine_folder() -> Path:
    """Where every process of this machine meets."""
    return Path(tempfile.gettempdir()) / "retest-arxiv-gate"


class PoliteGate:
    """Take a turn before each request. `now` and `sleep` are given so that tests need not wait."""

    def __init__(
        self,
        folder: Path,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(folder / "gate.lock", mode=0o666)
        self._note = folder / "next.json"
        self._now, self._sleep = now, sleep

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the gate for one request, begun no sooner than it may."""
        with self._lock:
            wait = min(self._next() - self._now(), max(BACKOFF_S) * 10)
            if wait > 0:
                self._sleep(wait)
            try:
                yield
            finally:
                self._postpone(SPACING_S)

    def cool_down(self, attempt: int, retry_after: float | None) -> None:
        """After a refusal, let nobody ask before `retry_after` (never under 3 s) or a back-off."""
        wait = BACKOFF_S[min(attempt, len(BACKOFF_S) - 1)] if retry_after is None else retry_after
        with self._lock:
            self._postpone(max(wait, SPACING_S))

    def _next(self) -> float:
        try:
            return float(json.loads(self._note.read_text())["next"])
        except (OSError, ValueError, KeyError, TypeError):
            return 0.0

    def _postpone(self, seconds: float) -> None:
        later = max(self._next(), self._now() + seconds)
        self._note.write_text(json.dumps({"next": later}))
