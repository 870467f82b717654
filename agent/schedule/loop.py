"""The schedule inside a process that stays: for containers, where nothing else wakes us."""

from __future__ import annotations

import threading
from collections.abc import Callable

CHECK_EVERY = 60.0


def keep(try_once: Callable[[], None], stop: threading.Event, every: float = CHECK_EVERY) -> None:
    """Try every so many seconds until told to stop. A try that fails is the next one's business."""
    while not stop.is_set():
        try_once()
        stop.wait(every)
