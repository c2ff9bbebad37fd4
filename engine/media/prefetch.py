"""Reading ahead while the trainer works."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, Self, TypeVar

I = TypeVar("I")
T = TypeVar("T")


class Prefetcher(Generic[I, T]):
    """Yields (index, read(index)) in exactly the order asked for, read ahead in background threads.

    The indices are drawn in the thread that iterates, at most `depth` ahead, so a random generator behind them is
    used by one thread only and the sequence is the same in every run. An error of `read` rises at its place.

    Args:
        read: what to do for an index, e.g. `lambda i: store.read(i, 256)`; must be thread-safe.
        indices: what to read; may be endless.
        depth: results kept ready.
        workers: threads.
    """

    def __init__(self, read: Callable[[I], T], indices: Iterable[I], depth: int = 8, workers: int = 1) -> None:
        if depth < 1 or workers < 1:
            raise ValueError("depth and workers must be at least 1")
        self._read = read
        self._indices = iter(indices)
        self._depth = depth
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="prefetch")
        self._ahead: deque[tuple[I, Future[T]]] = deque()
        self._closed = False
        self._fill()

    def _fill(self) -> None:
        while len(self._ahead) < self._depth:
            try:
                index = next(self._indices)
            except StopIteration:
                return
            self._ahead.append((index, self._pool.submit(self._read, index)))

    def __iter__(self) -> Iterator[tuple[I, T]]:
        return self

    def __next__(self) -> tuple[I, T]:
        if self._closed or not self._ahead:
            self.close()
            raise StopIteration
        index, result = self._ahead.popleft()
        try:
            value = result.result()
        except BaseException:
            self.close()
            raise
        self._fill()
        return index, value

    def close(self) -> None:
        """Drop what was read ahead and end the threads; returns when they have ended."""
        self._closed = True
        self._ahead.clear()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
