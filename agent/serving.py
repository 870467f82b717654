"""The retest graph served by name (langgraph.json): primitives in, parts built on demand."""

from __future__ import annotations

import weakref
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from agent.run.graph import build
from agent.run.parts import Parts
from agent.settings import load
from agent.wiring.run import open_parts


@dataclass
class ServedContext:
    """Context for a graph served by name (langgraph.json): primitives in, parts built on demand.

    Input: `run_id` and `as_of` (YYYY-MM-DD). The home stays locked until the context is dropped.
    """

    retest_home: str = "runs"
    papers_from: str = "arxiv"
    snapshot_path: str = ""
    judged_by: str = "embedded"

    def __post_init__(self) -> None:
        self._stack = ExitStack()
        self._parts: Parts | None = None
        weakref.finalize(self, self._stack.close)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if self._parts is None:
            self._parts = self._stack.enter_context(open_parts(load({
                "home": self.retest_home, "source": self.papers_from,
                "snapshot": self.snapshot_path, "judge": self.judged_by,
            })))  # fmt: skip
        return getattr(self._parts, name)


def served_graph() -> Any:
    """The retest graph, as exposed by langgraph.json."""
    return build(context_schema=ServedContext)  # type: ignore[arg-type]  # it hands on every part
