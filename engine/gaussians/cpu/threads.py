"""Threads for the kernels: a pool of our own, because numba's workqueue layer aborts when two Python threads enter it.

Work is cut into chunks whose borders do not depend on the number of threads, so results do not either.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

Chunk = tuple[int, int]


def _available_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class _Workers:
    """The pool and its size; one instance per process."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.count = min(_available_cores(), 16)
        self.pool: ThreadPoolExecutor | None = None

    def resize(self, count: int) -> None:
        with self.lock:
            old, self.pool, self.count = self.pool, None, count
        if old is not None:
            old.shutdown(wait=False)

    def submit(self, work: Callable[..., None], *args: Any) -> Future[None]:
        with self.lock:
            if self.pool is None:
                self.pool = ThreadPoolExecutor(max(self.count - 1, 1), thread_name_prefix="kernels")
            return self.pool.submit(work, *args)


_workers = _Workers()


def set_threads(count: int) -> None:
    """Use `count` threads (at least 1, the calling one included) for every kernel of this process."""
    if count < 1:
        raise ValueError(f"at least one thread is needed, not {count}")
    _workers.resize(count)


def get_threads() -> int:
    """How many threads the kernels use."""
    return _workers.count


def split(total: int, size: int) -> list[Chunk]:
    """Half-open ranges of `size` covering range(total); the last may be shorter."""
    return [(start, min(start + size, total)) for start in range(0, total, size)]


def start(work: Callable[..., None], *args: Any) -> Future[None] | None:
    """Run `work` beside the caller when there is a second thread, else at once (and return None)."""
    if get_threads() > 1:
        return _workers.submit(work, *args)
    work(*args)
    return None


def finish(future: Future[None] | None) -> None:
    """Wait for what `start` began."""
    if future is not None:
        future.result()


def for_chunks(kernel: Callable[..., None], chunks: Sequence[Chunk], *args: Any) -> None:
    """Call `kernel(begin, end, *args)` for every chunk, on all threads; the kernel must release the GIL."""
    helpers = min(get_threads(), len(chunks)) - 1
    if helpers < 1:
        for begin, end in chunks:
            kernel(begin, end, *args)
        return
    queue = iter(chunks)

    def drain() -> None:
        for begin, end in queue:
            kernel(begin, end, *args)

    futures = [_workers.submit(drain) for _ in range(helpers)]
    drain()
    for future in futures:
        # A helper that never started (the pool serves another caller) has nothing left to do.
        if not future.cancel():
            future.result()
