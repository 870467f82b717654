"""Background work in batches: what has arrived is embedded while the main thread waits for arXiv."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Batches(Generic[Item]):
    """Hand items to `work` in batches of about `size`, in order, on one background thread.

    Leaving the block hands over the rest, waits, and raises the first error of `work`.
    """

    def __init__(self, work: Callable[[list[Item]], None], size: int) -> None:
        self._work, self._size = work, size
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="background")
        self._waiting: list[Item] = []
        self._submitted: list[Future[None]] = []

    def __enter__(self) -> Batches[Item]:
        return self

    def add(self, items: Iterable[Item]) -> None:
        """Take in items; start on them once there are enough."""
        self._waiting += items
        if len(self._waiting) >= self._size:
            self._submit()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None and self._waiting:
            self._submit()
        self._pool.shutdown(wait=True, cancel_futures=error is not None)
        if error is None:
            for future in self._submitted:
                future.result()

    def _submit(self) -> None:
        batch, self._waiting = self._waiting, []
        self._submitted.append(self._pool.submit(self._work, batch))
