"""From the sample to a keyframe without a mouse: keys reach the page, and Tab reaches every step."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from emotalker.app.main import Application
    from emotalker.engine.errors import UserError

KEY, CTRL = Qt.Key, Qt.KeyboardModifier.ControlModifier


def press(window: QWidget, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """A key as the user presses it, wherever the focus is; other windows on the screen may have taken it away."""
    if not window.isActiveWindow():
        window.activateWindow()
        QTest.qWaitForWindowActive(window, 3_000)
    QTest.keyClick(QApplication.focusWidget() or window, key, modifier)


def test_playing_and_keyframes_by_keyboard(
    qtbot: QtBot, launch: Callable[..., Application], failures: list[UserError]
) -> None:
    """Ctrl+4, Space, arrows, Ctrl+K, Ctrl+Z, Home: each does what the page of keys says."""
    application = launch()
    window, performing = application.window, application.performing
    window.activateWindow()
    try:
        qtbot.waitUntil(window.isActiveWindow, timeout=3_000)
    except Exception:
        pytest.skip("this screen has no window manager that makes a window active")
    application.projects.open_sample()
    qtbot.waitUntil(lambda: performing.voice is not None, timeout=120_000)
    # loading takes a while, in which another test's window on the same screen may have become the active one
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow, timeout=10_000)
    window.setFocus()
    press(window, KEY.Key_2, CTRL)
    assert window.page == "clips"
    press(window, KEY.Key_4, CTRL)
    assert window.page == "perform"
    window.perform.viewport.setFocus()
    press(window, KEY.Key_Space)
    qtbot.waitUntil(lambda: performing.playing and performing.time > 0.3, timeout=20_000)
    press(window, KEY.Key_K)
    assert not performing.playing
    press(window, KEY.Key_Home)
    assert performing.time == pytest.approx(0.0, abs=0.01)
    press(window, KEY.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert performing.time == pytest.approx(1.0, abs=0.05)
    count = len(application.studio.session.curve.keyframes)
    press(window, KEY.Key_K, CTRL)
    assert len(application.studio.session.curve.keyframes) == count + 1
    press(window, KEY.Key_Up, CTRL)
    assert application.studio.session.undo.undoText() == "Change intensity"
    press(window, KEY.Key_Z, CTRL)
    press(window, KEY.Key_Z, CTRL)
    assert len(application.studio.session.curve.keyframes) == count
    assert failures == []


def test_tab_goes_through_the_page_and_comes_back(qtbot: QtBot, launch: Callable[..., Application]) -> None:
    """No part swallows Tab: from the first step one reaches the emotion, the timeline's bar and the steps again."""
    application = launch()
    window = application.window
    application.projects.open_sample()
    qtbot.waitUntil(window.perform.emotion.isEnabled, timeout=120_000)
    window.show_page("perform")
    start = window.workflow.findChild(QWidget, "step_perform")
    assert isinstance(start, QWidget)
    seen: list[str] = []
    at: QWidget | None = start
    for _ in range(5000):
        at = at.nextInFocusChain() if at is not None else None
        if at is start:
            break
        if at is not None and at.isVisible() and at.isEnabled() and at.focusPolicy() & Qt.FocusPolicy.TabFocus:
            seen.append(at.objectName())
    assert at is start
    assert {"emotion_choice", "background", "choose_voice"} <= set(seen)
    assert len(seen) > 25
