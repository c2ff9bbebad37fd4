"""The log of the window: opened before anything else, and everything that can go wrong arrives in it."""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import re
from typing import IO

import psutil
from PySide6.QtCore import QMessageLogContext, QtMsgType, qInstallMessageHandler

from emotalker.app.logfile import WINDOW_LOG, close_log, log_folder, open_log

__all__ = ["CRASH_LOG", "log_folder", "process_start", "start", "stop"]

CRASH_LOG = "emotalker-crash.log"
"""Where the interpreter writes its last words when native code fails."""

_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}
_NOISE = re.compile(r"propagateSizeHints|This plugin does not support|Could not register app ID")
_last_words: list[IO[str]] = []


def start() -> str:
    """Open the log file, and send Qt's messages, Python's warnings and native crashes there.

    Returns:
        Where the log lies, in words.
    """
    where = open_log(WINDOW_LOG)
    logging.captureWarnings(True)
    qInstallMessageHandler(_from_qt)
    # without a log folder there is nowhere to write last words; the log says so itself
    with contextlib.suppress(OSError):
        file = open(log_folder() / CRASH_LOG, "a", encoding="utf-8")  # noqa: SIM115 - open as long as the program runs
        _last_words.append(file)
        faulthandler.enable(file)
    return where


def stop() -> None:
    """Give everything back and close the file."""
    qInstallMessageHandler(None)
    logging.captureWarnings(False)
    if _last_words:
        faulthandler.disable()
        _last_words.pop().close()
    close_log()


def process_start() -> float:
    """When this process began, in seconds since 1970."""
    return psutil.Process().create_time()


def _from_qt(kind: QtMsgType, context: QMessageLogContext, message: str | None) -> None:
    text = message or ""
    level = logging.DEBUG if _NOISE.search(text) else _LEVELS.get(kind, logging.WARNING)
    category = context.category if context is not None and context.category else "default"
    logging.getLogger("emotalker.qt").log(level, "%s: %s", category, text)
