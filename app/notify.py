"""The one channel of errors: whatever fails anywhere, in whatever thread, is logged and told here."""

from __future__ import annotations

import logging
import sys
import threading
import time
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from emotalker.engine.errors import UserError
from emotalker.engine.jobs import Notice

log = logging.getLogger(__name__)

QUIET_SECONDS = 30.0
"""The same error is told again only when it was silent for so long; it is counted in the log meanwhile."""


class Notifier(QObject):
    """Tells the window what a person should know; safe to call from any thread.

    The signals are always emitted in the window's thread and from its event loop, so that a dialog may be opened in a
    slot even when the error came up inside a paint event.
    """

    notice = Signal(object)
    """Notice: a sentence, nothing failed."""
    failed = Signal(object, str)
    """UserError, details: something failed; details are for the folded part of the dialog and for reports."""

    _noticed = Signal(object)
    _reported = Signal(object, str)

    def __init__(self, parent: QObject | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(parent)
        self._clock = clock
        self._lock = threading.Lock()
        self._inside = threading.local()
        self._seen: dict[str, tuple[float, int]] = {}
        self._before: tuple[Any, Any, Any] | None = None
        self.last_error = ""
        self._noticed.connect(self.notice, Qt.ConnectionType.QueuedConnection)
        self._reported.connect(self.failed, Qt.ConnectionType.QueuedConnection)

    def tell(self, notice: Notice) -> None:
        """Pass on a sentence for the user."""
        log.info("%s: %s", notice.stage, notice.text)
        self._noticed.emit(notice)

    def report(self, error: BaseException, details: str = "", *, always: bool = False) -> None:
        """Log an error and tell it, once however often it is repeated.

        Args:
            error: a `UserError` is shown as it is; anything else as an unexpected fault.
            details: text for experts, such as the traceback out of a child process; made from `error` if not given.
            always: tell it again however soon: what the user did just now needs an answer each time.
        """
        if getattr(self._inside, "busy", False):
            return  # failing while telling of a failure would never end
        self._inside.busy = True
        try:
            self._report(error, details, always)
        finally:
            self._inside.busy = False

    def install(self) -> None:
        """Become the hook of the interpreter, of threads and of what cannot be raised."""
        if self._before is None:
            self._before = (sys.excepthook, threading.excepthook, sys.unraisablehook)
            sys.excepthook, threading.excepthook = self._uncaught, self._in_thread
            sys.unraisablehook = self._unraisable

    def uninstall(self) -> None:
        """Put back the hooks that were there before."""
        if self._before is not None:
            sys.excepthook, threading.excepthook, sys.unraisablehook = self._before
            self._before = None

    def _report(self, error: BaseException, details: str, always: bool) -> None:
        expected = isinstance(error, UserError)
        text = details or "".join(traceback.format_exception(error))
        times = self._count(_key(error))
        if times > 1 and not always:
            log.error("again, %d times by now: %s: %s", times, type(error).__name__, str(error).splitlines()[:1])
            return
        self.last_error = text
        log.log(logging.WARNING if expected else logging.ERROR, "%s", text)
        # an error that was raised `from` nothing has nothing behind it that an expert could read
        bare = expected and not details and error.__cause__ is None
        self._reported.emit(error if expected else unexpected(error), "" if bare else text)

    def _count(self, key: str) -> int:
        with self._lock:
            now = self._clock()
            last, times = self._seen.get(key, (-QUIET_SECONDS, 0))
            times = times + 1 if now - last < QUIET_SECONDS else 1
            self._seen = {k: v for k, v in self._seen.items() if now - v[0] < QUIET_SECONDS}
            self._seen[key] = (now, times)
            return times

    def _uncaught(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if isinstance(error, Exception):
            self.report(error.with_traceback(trace))
        else:
            sys.__excepthook__(kind, error, trace)  # Ctrl-C and the like are no faults

    def _in_thread(self, args: threading.ExceptHookArgs) -> None:
        if isinstance(args.exc_value, Exception):
            self.report(args.exc_value)

    def _unraisable(self, args: sys.UnraisableHookArgs) -> None:
        """What fails in a destructor cannot be mended by the user: it is logged, not told."""
        if args.exc_value is not None:
            log.error("in %r: %s", args.object, "".join(traceback.format_exception(args.exc_value)))


def unexpected(error: BaseException) -> UserError:
    """A fault of the program in the words that a person reads."""
    said = str(error).strip().splitlines()
    return UserError(
        "Something went wrong that should not have.",
        f"This is a fault of the program ({type(error).__name__}{': ' + said[0] if said else ''}).",
        "Your project is saved. Try again; if it comes back, use Report a problem.",
    )


def _key(error: BaseException) -> str:
    """The same for the same error from the same place."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    said = f"{error.what} {error.why}" if isinstance(error, UserError) else ""
    return f"{type(error).__qualname__} {where} {said}"
