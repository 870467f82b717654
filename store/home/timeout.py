"""Do something, but do not wait for it for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")


def in_time(work: Callable[[], Result], seconds: float) -> Result:
    """What `work` gives. Raises what it raises, and TimeoutError when it takes longer.

    What takes longer goes on in a thread of its own, which does not keep the process from ending.
    """
    given: list[Result] = []
    raised: list[BaseException] = []

    def watched() -> None:
        try:
            given.append(work())
        except BaseException as error:
            raised.append(error)

    doing = threading.Thread(target=watched, daemon=True, name="in time")
    doing.start()
    doing.join(seconds)
    if raised:
        raise raised[0]
    if not given:
        raise TimeoutError(f"no answer in {seconds:.0f} seconds")
    return given[0]
