"""Run something with a time limit."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def in_time(work: Callable[[], Result], seconds: float) -> Result:
    """Return what `work` returns. Raises what it raises, and TimeoutError if it takes longer.

    Work that takes longer continues in a daemon thread, which does not keep the process alive.
    """
    results: list[Result] = []
    raised: list[BaseException] = []

    def watched() -> None:
        try:
            results.append(work())
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=watched, daemon=True, name="in time")
    thread.start()
    thread.join(seconds)
    if raised:
        raise raised[0]
    if not results:
        raise TimeoutError(f"no answer in {seconds:.0f} seconds")
    return results[0]
