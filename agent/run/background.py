"""Work done behind the one that waits: while arXiv's gate is closed, what has come is embedded."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any


class Behind:
    """One thread that does things in order. Leaving the block waits for them, and raises what they raised."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="behind")
        self._given: list[Future[Any]] = []

    def __enter__(self) -> Behind:
        return self

    def do(self, work: Callable[..., Any], *args: Any) -> None:
        """Do `work(*args)` after what was given before."""
        self._given.append(self._pool.submit(work, *args))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=error is not None)
        if error is None:
            for done in self._given:
                done.result()
