"""State shared by all pages: the ledger, the settings, and a chat that is created on first use."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection

from agent.chat.service import Chat
from agent.errors import UsageError
from agent.settings import Settings
from agent.wiring.actions import run_command
from store.home.files import Home
from store.ledger import Ledger


class AppState:
    """The home served by the pages. Reads use a connection that SQLite itself keeps read-only."""

    def __init__(
        self,
        settings: Settings,
        open_chat: Callable[[Settings], AbstractContextManager[Chat]],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self.settings, self.home, self._now = settings, Home(Path(settings.home).resolve()), now
        self._open_chat = open_chat
        self._stack, self._lock = ExitStack(), threading.Lock()
        self._view = Ledger.view(self.home.ledger)
        self._stack.callback(self._view.close)
        self._chat: Chat | None = None
        self._runs: list[subprocess.Popen[bytes]] = []
        self._check: subprocess.Popen[bytes] | None = None

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A read-only connection to the ledger."""
        with self._view.read() as db:
            yield db

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A write transaction, for a person's change to claims or overrides."""
        ledger = Ledger.open(self.home.ledger)
        try:
            with ledger.write() as db:
                yield db
        finally:
            ledger.close()

    @property
    def today(self) -> str:
        """The current day, in UTC."""
        return self._now().date().isoformat()

    @property
    def now(self) -> str:
        """The current time, in UTC."""
        return self._now().isoformat(timespec="seconds")

    def seconds_since(self, instant: str) -> float:
        """Seconds since an instant; one without a time zone is in UTC."""
        then = datetime.fromisoformat(instant)
        return (self._now() - (then if then.tzinfo else then.replace(tzinfo=UTC))).total_seconds()

    @property
    def chat(self) -> Chat:
        """The chat over the home."""
        with self._lock:
            if self._chat is None:
                self._chat = self._stack.enter_context(self._open_chat(self.settings))
            return self._chat

    def begin_run(self, claims: Sequence[str] = ()) -> None:
        """Start a retest in a separate process, of some claims or of all that are due.

        Raises UsageError if a run started here is still in progress.
        """
        with self._lock:
            self._runs = [r for r in self._runs if r.poll() is None]
            if self._runs:
                raise UsageError("a run is already in progress", "wait until it ends")
            args = run_command(self.settings, claims)
            with (self.home.root / "web-run.log").open("a") as log:
                self._runs.append(
                    subprocess.Popen(args, stdout=log, stderr=log, stdin=subprocess.DEVNULL)  # noqa: S603  our own program
                )

    def begin_model_check(self) -> None:
        """Check the LLM in a separate process, unless a check is under way; the result goes to the home."""
        with self._lock:
            if not self.is_checking_model():
                args = [sys.executable, "-m", "agent", "--home", str(self.home.root), "model", "check"]
                with (self.home.root / "model-check.log").open("w") as log:
                    self._check = subprocess.Popen(args, stdout=log, stderr=log, stdin=subprocess.DEVNULL)  # noqa: S603  our own program

    def is_checking_model(self) -> bool:
        """Whether a check of the LLM started here is under way."""
        return self._check is not None and self._check.poll() is None

    def is_running(self) -> bool:
        """Whether a run started here is in progress."""
        return any(r.poll() is None for r in self._runs)

    def close(self) -> None:
        """Release all resources; a run in progress is terminated and can be resumed later."""
        for run in [*self._runs, *([self._check] if self._check else [])]:
            if run.poll() is None:
                run.terminate()
                run.wait()
        self._stack.close()
