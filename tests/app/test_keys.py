"""Single keys play only where no widget needs them."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QLineEdit, QListWidget, QPushButton, QSlider, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from emotalker.app.keys import OWN_KEYS, wants

KEY, MODIFIER = Qt.Key, Qt.KeyboardModifier


def press(key: Qt.Key, text: str = "", modifier: Qt.KeyboardModifier = MODIFIER.NoModifier) -> QKeyEvent:
    """A key as Qt offers it to the focused widget before it looks for shortcuts."""
    return QKeyEvent(QEvent.Type.ShortcutOverride, key, modifier, text)


@pytest.mark.parametrize(
    ("kind", "key", "text", "wanted"),
    [
        (QLineEdit, KEY.Key_Space, " ", True),
        (QLineEdit, KEY.Key_J, "j", True),
        (QSpinBox, KEY.Key_Up, "", True),
        (QPushButton, KEY.Key_Space, " ", True),
        (QPushButton, KEY.Key_J, "j", False),
        (QPushButton, KEY.Key_Left, "", False),
        (QSlider, KEY.Key_Left, "", True),
        (QSlider, KEY.Key_Space, " ", False),
        (QComboBox, KEY.Key_Down, "", True),
        (QListWidget, KEY.Key_A, "a", True),
        (QWidget, KEY.Key_Space, " ", False),
    ],
)
def test_a_focused_widget_keeps_its_keys(
    qtbot: QtBot, kind: type[QWidget], key: Qt.Key, text: str, wanted: bool
) -> None:
    """Space presses a focused button, arrows move a focused slider, letters go into text; the rest plays."""
    widget = kind()
    qtbot.addWidget(widget)
    assert wants(widget, press(key, text)) is wanted


def test_commands_with_ctrl_work_everywhere(qtbot: QtBot) -> None:
    """Ctrl+Z in a text field of the panel is not swallowed by the guard; the field itself may take it."""
    field = QLineEdit()
    qtbot.addWidget(field)
    assert not wants(field, press(KEY.Key_E, "", MODIFIER.ControlModifier))


def test_a_widget_can_keep_arrows_for_itself(qtbot: QtBot) -> None:
    """The timeline's lane nudges keyframes with arrows, but Space still plays."""
    lane = QWidget()
    qtbot.addWidget(lane)
    lane.setProperty(OWN_KEYS, True)
    assert wants(lane, press(KEY.Key_Left))
    assert wants(lane, press(KEY.Key_Delete))
    assert not wants(lane, press(KEY.Key_Space, " "))
