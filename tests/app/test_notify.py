"""Whatever fails anywhere is told once, in the window's thread, and logged."""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QThread, QTimer
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from emotalker.app.notify import QUIET_SECONDS, Notifier
from emotalker.engine.errors import UserError
from emotalker.engine.jobs import Notice

Told = list[tuple[UserError, str]]


class Clock:
    """A clock that stands until it is moved."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Stands at 100 s."""
    return Clock()


@pytest.fixture
def notifier(qapp: QApplication, clock: Clock) -> Iterator[Notifier]:
    """Installed, and taken out again."""
    made = Notifier(clock=clock)
    made.install()
    yield made
    made.uninstall()


@pytest.fixture
def told(notifier: Notifier) -> Told:
    """What the window would show."""
    said: Told = []
    notifier.failed.connect(lambda error, details: said.append((error, details)))
    return said


def test_a_user_error_is_told_as_it_is(notifier: Notifier, told: Told, qtbot: QtBot) -> None:
    """What, why and what to do, without a traceback."""
    error = UserError("No face.", "It is dark.", "Light it.")
    notifier.report(error)
    assert told == []  # never from inside a paint event
    qtbot.waitUntil(lambda: bool(told))
    assert told == [(error, "")]


def test_anything_else_is_a_fault_of_the_program(
    notifier: Notifier, told: Told, qtbot: QtBot, caplog: pytest.LogCaptureFixture
) -> None:
    """Said in plain words, with the traceback in the details and in the log."""
    try:
        raise KeyError("psi")
    except KeyError as error:
        notifier.report(error)
    qtbot.waitUntil(lambda: bool(told))
    shown, details = told[0]
    assert "fault of the program" in shown.why
    assert "Report a problem" in shown.what_to_do
    assert "test_notify.py" in details
    assert "KeyError: 'psi'" in details
    assert "test_notify.py" in caplog.text
    assert notifier.last_error == details


def test_uncaught_errors_of_slots_and_threads_arrive(notifier: Notifier, told: Told, qtbot: QtBot) -> None:
    """Both through the hooks of the interpreter."""
    notifier.uninstall()
    with qtbot.captureExceptions():
        notifier.install()
        QTimer.singleShot(0, notifier, lambda: 1 / 0)
        qtbot.waitUntil(lambda: len(told) == 1)
        thread = threading.Thread(target=lambda: [].pop())
        thread.start()
        thread.join()
        qtbot.waitUntil(lambda: len(told) == 2)
        notifier.uninstall()
    assert "ZeroDivisionError" in told[0][1]
    assert "IndexError" in told[1][1]


def test_it_is_told_in_the_thread_of_the_window(notifier: Notifier, qtbot: QtBot) -> None:
    """A dialog in another thread would crash Qt."""
    seen: list[bool] = []
    notifier.failed.connect(lambda *_: seen.append(QThread.currentThread() is notifier.thread()))
    notifier.notice.connect(lambda _: seen.append(QThread.currentThread() is notifier.thread()))

    def work() -> None:
        notifier.report(ValueError("x"))
        notifier.tell(Notice("x", "y"))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    qtbot.waitUntil(lambda: len(seen) == 2)
    assert seen == [True, True]


def fail() -> Exception:
    """The same error from the same line."""
    try:
        raise RuntimeError("again")
    except RuntimeError as error:
        return error


def test_the_same_error_is_told_once(notifier: Notifier, told: Told, clock: Clock, qtbot: QtBot) -> None:
    """A paint event that fails does so sixty times a second; other errors still come through."""
    for _ in range(50):
        notifier.report(fail())
        clock.now += 1.0
    notifier.report(UserError("Another.", "Why.", "Do."))
    qtbot.waitUntil(lambda: len(told) == 2)
    clock.now += QUIET_SECONDS + 1
    notifier.report(fail())
    qtbot.waitUntil(lambda: len(told) == 3)


def test_failing_while_telling_does_not_recurse(notifier: Notifier, told: Told, qtbot: QtBot) -> None:
    """An error whose text cannot be made is still told, or at least does no harm."""

    class Bad(Exception):
        def __str__(self) -> str:
            notifier.report(ValueError("inside"))
            return "bad"

    notifier.report(Bad())
    qtbot.waitUntil(lambda: bool(told))
    qtbot.wait(20)
    assert len(told) == 1


def test_details_of_a_child_process_are_kept(notifier: Notifier, told: Told, qtbot: QtBot) -> None:
    """The traceback was made where the error was."""
    notifier.report(UserError("a", "b", "c"), "Traceback of the child")
    qtbot.waitUntil(lambda: bool(told))
    assert told[0][1] == "Traceback of the child"


def test_hooks_are_put_back(qapp: QApplication) -> None:
    """Also when it is installed twice."""
    before = (sys.excepthook, threading.excepthook, sys.unraisablehook)
    notifier = Notifier()
    notifier.install()
    notifier.install()
    assert sys.excepthook != before[0]
    notifier.uninstall()
    assert (sys.excepthook, threading.excepthook, sys.unraisablehook) == before
