"""Every test has settings and logs of its own, and leaves no thread, timer, window or process behind."""

from __future__ import annotations

import gc
import importlib
import itertools
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import hypothesis
import pytest

# A deadline measures how busy the computer is, not whether a property holds.
hypothesis.settings.register_profile("emotalker", deadline=None)
hypothesis.settings.load_profile("emotalker")

GRACE = 2.0
"""Seconds that what is about to end may take."""
TOLERATED = ("QTipLabel", "QComboBoxPrivateContainer", "QMenu")
"""Windows that Qt itself keeps and hides when it likes."""
LASTING = "kernels"
"""Threads of the numeric kernels, made once and kept for the life of the process."""

_numbers = itertools.count()


@pytest.fixture(scope="session")
def _private(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("private")


@pytest.fixture(autouse=True)
def own_folders(_private: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Settings and logs go to a folder of this test; the user's own would be a decoy that must stay empty.

    The cache of models is not redirected: it is large, shared and read only.
    """
    folder = _private / str(next(_numbers))
    decoy = folder / "decoy"
    monkeypatch.setenv("EMOTALKER_CONFIG", str(folder / "config"))
    monkeypatch.setenv("EMOTALKER_LOGS", str(folder / "logs"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(decoy))
    yield folder
    assert not (decoy / "emotalker").exists(), "settings were written to the user's own folder"


@pytest.fixture
def install(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Puts functions in the place of a module of the engine, whether that module exists or not."""

    def put(dotted: str, **members: Any) -> None:
        module = ModuleType(dotted)
        vars(module).update(members)
        parent, _, name = dotted.rpartition(".")
        monkeypatch.setitem(sys.modules, dotted, module)
        monkeypatch.setattr(importlib.import_module(parent), name, module, raising=False)

    return put


@pytest.fixture(autouse=True)
def leak_police(request: pytest.FixtureRequest) -> Iterator[None]:
    """After a test with a window: no thread runs, no timer ticks alone, no window is shown, no child lives.

    Tests without Qt pay nothing.
    """
    if "qapp" not in request.fixturenames:
        yield
        return
    police = _Police()
    yield
    left = police.look()
    if left:
        pytest.fail("left behind: " + "; ".join(left), pytrace=False)


class _Started:
    """Threads and timers that were started; Qt itself has no list of them."""

    def __init__(self) -> None:
        from PySide6.QtCore import QThread, QTimer

        self.threads: weakref.WeakSet[Any] = weakref.WeakSet()
        self.timers: weakref.WeakSet[Any] = weakref.WeakSet()
        for kind, seen in ((QThread, self.threads), (QTimer, self.timers)):
            kind.start = _noting(kind.start, seen)  # type: ignore[attr-defined, method-assign]


def _noting(start: Any, seen: weakref.WeakSet[Any]) -> Any:
    def noted(self: Any, *args: Any, **named: Any) -> Any:
        seen.add(self)
        return start(self, *args, **named)

    return noted


class _Police:
    """Knows what was there before a test."""

    _started: _Started | None = None

    def __init__(self) -> None:
        if _Police._started is None:
            _Police._started = _Started()
        self.windows = {id(w) for w in _windows()}
        self.threads = set(threading.enumerate())
        self.children = set(_children())

    def look(self) -> list[str]:
        """What is there now and should not be, in words; windows are closed, the rest is left to the one who reads."""
        from PySide6.QtCore import QCoreApplication, QEvent

        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        until = time.monotonic() + GRACE
        left = self._left()
        while left and time.monotonic() < until:
            gc.collect()
            time.sleep(0.05)
            left = self._left()
        for window in _windows():
            if id(window) not in self.windows:
                window.hide()
                window.deleteLater()
        return left

    def _left(self) -> list[str]:
        from shiboken6 import isValid

        assert _Police._started is not None
        threads = [t for t in _Police._started.threads if isValid(t) and t.isRunning()]
        timers = [t for t in _Police._started.timers if isValid(t) and t.parent() is None and t.isActive()]
        windows = [w for w in _windows() if id(w) not in self.windows]
        workers = [t for t in threading.enumerate() if t not in self.threads and t.is_alive() and not t.daemon]
        workers = [t for t in workers if not t.name.startswith(LASTING)]
        children = [c for c in _children() if c not in self.children]
        return [
            *(f"the running thread {t!r}" for t in threads),
            *(f"the active timer {t!r} without a parent" for t in timers),
            *(f"the window {w.objectName() or w!r}" for w in windows),
            *(f"the thread {t.name}" for t in workers),
            *(f"the process {c.pid}" for c in children),
        ]


def _windows() -> list[Any]:
    from PySide6.QtWidgets import QApplication

    if QApplication.instance() is None:
        return []
    shown = [w for w in QApplication.topLevelWidgets() if w.isVisible()]
    return [w for w in shown if w.metaObject().className() not in TOLERATED]


def _children() -> list[Any]:
    """Living child processes, without the helpers that multiprocessing keeps for itself."""
    import psutil

    found = []
    for child in psutil.Process().children():
        try:
            helper = any("resource_tracker" in part or "forkserver" in part for part in child.cmdline())
            if not helper and child.status() != psutil.STATUS_ZOMBIE:
                found.append(child)
        except psutil.Error:  # it ended while it was looked at
            continue
    return found
