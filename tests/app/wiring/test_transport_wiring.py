"""Playing between the marks, playing somebody who says nothing, and nobody who is not open any more."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QToolButton

from emotalker.engine.errors import UserError
from emotalker.projects import Project

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from emotalker.app.main import Application


@pytest.fixture
def sample(qtbot: QtBot, launch: Callable[..., Application]) -> Application:
    """The application with the sample twin and its voice."""
    application = launch()
    application.projects.open_sample()
    qtbot.waitUntil(lambda: application.performing.voice is not None, timeout=120_000)
    return application


def button(application: Application, name: str) -> QToolButton:
    """A button of the transport bar."""
    found = application.window.perform.transport.findChild(QToolButton, f"transport_{name}")
    assert isinstance(found, QToolButton)
    return found


def noted(times: list[float], time: float) -> bool:
    """Whether the playhead has gone back, noting where it is."""
    times.append(time)
    return min(times) < max(times) - 0.3 and len(times) > 2


def test_playing_from_the_out_mark_goes_on_at_the_in_mark(qtbot: QtBot, sample: Application) -> None:
    """In, out, loop, play: the playhead stands at the out mark then, and must not run past it."""
    performing = sample.performing
    for name, time in (("in", 2.0), ("out", 2.8)):
        performing.seek(time)
        button(sample, name).click()
    button(sample, "loop").click()
    times: list[float] = []
    button(sample, "play").click()
    qtbot.waitUntil(lambda: noted(times, performing.time), timeout=20_000)
    performing.pause()
    assert all(1.95 <= time <= 2.85 for time in times)
    button(sample, "loop").click()
    performing.seek(4.0)
    button(sample, "play").click()
    assert performing.time >= 4.0 - 0.05


def test_a_twin_without_a_voice_can_be_played_by_mouse(qtbot: QtBot, sample: Application) -> None:
    """It breathes and blinks then; it can be played, from the start too, but there is no end."""
    sample.window.perform.scene.voice_removed.emit()
    qtbot.waitUntil(lambda: sample.performing.voice is None, timeout=20_000)
    assert not button(sample, "loop").isEnabled()
    button(sample, "play").click()
    assert sample.performing.playing
    qtbot.waitUntil(lambda: sample.performing.time > 0.3, timeout=20_000)
    button(sample, "play").click()
    assert not sample.performing.playing
    assert not button(sample, "end").isEnabled()
    button(sample, "start").click()
    assert sample.performing.time == 0
    sample.projects.close_project()
    assert not button(sample, "play").isEnabled()


def test_the_face_of_one_twin_is_not_shown_in_the_project_of_another(
    qtbot: QtBot, sample: Application, tmp_path: Path
) -> None:
    """A project without a twin shows its message before nothing, also while the other was playing."""
    viewport = sample.window.perform.viewport
    sample.window.show_page("perform")
    performer = sample.performing.performer
    assert performer is not None
    sample.performing.play()
    qtbot.waitUntil(lambda: performer.stats().shown > 2, timeout=20_000)
    sample.studio.session.open(Project.create(tmp_path / "ada", "Ada"))
    sample.window.show_page("perform")
    qtbot.wait(300)
    with pytest.raises(UserError):
        viewport.screenshot()
