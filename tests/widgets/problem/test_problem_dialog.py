"""What is saved is what was shown and agreed to."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QPlainTextEdit
from pytestqt.qtbot import QtBot

from emotalker.widgets.problem import ProblemDialog


def test_every_file_can_be_read_changed_and_left_out(qtbot: QtBot) -> None:
    """The user has the last word on each."""
    dialog = ProblemDialog({"a.txt": "one\n", "b.log": "two\n", "c.json": "{}\n"})
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.files() == {"a.txt": "one\n", "b.log": "two\n", "c.json": "{}\n"}
    dialog.list.setCurrentRow(1)
    shown = [box for box in dialog.findChildren(QPlainTextEdit) if box.isVisible() and box is not dialog.words]
    assert [box.toPlainText() for box in shown] == ["two\n"]
    shown[0].setPlainText("less")
    dialog.list.item(0).setCheckState(Qt.CheckState.Unchecked)
    dialog.words.setPlainText("It stopped.")
    assert dialog.files() == {"your-words.txt": "It stopped.\n", "b.log": "less", "c.json": "{}\n"}
