"""Keys are found by what they do."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from emotalker.widgets.help import CheatSheet

ROWS = [("Play", "Space", "Play or pause"), ("Play", "J", "Play backward"), ("File", "Ctrl+E", "Export a film")]


def shown(sheet: CheatSheet) -> set[str]:
    """Texts that can be seen."""
    return {label.text() for label in sheet.findChildren(QLabel) if label.isVisible()}


def test_all_rows_are_shown_and_searching_narrows_them(qtbot: QtBot) -> None:
    """Groups without a match go; nothing found is said."""
    sheet = CheatSheet(ROWS)
    qtbot.addWidget(sheet)
    sheet.show()
    assert {"Space", "J", "Ctrl+E", "File", "Export a film"} <= shown(sheet)
    sheet.search.setText("play back")
    assert {"J", "Play"} <= shown(sheet)
    assert not {"Space", "Ctrl+E", "File"} & shown(sheet)
    sheet.search.setText("fly")
    assert "No key does that." in shown(sheet)
