"""One polite gate to arXiv for the whole machine: one request at a time, three seconds apart.

arXiv's terms ask for no more than one request every three seconds over a single connection
(https://info.arxiv.org/help/api/tou.html). Every process locks the same file for the length of a request;
the file says when the next one may begin. It is written before the request is made, so that a process killed
in the middle of one still counts.

All users of the machine share the file, in a folder that anybody may write to. So it is opened once a turn,
without following links, and everything is done through that descriptor: a planted link leads nowhere.
"""

from __future__ import annotations

import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

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


class RateLimiter:
    """Take a turn before each request. `now` and `sleep` are parameters so that tests need not wait."""

    def __init__(
        self,
        folder: Path,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._folder, self._now, self._sleep = folder, now, sleep

    @contextmanager
    def turn(self) -> Iterator[Turn]:
        """Wait for a turn and hold the gate for one request; report its outcome to the turn.

        Raises SourceError if arXiv asked for a pause longer than a run waits, or the gate cannot be used.
        """
        with self._opened() as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            turn = Turn(file, self._now)
            wait = turn.wait()
            if wait > PATIENCE_S:
                until = datetime.fromtimestamp(self._now() + wait, UTC).strftime("%Y-%m-%d %H:%M UTC")
                raise SourceError(f"arXiv asked to be left alone until {until}", "run again after that")
            if wait > 0:
                self._sleep(wait)
            turn.begin()
            yield turn

    @contextmanager
    def _opened(self) -> Iterator[int]:
        path = self._folder / "gate"
        try:
            _make_folder(self._folder)
            file = _open(path)
        except OSError as error:
            raise SourceError(
                f"arXiv's gate {path} cannot be used: {error.strerror}", f"remove {self._folder}"
            ) from error
        try:
            yield file
        finally:
            os.close(file)


class Turn:
    """One request's turn at the gate. `file` is the gate's descriptor, locked."""

    def __init__(self, file: int, now: Callable[[], float]) -> None:
        self._file, self._now = file, now

    def wait(self) -> float:
        """Seconds until the request may begin; a time too far ahead was written by a wrong clock."""
        wait = self._read()[0] - self._now()
        return SPACING_S if wait > LONGEST_S else wait

    def begin(self) -> None:
        """Note that a request begins."""
        self._postpone(SPACING_S)

    def refused(self, retry_after: float | None) -> None:
        """Block requests for `retry_after` (at least `SPACING_S`), or for a back-off."""
        refusals = self._read()[1]
        wait = BACKOFF_S[min(refusals, len(BACKOFF_S) - 1)] if retry_after is None else retry_after
        self._postpone(min(max(wait, SPACING_S), LONGEST_S), refusals + 1)

    def answered(self) -> None:
        """Reset the back-off."""
        self._postpone(0, 0)

    def _read(self) -> tuple[float, int]:
        """When the next request may begin, and how often arXiv has refused in a row.

        What cannot be read counts as a request just made.
        """
        found = os.pread(self._file, 200, 0)
        try:
            later, refusals = found.split()
            return float(later), int(refusals)
        except ValueError:
            return (self._now() + SPACING_S if found else 0.0), 0

    def _postpone(self, seconds: float, refusals: int | None = None) -> None:
        later, count = self._read()
        now = self._now()
        if later > now + LONGEST_S:
            later = 0.0
        row = f"{max(later, now + seconds):020.3f} {count if refusals is None else refusals:09d}\n".encode()
        os.pwrite(self._file, row, 0)
        os.ftruncate(self._file, len(row))


def _make_folder(folder: Path) -> None:
    """Make the folder, sticky and open to all users. Raises OSError for one that is not safe to share."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    try:
        folder.mkdir()
        folder.chmod(0o1777)
    except FileExistsError:
        pass
    found = folder.lstat()
    is_ours = found.st_uid in (0, os.geteuid())
    if not stat.S_ISDIR(found.st_mode) or not (is_ours or found.st_mode & stat.S_ISVTX):
        raise OSError(0, "it is not a folder of ours, nor one where others cannot remove files")


def _open(path: Path) -> int:
    """A descriptor of the gate's file. Raises OSError for a link, or for a file with another name."""
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
    try:
        file = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        # Without O_CREAT: Linux refuses that on other users' files in sticky folders (protected_regular).
        file = os.open(path, flags)
    held = os.fstat(file)
    if not stat.S_ISREG(held.st_mode) or held.st_nlink != 1:
        os.close(file)
        raise OSError(0, "it is a link or no file")
    if held.st_uid == os.geteuid():
        os.fchmod(file, 0o666)
    return file
