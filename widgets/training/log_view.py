"""What jobs said, line by line, for those who want to know."""

from __future__ import annotations

from datetime import datetime

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication, QTextDocument
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QPlainTextEdit, QToolButton, QVBoxLayout, QWidget

from emotalker.engine.jobs import Notice
from emotalker.widgets import style

MOST_LINES = 5000


class LogView(QFrame):
    """Text that can be searched and copied; the oldest lines go when there are too many."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("log_view")
        self.text = QPlainTextEdit(self)
        self.text.setObjectName("log_text")
        self.text.setAccessibleName("Log")
        self.text.setToolTip("Everything the jobs said, the newest last")
        self.text.setReadOnly(True)
        self.text.setUndoRedoEnabled(False)
        self.text.setMaximumBlockCount(MOST_LINES)
        self.text.setTabChangesFocus(True)
        self.text.setMinimumHeight(style.space(14))
        self.search = QLineEdit(self)
        self.search.setObjectName("log_search")
        self.search.setAccessibleName("Search the log")
        self.search.setPlaceholderText("Search")
        self.search.setToolTip("Find text in the log; Enter goes to the next place, Shift+Enter to the one before")
        self.search.setClearButtonEnabled(True)
        self.search.textEdited.connect(self._typed)
        self.search.returnPressed.connect(self.find_next)
        self._found = QLabel()
        self._found.setProperty("role", "muted")
        self.copy_button = QToolButton(self)
        self.copy_button.setObjectName("log_copy")
        self.copy_button.setText("Copy all")
        self.copy_button.setAccessibleName("Copy the whole log")
        self.copy_button.setToolTip("Copy the whole log")
        self.copy_button.clicked.connect(self.copy)
        row = QHBoxLayout()
        row.addWidget(self.search, 1)
        row.addWidget(self._found)
        row.addWidget(self.copy_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(row)
        column.addWidget(self.text, 1)

    def add(self, notice: Notice) -> None:
        """Add what a job said."""
        mark = "Warning: " if notice.level == "warning" else ""
        self.add_line(f"[{notice.stage}] {mark}{notice.text}")

    def add_line(self, line: str) -> None:
        """Add a line with the time of day; the view follows if it stood at the end."""
        bar = self.text.verticalScrollBar()
        at_end = bar.value() >= bar.maximum() - 2
        self.text.appendPlainText(f"{datetime.now():%H:%M:%S}  {line}")
        if at_end:
            bar.setValue(bar.maximum())

    def clear(self) -> None:
        """Forget all lines."""
        self.text.clear()

    def copy(self) -> None:
        """Put the whole text on the clipboard."""
        QGuiApplication.clipboard().setText(self.text.toPlainText())

    def find_next(self) -> bool:
        """Go to the next place of what is searched for, from the top again after the last."""
        wanted = self.search.text()
        if not wanted:
            self._found.clear()
            return False
        back = QTextDocument.FindFlag(0)
        if QGuiApplication.keyboardModifiers() & Qt.KeyboardModifier.ShiftModifier:
            back = QTextDocument.FindFlag.FindBackward
        found = self.text.find(wanted, back)
        if not found:
            cursor = self.text.textCursor()
            cursor.movePosition(cursor.MoveOperation.End if back.value else cursor.MoveOperation.Start)
            self.text.setTextCursor(cursor)
            found = self.text.find(wanted, back)
        self._found.setText("" if found else "not found")
        return found

    def _typed(self, _text: str) -> None:
        cursor = self.text.textCursor()
        cursor.setPosition(cursor.selectionStart())
        self.text.setTextCursor(cursor)
        self.find_next()
