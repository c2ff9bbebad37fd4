"""The camera: kept without being an edit, and never taken back by one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile

from emotalker.app.commands.performance import SetBackground
from emotalker.engine.errors import UserError
from emotalker.engine.render.view import View
from emotalker.projects import Project, store

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from emotalker.app.main import Application

SIDE = View(yaw=12.0, zoom=1.4)


def look(application: Application, view: View) -> None:
    """As a drag in the viewport."""
    viewport = application.window.perform.viewport
    viewport.set_view(view)
    viewport.view_changed.emit(view)


def test_an_edit_right_after_a_drag_leaves_the_camera(launch: Callable[..., Application], tmp_path: Path) -> None:
    """The camera is saved two seconds later; an edit before that, or its undo, does not put it back."""
    application = launch()
    studio, viewport = application.studio, application.window.perform.viewport
    studio.session.open(Project.create(tmp_path / "ada", "Ada"))
    studio.do(SetBackground("checker"))
    look(application, SIDE)
    studio.do(SetBackground("#00b140"))
    assert viewport.view == SIDE
    application.performing.scene.keep_camera()
    studio.session.step(back=True)
    assert viewport.view == SIDE
    assert Project.open(tmp_path / "ada").manifest.performance.view == SIDE
    assert Project.open(tmp_path / "ada").manifest.performance.background == "checker"


def test_the_camera_stays_with_its_project(launch: Callable[..., Application], tmp_path: Path) -> None:
    """Another project opened right after a drag neither gets that camera nor loses it for the first."""
    application = launch()
    session = application.studio.session
    session.open(Project.create(tmp_path / "ada", "Ada"))
    look(application, SIDE)
    session.open(Project.create(tmp_path / "grace", "Grace"))
    assert application.window.perform.viewport.view == View()
    application.performing.scene.keep_camera()
    assert Project.open(tmp_path / "ada").manifest.performance.view == SIDE
    assert Project.open(tmp_path / "grace").manifest.performance.view == View()


def test_looking_around_where_nothing_can_be_written(
    qtbot: QtBot,
    launch: Callable[..., Application],
    failures: list[UserError],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One sentence, no dialog, and the camera goes where it is put."""
    application = launch()
    told: list[str] = []
    application.notifier.notice.connect(lambda notice: told.append(notice.text))
    application.studio.session.open(Project.create(tmp_path / "ada", "Ada"))

    def refuse(*_: object) -> None:
        raise UserError("Not saved.", "The folder is read only.", "Choose another.")

    with monkeypatch.context() as patched:
        patched.setattr(store, "save", refuse)
        for yaw in (3.0, 6.0):
            look(application, View(yaw=yaw))
            application.performing.scene.keep_camera()
        qtbot.waitUntil(lambda: len(told) == 1)
    assert "Not saved." in told[0]
    assert application.window.perform.viewport.view == View(yaw=6.0)
    qtbot.wait(10)
    assert failures == []


def test_why_there_is_no_sound_is_said_once(qtbot: QtBot, launch: Callable[..., Application]) -> None:
    """The performer says it with every recording, and from threads of its own."""
    application = launch()
    told: list[str] = []
    application.notifier.notice.connect(lambda notice: told.append(notice.text))
    for _ in range(3):
        application.performing._noticed.emit("There is no sound device.")
    qtbot.waitUntil(lambda: bool(told))
    qtbot.wait(20)
    assert told == ["There is no sound device."]


def test_a_voice_that_cannot_be_said_leaves_the_one_before(
    qtbot: QtBot, launch: Callable[..., Application], failures: list[UserError], tmp_path: Path
) -> None:
    """A text called .wav, a muted and a too short recording are refused; a sound is taken, and only that is undone."""
    application = launch()
    session, page = application.studio.session, application.window.perform
    session.open(Project.create(tmp_path / "ada", "Ada"))
    (tmp_path / "text.wav").write_text("no sound at all " * 20)
    soundfile.write(tmp_path / "muted.wav", np.zeros(16000), 16000)
    soundfile.write(tmp_path / "click.wav", 0.3 * np.sin(np.arange(100) * 0.1), 16000)
    soundfile.write(tmp_path / "voice.wav", 0.3 * np.sin(np.arange(16000) * 0.1), 16000)
    page.files_dropped.emit([tmp_path / "voice.wav"])
    qtbot.waitUntil(lambda: session.performance.voice.endswith("voice.wav"), timeout=20_000)
    for count, name in enumerate(("text.wav", "muted.wav", "click.wav"), start=1):
        page.files_dropped.emit([tmp_path / name])

        def refused(told: int = count) -> bool:
            return len(failures) == told

        qtbot.waitUntil(refused, timeout=20_000)
        assert name in failures[-1].what
        assert session.performance.voice.endswith("voice.wav")
    assert session.undo.count() == 1


def test_the_voice_asked_for_last_is_taken(
    qtbot: QtBot, launch: Callable[..., Application], failures: list[UserError], tmp_path: Path
) -> None:
    """Silence chosen while a recording is being read stays silence."""
    application = launch()
    session, page = application.studio.session, application.window.perform
    session.open(Project.create(tmp_path / "ada", "Ada"))
    soundfile.write(tmp_path / "voice.wav", 0.3 * np.sin(np.arange(16000) * 0.1), 16000)
    page.files_dropped.emit([tmp_path / "voice.wav"])
    page.scene.voice_removed.emit()
    qtbot.waitUntil(lambda: application.studio.tasks.running == 0, timeout=60_000)
    assert session.performance.voice == ""
    assert failures == []
