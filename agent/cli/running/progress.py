"""Progress bars on stderr, shown only on a terminal."""

from __future__ import annotations

import sys
from typing import Any

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


class Progress:
    """Shows the events of a run as progress bars."""

    def __init__(self) -> None:
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
        if stage not in self._tasks:
            self._tasks[stage] = self._bars.add_task(_LABELS[stage], total=event.get("total"))
        task = self._tasks[stage]
        if "step" in event:
            self._bars.advance(task, event["step"])
        else:
            self._bars.update(task, completed=event.get("done", 0), total=event.get("total"))
