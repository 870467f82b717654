"""Background work: papers that have arrived are embedded while the main thread waits for arXiv."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any


class Behind:
    """One background thread that works in order. Leaving the block waits for it and raises its errors."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="background")
        self._submitted: list[Future[Any]] = []

    def __enter__(self) -> Behind:
        return self

    def do(self, work: Callable[..., Any], *args: Any) -> None:
        """Run `work(*args)` after everything submitted before it."""
        self._submitted.append(self._pool.submit(work, *args))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=error is not None)
        if error is None:
            for future in self._submitted:
                future.result()
