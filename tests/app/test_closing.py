"""Closing the window while a job runs: asked, stopped at its checkpoint, and never frozen."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QTimer

from emotalker.app.worker import JobSpec
from emotalker.projects.jobstate import JobKind, Phase

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from emotalker.app.main import Application

HERE = Path(__file__).parent


@pytest.fixture(autouse=True)
def _jobs_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child imports `worker_jobs` by the path it is handed."""
    monkeypatch.syspath_prepend(HERE / "worker")


Busy = Callable[..., "Application"]


@pytest.fixture
def busy(qtbot: QtBot, launch: Callable[..., Application], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Busy:
    """Starts the application with a job that counts, and writes its checkpoint "c" when it is stopped."""
    from worker_jobs import Count

    def start(stop: bool | None = None, kind: JobKind = "other", title: str = "Counting") -> Application:
        application = launch()
        queue = application.studio.queue
        queue.submit(JobSpec(kind, title, Count(10_000, 0.02, tmp_path / "c")))
        qtbot.waitUntil(lambda: queue.states()[-1].done > 3, timeout=15_000)
        if stop is not None:  # what the user says when asked
            monkeypatch.setattr(application.shell, "_ask_to_stop", lambda *_: stop)
        return application

    return start


def test_staying_leaves_the_job_alone(busy: Busy) -> None:
    """The window is as before, and the job gets on."""
    application = busy(stop=False)
    assert not application.window.close()
    assert application.studio.queue.states()[-1].phase is Phase.RUNNING
    assert application.window.centralWidget().isEnabled()


def test_it_closes_by_itself_when_the_job_is_saved(qtbot: QtBot, busy: Busy, tmp_path: Path) -> None:
    """Meanwhile the window answers: its timers run."""
    application = busy(stop=True)
    ticks: list[float] = []
    timer = QTimer(application.window)
    timer.timeout.connect(lambda: ticks.append(time.monotonic()))
    timer.start(10)
    begun = time.monotonic()
    assert not application.window.close()
    assert time.monotonic() - begun < 0.2
    qtbot.waitUntil(lambda: not application.window.isVisible(), timeout=15_000)
    assert ticks
    assert application.studio.queue.states()[-1].phase is Phase.STOPPED
    assert (tmp_path / "c").exists()


def test_closing_twice_does_not_wait(busy: Busy) -> None:
    """The second time the window goes at once; the end of the program ends the job."""
    application = busy(stop=True)
    assert not application.window.close()
    assert application.window.close()
    application.close()
    assert application.studio.queue.states()[-1].phase is Phase.STOPPED


def test_one_part_that_fails_does_not_keep_the_others_from_ending(
    launch: Callable[..., Application], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No process is left behind and no false alarm is given at the next start because playing could not be ended."""
    application = launch()
    with monkeypatch.context() as patched:
        patched.setattr(application.performing, "close", lambda: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            application.close()
    assert list(application.sentinel._folder.glob("running-*.json")) == []
    assert application.tasks._closed


def test_what_becomes_of_a_film_is_said(busy: Busy) -> None:
    """A film cannot go on next time as a training can: the question before closing says so."""
    from PySide6.QtWidgets import QApplication, QMessageBox

    application = busy(kind="export", title="Writing film.mp4")
    queue = application.studio.queue
    said: list[str] = []

    def stay() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        said.append(box.informativeText())
        box.reject()

    QTimer.singleShot(200, stay)
    assert not application.window.close()
    assert "nothing is left of the unfinished film" in said[0]
    assert queue.states()[-1].phase is Phase.RUNNING
