"""The schedule inside a long-running process: for containers, which have no scheduler."""

from __future__ import annotations

import threading
from collections.abc import Callable

CHECK_EVERY = 60.0


def keep(
    try_once: Callable[[], None], stop: threading.Event, failed: Callable[[Exception], None],
    every: float = CHECK_EVERY,
) -> None:  # fmt: skip
    """Call `try_once` every `every` seconds until `stop` is set, reporting failures to `failed`."""
    while not stop.is_set():
        try:
            try_once()
        except Exception as error:  # whatever one week failed at, the next one is still to come
            failed(error)
        stop.wait(every)
