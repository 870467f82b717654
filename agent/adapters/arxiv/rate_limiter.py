"""One polite gate to arXiv for the whole machine: one request at a time, three seconds apart.

arXiv's terms ask for no more than one request every three seconds over a single connection
(https://info.arxiv.org/help/api/tou.html). Every process locks the same file for the length of a request;
the file says when the next one may begin. It is written before the request is made, so that a process killed
in the middle of one still counts.

All users of the machine share the file, in a folder that anybody may write to. So both are opened once a
turn, without following links, and everything is done through their descriptors: a planted link leads nowhere.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from math import isfinite, nan
from pathlib import Path

from agent.errors import SourceError

SPACING_S = 3.2
"""Three seconds between request starts, plus a margin because latency varies."""
BACKOFF_S = (10.0, 20.0, 40.0)
PATIENCE_S = 600.0
"""The longest a run waits at the gate; if arXiv asks for a longer pause, it gives up with an error."""
SHARED = 0o1777
LONGEST_S = 24 * 3600.0
"""A stored time further ahead than this was written by a wrong clock."""


def machine_folder() -> Path:
    """The folder shared by all processes of this machine, whatever their own temporary folders are."""
    shared = Path("/tmp")  # noqa: S108  a fixed, shared path on purpose
    return (shared if shared.is_dir() else Path(tempfile.gettempdir())) / "retest-arxiv"


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
        try:
            with self._locked() as file:
                turn = Turn(file, self._now)
                wait = turn.wait()
                if wait > PATIENCE_S:
                    until = datetime.fromtimestamp(self._now() + wait, UTC).strftime("%Y-%m-%d %H:%M UTC")
                    raise SourceError(f"arXiv asked to be left alone until {until}", "run again after that")
                if wait > 0:
                    self._sleep(wait)
                turn.begin()
                yield turn
        except GateError as error:
            raise SourceError(
                f"arXiv's gate in {self._folder} cannot be used: {error}", f"remove {self._folder}"
            ) from error

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """The gate's descriptor, locked. Raises GateError."""
        with ExitStack() as stack:
            try:
                folder = _folder(self._folder)
                stack.callback(os.close, folder)
                while True:
                    file = _open(folder)
                    fcntl.flock(file, fcntl.LOCK_EX)
                    if _is_current(file, folder):
                        break
                    os.close(file)  # it was replaced while we waited for the lock
                stack.callback(os.close, file)
            except OSError as error:
                raise GateError(error.strerror or str(error)) from error
            yield file


class GateError(Exception):
    """The gate's folder or file is not safe to use, or cannot be written."""


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
            first, second = found.split()
            later, refusals = float(first), int(second)
        except ValueError:
            later, refusals = (nan if found else 0.0), 0
        return later if isfinite(later) else self._now() + SPACING_S, max(refusals, 0)

    def _postpone(self, seconds: float, refusals: int | None = None) -> None:
        later, count = self._read()
        now = self._now()
        if later > now + LONGEST_S:
            later = 0.0
        row = f"{max(later, now + seconds):020.3f} {count if refusals is None else refusals:09d}\n".encode()
        try:
            os.pwrite(self._file, row, 0)
            os.ftruncate(self._file, len(row))
        except OSError as error:
            raise GateError(error.strerror or str(error)) from error


_FOLDER, _FILE = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK
_NAME = "gate"


def _folder(path: Path) -> int:
    """A descriptor of the folder, made sticky and open to all users. Raises OSError if it is unsafe.

    Of another user's folder only sticky ones are taken, in which nobody but that user can replace our file.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir(exist_ok=True)
    folder = os.open(path, _FOLDER)
    found = os.fstat(folder)
    if found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) != SHARED:
        os.fchmod(folder, SHARED)
    elif found.st_uid != os.geteuid() and not found.st_mode & stat.S_ISVTX:
        os.close(folder)
        raise OSError(errno.EPERM, "another user's folder, in which anybody can replace files")
    return folder


def _open(folder: int) -> int:
    """A descriptor of the gate's file. Raises OSError for a link, or for a file that has another name too."""
    try:
        file = os.open(_NAME, _FILE | os.O_CREAT | os.O_EXCL, 0o666, dir_fd=folder)
    except FileExistsError:
        # Without O_CREAT: Linux refuses that on other users' files in sticky folders (protected_regular).
        file = os.open(_NAME, _FILE, dir_fd=folder)
    found = os.fstat(file)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink != 1:
        os.close(file)
        raise OSError(errno.EPERM, "the file in it is a link, or no file")
    if found.st_uid == os.geteuid():
        os.fchmod(file, 0o666)
    return file


def _is_current(file: int, folder: int) -> bool:
    """Whether the folder still has this file under the gate's name."""
    try:
        return os.path.samestat(os.fstat(file), os.stat(_NAME, dir_fd=folder, follow_symlinks=False))
    except FileNotFoundError:
        return False
