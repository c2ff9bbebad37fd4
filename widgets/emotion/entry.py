"""Fields that are typed into: the emotion in words, and how an entry ends."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLabel, QLineEdit, QVBoxLayout, QWidget

from emotalker.widgets import style


class Escape(QObject):
    """Keeps Escape for the field that has the focus: there it ends the entry, not what else the window is doing."""

    pressed = Signal()

    def __init__(self, field: QWidget) -> None:
        super().__init__(field)
        field.installEventFilter(self)

    def eventFilter(self, _watched: QObject, event: QEvent) -> bool:
        """Take the key, before it is taken for a shortcut of the window."""
        if not isinstance(event, QKeyEvent) or event.key() != Qt.Key.Key_Escape:
            return False
        if event.type() == QEvent.Type.KeyPress:
            self.pressed.emit()
        event.accept()
        return True


class WordsField(QWidget):
    """An emotion in words, and below it what it was taken for."""

    requested = Signal(str)
    """Words were typed and ended with Enter."""
    left = Signal()
    """The entry has ended: the keys should play again."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text, self._answer = QLineEdit(), QLabel()
        self._text.setObjectName("emotion_text")
        self._text.setAccessibleName("Emotion in words")
        self._text.setPlaceholderText("In words: a bit nervous but happy")
        self._text.setToolTip("Describe the emotion in English words and press Enter")
        self._text.setMaxLength(200)
        self._answer.setObjectName("emotion_text_answer")
        self._answer.setProperty("role", "muted")
        self._answer.setWordWrap(True)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(style.space(1))
        column.addWidget(self._text)
        column.addWidget(self._answer)
        self._text.returnPressed.connect(self._ask)
        Escape(self._text).pressed.connect(self.left)
        self.set_answer("")

    def set_answer(self, words: str) -> None:
        """What the typed words were taken for, or why not."""
        self._answer.setText(words)
        self._answer.setVisible(bool(words))

    def _ask(self) -> None:
        words = self._text.text().strip()
        if words:
            self.requested.emit(words)
        self.left.emit()
