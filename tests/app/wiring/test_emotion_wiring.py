"""What the panel says of an emotion is true of the document."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QAbstractButton, QLabel

from emotalker.app.commands.performance import SetCurve
from emotalker.engine.emotion.curve import EmotionCurve, Keyframe
from emotalker.projects import Project

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from emotalker.app.main import Application


@pytest.fixture
def ada(launch: Callable[..., Application], tmp_path: Path) -> Application:
    """The application with a project that has no twin yet."""
    application = launch()
    application.studio.session.open(Project.create(tmp_path / "ada", "Ada"))
    return application


def answer(application: Application) -> str:
    """What stands below the words typed."""
    label = application.window.perform.emotion.findChild(QLabel, "emotion_text_answer")
    assert isinstance(label, QLabel)
    return "" if label.isHidden() else label.text()


def type_words(application: Application, qtbot: QtBot, words: str) -> None:
    """Type an emotion and wait for the answer."""
    application.window.perform.emotion.text_requested.emit(words)
    qtbot.waitUntil(lambda: answer(application) not in ("", "Reading…"), timeout=30_000)


def test_an_answer_goes_with_the_emotion_it_made(qtbot: QtBot, ada: Application) -> None:
    """Undone, or changed by hand, the words are no longer what is seen; another edit leaves them."""
    session = ada.studio.session
    type_words(ada, qtbot, "very sad")
    assert answer(ada) == "Taken for 100% sad"
    ada.window.perform.scene.background_changed.emit("checker")
    assert answer(ada) == "Taken for 100% sad"
    session.step(back=True)
    session.step(back=True)
    assert answer(ada) == ""


@pytest.mark.parametrize("words", ["qwerty zxcv", "sehr traurig"])
def test_words_that_are_not_understood_make_no_face(qtbot: QtBot, ada: Application, words: str) -> None:
    """It is said that they are not, and the emotion stays as it is."""
    before = ada.studio.session.curve
    type_words(ada, qtbot, words)
    assert answer(ada).startswith("Not sure")
    assert ada.studio.session.curve == before
    assert not ada.studio.session.undo.canUndo()


def test_nobody_feels_anything_without_a_twin(qtbot: QtBot, ada: Application, tmp_path: Path) -> None:
    """With clips alone nothing can be set that nobody would see; the panel waits for the twin."""
    panel = ada.window.perform.emotion
    add = panel.findChild(QAbstractButton, "emotion_keyframe_add")
    assert isinstance(add, QAbstractButton)
    assert not panel.isEnabled()
    ada.projects.open_sample()
    qtbot.waitUntil(panel.isEnabled, timeout=120_000)
    ada.studio.session.open(Project.create(tmp_path / "grace", "Grace"))
    assert not add.isEnabled()


def test_keyframes_are_made_where_they_can_be_seen(qtbot: QtBot, ada: Application) -> None:
    """Without a voice and keyframes there is no timeline: a change holds all the time. Keyframes after its end wait."""
    ada.projects.open_sample()
    session, performing, page = ada.studio.session, ada.performing, ada.window.perform
    qtbot.waitUntil(lambda: performing.voice is not None, timeout=120_000)
    add, following = (page.findChild(QAbstractButton, f"emotion_{name}") for name in ("keyframe_add", "next_key"))
    assert isinstance(add, QAbstractButton)
    assert isinstance(following, QAbstractButton)
    happy = Keyframe.of(1.0, "happy", 2)
    ada.studio.do(SetCurve(EmotionCurve((happy, Keyframe.of(500.0, "sad", 1)))))
    performing.seek(1.0)
    assert not following.isEnabled()
    performing.emotion.go_to_key(1)
    assert performing.time == pytest.approx(1.0, abs=0.05)
    ada.studio.do(SetCurve(EmotionCurve((happy,))))
    assert add.isEnabled()
    page.scene.voice_removed.emit()
    qtbot.waitUntil(lambda: performing.voice is None, timeout=20_000)
    assert not add.isEnabled()
    assert "voice" in add.toolTip()
    performing.emotion.add_key()
    page.emotion.value_edited.emit(happy.weights, 3.0, "Change intensity")
    assert [k.level for k in session.curve.keyframes] == [3.0]
