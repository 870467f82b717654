"""How many calls may be in flight at once: additive increase, multiplicative decrease.

The classic control of Chiu and Jain (1989, doi:10.1016/0169-7552(89)90019-6): every success raises
the limit by a fraction, every refusal halves it, and no call starts before the server's Retry-After is over.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Throttle:
    """A limit that all threads share. `limit` is between 1 and `most`."""

    def __init__(
        self,
        most: int,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.limit = float(max(most, 1))
        self._most, self._now, self._sleep = self.limit, now, sleep
        self._under_way, self._not_before = 0, 0.0
        self._free = threading.Condition()

    @contextmanager
    def slot(self) -> Iterator[None]:
        """Hold one slot, after waiting for it and for the end of any pause."""
        with self._free:
            self._free.wait_for(lambda: self._under_way < int(self.limit))
            self._under_way += 1
            wait = self._not_before - self._now()
        try:
            if wait > 0:
                self._sleep(wait)
            yield
        finally:
            with self._free:
                self._under_way -= 1
                self._free.notify()

    def succeeded(self) -> None:
        """Raise the limit: one more slot for every `limit` successes."""
        with self._free:
            self.limit = min(self.limit + 1 / self.limit, self._most)
            self._free.notify()

    def refused(self, pause: float) -> None:
        """Halve the limit and block calls for `pause` seconds."""
        with self._free:
            self.limit = max(self.limit / 2, 1.0)
            self._not_before = max(self._not_before, self._now() + pause)
