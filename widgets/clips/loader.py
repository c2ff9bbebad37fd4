"""Work that must not hold up the window: thumbnails, covers, sizes."""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor

from PySide6.QtCore import QObject, Signal

_LOG = logging.getLogger(__name__)


class _Relay(QObject):
    """Carries results out of the thread; lives as long as somebody may still use it."""

    done = Signal(object, object)


class Loader(QObject):
    """Runs small pieces of work one after the other in a thread of its own, which is joined when this is deleted."""

    loaded = Signal(object, object)
    """Key and result, in the thread of the window."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._relay = _Relay()
        self._relay.done.connect(self._arrived)
        self._pending: set[Hashable] = set()
        pool = self._pool = ThreadPoolExecutor(1, thread_name_prefix="loader")
        self.destroyed.connect(lambda: pool.shutdown(wait=True, cancel_futures=True))

    def load(self, key: Hashable, make: Callable[[], object]) -> None:
        """Run `make` in the thread; asked again before it is done, it runs once. What fails is logged and forgotten."""
        if key in self._pending:
            return
        self._pending.add(key)
        relay = self._relay

        def work() -> None:
            try:
                result = make()
            except Exception:
                _LOG.exception("could not load %s", key)
                result = None
            relay.done.emit(key, result)

        self._pool.submit(work)

    def _arrived(self, key: Hashable, result: object) -> None:
        self._pending.discard(key)
        if result is not None:
            self.loaded.emit(key, result)
