"""What survives a crash: a sentinel that knows of it, a clean end on signals, and saving while one works."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import psutil
from PySide6.QtCore import QCoreApplication, QObject, QSocketNotifier, QTimer, Signal

from emotalker.app.settings import settings_folder
from emotalker.engine.errors import UserError
from emotalker.engine.files import write_bytes

log = logging.getLogger(__name__)

IDLE_MS = 2000
LONGEST_MS = 30000
_SAME_BOOT_SECONDS = 120.0
"""Two readings of when the machine was started differ by so much at most, as its clock is put right."""


@dataclass(frozen=True)
class Crash:
    """A run of the program that did not end by itself.

    Attributes:
        project: folder of the project that was open, if any.
        began: when that run began, in seconds since 1970.
    """

    project: Path | None
    began: float


class CrashSentinel:
    """A file that lies there while the program runs; one whose process is gone tells of a crash.

    Args:
        folder: where the files lie, one for each running instance.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder if folder is not None else settings_folder()
        self._file = self._folder / f"running-{os.getpid()}.json"
        self._project: Path | None = None
        self._running = False

    def start(self) -> Crash | None:
        """Say that the program runs.

        Returns:
            The newest run that crashed, or None. A living instance is none, nor one that the machine's end ended.
        """
        crashes = []
        for path in sorted(self._folder.glob("running-*.json")):
            raw = _read(path)
            if raw is not None and _lives(raw):
                continue
            path.unlink(missing_ok=True)
            if raw is not None and abs(float(raw["boot"]) - psutil.boot_time()) < _SAME_BOOT_SECONDS:
                crashes.append(Crash(Path(raw["project"]) if raw["project"] else None, float(raw["created"])))
        self._running = True
        self._write()
        for crash in crashes:
            log.warning("a run of the program did not end by itself; open was %s", crash.project)
        return max(crashes, key=lambda crash: crash.began, default=None)

    def note_project(self, folder: Path | None) -> None:
        """Remember which project is open."""
        self._project = folder
        if self._running:
            self._write()

    def stop(self) -> None:
        """Say that the end is a normal one."""
        self._running = False
        try:
            self._file.unlink(missing_ok=True)
        except OSError as error:
            log.warning("the sentinel cannot be removed: %s", error)

    def _write(self) -> None:
        fields = {
            "pid": os.getpid(),
            "created": psutil.Process().create_time(),
            "boot": psutil.boot_time(),
            "project": str(self._project.absolute()) if self._project is not None else None,
        }
        try:
            write_bytes(self._file, json.dumps(fields).encode())
        except UserError as error:  # without the file only the advice after a crash is missing
            log.warning("the sentinel cannot be written: %s", error)


def _read(path: Path) -> dict[str, Any] | None:
    """The content of a sentinel; None for one that is not whole."""
    try:
        raw = json.loads(path.read_text(encoding="utf-8"))
        float(raw["created"]), float(raw["boot"]), int(raw["pid"])
        return raw if raw["project"] is None or isinstance(raw["project"], str) else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _lives(raw: dict[str, Any]) -> bool:
    """Whether the very process that wrote the file runs; a number in use again is told by when it began."""
    try:
        process = psutil.Process(int(raw["pid"]))
        return abs(process.create_time() - float(raw["created"])) < 1.0 and process.status() != psutil.STATUS_ZOMBIE
    except (psutil.Error, ValueError, OverflowError):
        return False


class QuitOnSignals(QObject):
    """Ends the program cleanly when the system or a terminal asks for it (SIGTERM, SIGINT, SIGHUP).

    Python runs signal handlers only between two lines of Python, and Qt's loop has none: the signal's byte in a socket
    wakes it.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        names = ("SIGINT", "SIGTERM") if sys.platform == "win32" else ("SIGINT", "SIGTERM", "SIGHUP")
        self._ours, self._theirs = socket.socketpair()
        for end in (self._ours, self._theirs):
            end.setblocking(False)
        self._old_fd = signal.set_wakeup_fd(self._theirs.fileno(), warn_on_full_buffer=False)
        self._old = {number: signal.signal(number, self._asked) for number in (getattr(signal, n) for n in names)}
        self._notifier = QSocketNotifier(self._ours.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._drain)

    def close(self) -> None:
        """Put back what was there before."""
        self._notifier.setEnabled(False)
        for number, handler in self._old.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._old_fd)
        self._ours.close()
        self._theirs.close()

    def _asked(self, number: int, _frame: FrameType | None) -> None:
        log.info("asked to end by signal %d", number)
        # not quit(): that asks the user, who may not be there; and by the loop, which may not have begun yet
        QTimer.singleShot(0, self, lambda: QCoreApplication.exit(0))

    def _drain(self) -> None:
        try:
            while self._ours.recv(64):
                pass
        except BlockingIOError:
            return


class Autosave(QObject):
    """Saves when nothing was edited for two seconds, and every half minute while one goes on editing.

    Args:
        save: writes everything; may raise.
        idle_ms: pause in the editing after which is saved.
        longest_ms: time that an edit may stay unsaved.
    """

    failed = Signal(object)
    """The exception of a save; it is tried again after the next edit."""

    def __init__(
        self,
        save: Callable[[], object],
        parent: QObject | None = None,
        *,
        idle_ms: int = IDLE_MS,
        longest_ms: int = LONGEST_MS,
    ) -> None:
        super().__init__(parent)
        self._save = save
        self._dirty = False
        self._idle, self._longest = QTimer(self), QTimer(self)
        for timer, milliseconds in ((self._idle, idle_ms), (self._longest, longest_ms)):
            timer.setSingleShot(True)
            timer.setInterval(milliseconds)
            timer.timeout.connect(self.flush)

    @property
    def dirty(self) -> bool:
        """Whether there are edits that are not saved."""
        return self._dirty

    def edited(self) -> None:
        """Note that something changed."""
        self._dirty = True
        self._idle.start()
        if not self._longest.isActive():
            self._longest.start()

    def flush(self) -> bool:
        """Save now what is not saved; returns whether all is saved."""
        self._idle.stop()
        self._longest.stop()
        if not self._dirty:
            return True
        try:
            self._save()
        except Exception as error:
            log.exception("autosave failed")
            self.failed.emit(error)
            return False
        self._dirty = False
        return True
