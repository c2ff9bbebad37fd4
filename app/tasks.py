"""Short work off the window's thread: reading a file, loading a twin, measuring a folder."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

from PySide6.QtCore import QObject, Qt, Signal

log = logging.getLogger(__name__)
T = TypeVar("T")
THREADS = 3


class Tasks(QObject):
    """Runs functions in a few threads and hands what they return to the window's thread.

    Args:
        on_error: told about what a task without its own `failed` raised, in the window's thread.
    """

    _over = Signal(object, object, object)

    def __init__(self, on_error: Callable[[BaseException], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._on_error = on_error
        self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="task")
        self._running = 0
        self._closed = False
        self._over.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

    @property
    def running(self) -> int:
        """How many tasks are not delivered yet."""
        return self._running

    def run(
        self,
        work: Callable[[], T],
        done: Callable[[T], None] | None = None,
        failed: Callable[[BaseException], None] | None = None,
    ) -> None:
        """Do `work` in a thread, then call `done` with its result, or `failed` with its exception, in the window's.

        After `close` nothing is delivered any more.
        """
        if self._closed:
            return
        self._running += 1
        future: Future[T] = self._pool.submit(work)
        future.add_done_callback(lambda f: self._finished(f, done, failed))

    def close(self) -> None:
        """Wait for what runs, forget what waits; call it before the window goes."""
        self._closed = True
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _finished(self, future: Future[Any], done: Any, failed: Any) -> None:
        if not self._closed:
            self._over.emit(future, done, failed)

    def _deliver(self, future: Future[Any], done: Any, failed: Any) -> None:
        self._running -= 1
        if self._closed or future.cancelled():
            return
        error = future.exception()
        if error is None:
            if done is not None:
                done(future.result())
        elif failed is not None:
            failed(error)
        else:
            self._on_error(error)
