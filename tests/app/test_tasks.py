"""Short work in threads: results come back in the window's thread, or not at all after the end."""

from __future__ import annotations

import threading
import time

from PySide6.QtCore import QThread
from pytestqt.qtbot import QtBot

from emotalker.app.tasks import Tasks


def test_results_and_errors_arrive_in_the_windows_thread(qtbot: QtBot) -> None:
    """Work is elsewhere, what follows is here; an error goes to its own handler, else to the common one."""
    errors: list[BaseException] = []
    told: list[object] = []
    tasks = Tasks(errors.append)
    here = QThread.currentThread()
    where: list[bool] = []

    def fail() -> None:
        raise ValueError("no")

    tasks.run(threading.get_ident, lambda ident: told.append(ident != threading.get_ident()))
    tasks.run(lambda: 1, lambda _: where.append(QThread.currentThread() is here))
    tasks.run(fail)
    tasks.run(fail, failed=told.append)
    qtbot.waitUntil(lambda: tasks.running == 0, timeout=5000)
    tasks.close()
    assert told[0] is True
    assert isinstance(told[1], ValueError)
    assert where == [True]
    assert [type(e) for e in errors] == [ValueError]


def test_nothing_arrives_after_the_end(qtbot: QtBot) -> None:
    """A result for a window that is gone would crash it."""
    tasks = Tasks(lambda _: None)
    told: list[object] = []
    tasks.run(lambda: time.sleep(0.1), told.append)
    tasks.close()
    tasks.run(lambda: 1, told.append)
    qtbot.wait(50)
    assert told == []
