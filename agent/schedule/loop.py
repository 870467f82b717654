"""The schedule inside a process that stays: for containers, where nothing else wakes us."""

from __future__ import annotations

import threading
from collections.abc import Callable

CHECK_EVERY = 60.0


def keep(
    try_once: Callable[[], None], stop: threading.Event, failed: Callable[[Exception], None],
    every: float = CHECK_EVERY,
) -> None:  # fmt: skip
    """Try every so many seconds until told to stop. A try that failed is told, and then comes the next."""
    while not stop.is_set():
        try:
            try_once()
        except Exception as error:
            failed(error)
        stop.wait(every)
