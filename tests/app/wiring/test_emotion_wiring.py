"""What the panel says of an emotion is true of the document."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtWidgets import QAbstractButton, QLabel, QSlider

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


def test_what_is_nudged_stays_where_it_was_nudged(qtbot: QtBot, ada: Application) -> None:
    """The playhead may move before the nudge counts as done; another twin gets nothing of it."""
    ada.projects.open_sample()
    session, performing, panel = ada.studio.session, ada.performing, ada.window.perform.emotion
    qtbot.waitUntil(lambda: session.twin is not None and panel.isEnabled(), timeout=120_000)
    two = EmotionCurve([Keyframe(0.0, (0, 1, 0, 0, 0, 0, 0, 0), 1.0), Keyframe(2.0, (0, 0, 1, 0, 0, 0, 0, 0), 2.0)])
    ada.studio.do(SetCurve(two, "Two keyframes"))
    qtbot.waitUntil(lambda: performing.performer is not None and performing.performer.duration > 2, timeout=60_000)
    performing.seek(0.0)
    slider = panel.findChild(QSlider)
    slider.setValue(slider.value() + 20)
    performing.seek(2.0)
    levels = [key.level for key in session.curve.keyframes]
    assert levels[0] > 1.1
    assert levels[1:] == [2.0]
    slider.setValue(slider.value() - 30)
    session.open(Project.create(session.project.folder.parent / "bo", "Bo"))
    qtbot.wait(500)
    assert session.curve == EmotionCurve.constant("neutral", 0.0)
    assert not session.undo.canUndo()


def test_more_of_neutral_is_more_of_the_emotion_last_chosen(qtbot: QtBot, ada: Application) -> None:
    """Ctrl+Up shows something, as the slider does."""
    ada.projects.open_sample()
    panel = ada.window.perform.emotion
    qtbot.waitUntil(panel.isEnabled, timeout=120_000)
    ada.studio.do(SetCurve(EmotionCurve.constant("neutral", 0.0), "Neutral"))
    for _ in range(5):
        ada.studio.actions["play.emotion_more"].trigger()
    weights, levels = ada.studio.session.curve.sample([0.0])
    assert levels[0] == pytest.approx(0.5)
    assert weights[0, 0] < 0.01
