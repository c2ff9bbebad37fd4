"""The keys that play do so wherever the focus is in the window, and the picture stands still while they do."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDoubleSpinBox, QWidget

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from emotalker.app.main import Application

KEY = Qt.Key


@pytest.fixture
def started(qtbot: QtBot, launch: Callable[..., Application]) -> Application:
    """The application, in a window that gets the keys."""
    application = launch()
    application.window.activateWindow()
    try:
        qtbot.waitUntil(application.window.isActiveWindow, timeout=3_000)
    except Exception:
        pytest.skip("this screen has no window manager that makes a window active")
    return application


def heard(application: Application, *ids: str) -> list[str]:
    """Names of the actions that were used, filled as they are."""
    used: list[str] = []
    for id_ in ids:
        action: QAction = application.studio.actions[id_]
        action.setEnabled(True)
        action.triggered.connect(lambda _=False, id_=id_: used.append(id_))
    return used


def widget(application: Application, name: str) -> QWidget:
    """A part of the window."""
    found = application.window.findChild(QWidget, name)
    assert found is not None
    return found


def test_space_plays_on_the_page_one_has_come_to(started: Application) -> None:
    """Whoever comes from the twins to the perform page and presses Space plays, and does not go back to the twins."""
    application = started
    widget(application, "step_home").setFocus()
    application.window.show_page("perform")
    used = heard(application, "play.toggle")
    focus = application.window.focusWidget()
    assert focus is not None
    QTest.keyClick(focus, KEY.Key_Space)
    assert used == ["play.toggle"]
    assert application.window.page == "perform"


@pytest.mark.parametrize("name", ["step_train", "transport_loop", "timeline_canvas"])
def test_letters_play_wherever_the_focus_is(started: Application, name: str) -> None:
    """J and L work with the focus on a step above the page as well; arrows there go from step to step."""
    application = started
    application.window.workflow.set_enabled(frozenset({"home", "clips", "train", "perform", "export"}))
    application.window.show_page("perform")
    used = heard(application, "play.back", "play.forward", "play.next_frame")
    focus = widget(application, name)
    focus.setFocus()
    QTest.keyClick(focus, KEY.Key_J)
    QTest.keyClick(focus, KEY.Key_L)
    assert used == ["play.back", "play.forward"]
    QTest.keyClick(focus, KEY.Key_Right)
    if name == "step_train":
        assert application.window.focusWidget() is widget(application, "step_perform")
        assert used == ["play.back", "play.forward"]
    else:
        assert used[2:] == ["play.next_frame"]


def test_letters_do_nothing_on_other_pages(started: Application) -> None:
    """Nobody plays from a page on which no twin is seen."""
    application = started
    application.window.show_page("perform")
    application.window.show_page("export")
    used = heard(application, "play.toggle", "play.forward")
    QTest.keyClick(application.window, KEY.Key_L)
    assert used == []


def test_the_tour_keeps_its_arrows(started: Application) -> None:
    """Right goes to the next step of the tour, not to the next frame; after the tour Space plays."""
    application = started
    application.shell.tour()
    used = heard(application, "play.toggle", "play.next_frame")
    tour = application.shell._tour
    assert tour is not None
    QTest.keyClick(tour.card, KEY.Key_Right)
    assert tour.index == 1
    QTest.keyClick(tour.card, KEY.Key_Escape)
    focus = application.window.focusWidget()
    assert focus is not None
    QTest.keyClick(focus, KEY.Key_Space)
    assert used == ["play.toggle"]


def test_the_picture_keeps_its_size_at_a_keyframe(qtbot: QtBot, started: Application) -> None:
    """The words on the badge change while the twin plays; the panel does not become wider with them."""
    application = started
    page = application.window.perform
    application.window.show_page("perform")
    widths = set()
    for scope in ("whole", "key", "new", "key"):
        page.emotion.set_context(scope, 1.0)
        qtbot.wait(20)
        widths.add((page.viewport.width(), page.emotion.minimumSizeHint().width()))
    assert len(widths) == 1


@pytest.mark.parametrize("name", ["emotion_easing", "emotion_previous_key", "emotion_next_key"])
def test_space_pauses_after_the_playhead_has_left_the_keyframe(started: Application, name: str) -> None:
    """What cannot be used any more gives its focus to the picture, not to the next button that Space would press."""
    application = started
    application.window.show_page("perform")
    emotion = application.window.perform.emotion
    emotion.setEnabled(True)
    emotion.set_context("key", 1.0, "linear")
    widget(application, name).setFocus()
    used = heard(application, "play.toggle")
    emotion.set_context("new", 1.5, None, before=False, after=False)
    focus = application.window.focusWidget()
    assert focus is application.window.perform.viewport
    QTest.keyClick(focus, KEY.Key_Space)
    assert used == ["play.toggle"]


@pytest.mark.parametrize(
    ("name", "typed", "key"),
    [
        ("emotion_text", "very sad", KEY.Key_Return),
        ("emotion_text", "very sad", KEY.Key_Escape),
        ("emotion_level_value", "1.5", KEY.Key_Return),
        ("emotion_level_value", "1.5", KEY.Key_Escape),
    ],
)
def test_an_entry_ends_with_its_key(started: Application, name: str, typed: str, key: Qt.Key) -> None:
    """After Enter or Escape the keys play and undo again, and Escape ends nothing but the entry."""
    application = started
    application.window.show_page("perform")
    emotion = application.window.perform.emotion
    emotion.setEnabled(True)
    emotion.set_value(tuple(float(e == 1) for e in range(8)), 2.0, True)
    used = heard(application, "play.toggle", "play.live_end", "edit.undo")
    levels: list[float] = []
    emotion.value_edited.connect(lambda _weights, level, _name: levels.append(level))
    field = widget(application, name)
    field.setFocus()
    if isinstance(field, QDoubleSpinBox):
        field.selectAll()
    QTest.keyClicks(field, typed)
    QTest.keyClick(field, key)
    focus = application.window.focusWidget()
    assert focus is application.window.perform.viewport
    QTest.keyClick(focus, KEY.Key_Space)
    QTest.keyClick(focus, KEY.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert used == ["play.toggle", "edit.undo"]
    assert levels == ([1.5] if name == "emotion_level_value" and key == KEY.Key_Return else [])
