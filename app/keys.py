"""Single keys play the twin only where they are not needed for something else."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QLineEdit,
    QMenu,
    QMenuBar,
    QPlainTextEdit,
    QTextEdit,
)

TEXT = (QLineEdit, QTextEdit, QPlainTextEdit, QAbstractSpinBox)
MOVES = {
    Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End,
    Qt.Key.Key_PageUp, Qt.Key.Key_PageDown,
}  # fmt: skip
PRESSES = {Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter}
OWN_KEYS = "own_keys"
"""Property of a widget that handles arrows and Delete itself; of a button, arrows alone."""


class KeyGuard(QObject):
    """Gives a key to the widget that has the focus before it becomes a shortcut, where that widget can use it.

    Without it Space would play instead of pressing the focused button, and arrows would move the playhead instead of
    the slider one has just reached with Tab. Shortcuts with Ctrl, Alt or Meta are left alone.
    """

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        app.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Accept an override for what the focused widget wants; the key then goes to it."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and wants(watched, event):
            event.accept()
            return True
        return False


def wants(widget: QObject, event: QKeyEvent) -> bool:
    """Whether `widget` would do something with the key."""
    command = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
    if event.modifiers() & command:
        return False
    key = Qt.Key(event.key())
    if isinstance(widget, TEXT) or (isinstance(widget, QComboBox) and widget.isEditable()):
        return key not in (Qt.Key.Key_Escape, Qt.Key.Key_F1, Qt.Key.Key_F11)
    if isinstance(widget, QAbstractButton):
        return key in PRESSES or (key in MOVES and bool(widget.property(OWN_KEYS)))
    if isinstance(widget, QComboBox | QMenu | QMenuBar):
        return key in PRESSES or key in MOVES
    if isinstance(widget, QAbstractSlider):
        return key in MOVES
    if isinstance(widget, QAbstractItemView):
        return key in PRESSES or key in MOVES or bool(event.text().strip())
    if widget.property(OWN_KEYS):
        return key in MOVES or key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace, Qt.Key.Key_Return)
    return False
