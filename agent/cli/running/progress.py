"""Progress on stderr: bars on a terminal, elsewhere a plain line now and then."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.progress import Progress as Bars

_LABELS = {
    "plan": "choosing claims", "collect": "collecting papers", "index": "embedding papers",
    "screen": "screening claims", "read": "reading papers", "judge": "judging pairs",
}  # fmt: skip


EVERY_S = 15.0
"""The longest that a run is silent where there is no terminal."""


class Progress:
    """Shows the events of a run."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now, self._last, self._stage = now, now(), ""
        self._done: dict[str, int] = {}
        console = Console(stderr=True)
        self._bars = Bars(
            SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(),
            TimeElapsedColumn(), console=console, disable=not sys.stderr.isatty(),
        )  # fmt: skip
        self._tasks: dict[str, Any] = {}
        self.run_id = ""

    def __enter__(self) -> Progress:
        self._bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bars.stop()

    def __call__(self, event: dict[str, Any]) -> None:
        """Show one event: `stage`, and `done` of `total` or a `step`."""
        self.run_id = event.get("run_id", self.run_id)
        stage = event["stage"]
        if stage not in _LABELS:
            return
        if self._bars.disable:
            self._say(event)
            return
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(_LABELS[stage], total=event.get("total"))
        task = self._tasks[stage]
        if "step" in event:
            self._bars.advance(task, event["step"])
        else:
            self._bars.update(task, completed=event.get("done", 0), total=event.get("total"))

    def _say(self, event: dict[str, Any]) -> None:
        """Print a line when a stage begins, and every `EVERY_S` within it."""
        stage, total = event["stage"], event.get("total")
        done = event.get("done", self._done.get(stage, 0) + event.get("step", 0))
        self._done[stage] = done
        if stage == self._stage and self._now() - self._last < EVERY_S:
            return
        self._stage, self._last = stage, self._now()
        count = f": {done} of {total}" if total else f": {done}" if done else ""
        click.echo(f"{_LABELS[stage]}{count}", err=True)
