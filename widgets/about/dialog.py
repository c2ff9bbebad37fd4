"""What the program is, which version, and under which licences."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QHeaderView,
    QPlainTextEdit,
    QTableWidget,
    QTableWidgetItem,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from emotalker.widgets import style
from emotalker.widgets.about.licences import Licence, model_licences, package_licences, texts, version
from emotalker.widgets.common import IconLabel, WrapLabel, close_buttons

NAME = "EmoTalker Studio"
WHAT = (
    "Makes a talking, emotional 3D twin of a person from ordinary clips, and plays it live. Everything runs on this "
    "computer: no clip, voice or face leaves it. Films made with it are labelled as AI-generated."
)


class AboutDialog(QDialog):
    """Version and licences; the tables are filled when their tab is opened."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("about_dialog")
        self.setWindowTitle(f"About {NAME}")
        top = QHBoxLayout()
        top.setSpacing(style.space(2))
        top.addWidget(IconLabel("app", 64), 0, Qt.AlignmentFlag.AlignTop)
        words = QVBoxLayout()
        words.addWidget(WrapLabel(NAME, "title"))
        words.addWidget(WrapLabel(f"Version {version()}", "muted"))
        words.addWidget(WrapLabel(WHAT))
        top.addLayout(words, 1)
        self.tabs = QTabWidget()
        self.tabs.setObjectName("about_tabs")
        self.tabs.setAccessibleName("Licences")
        titles = {"LICENSE": "Licence", "NOTICE": "Notices"}
        for name, text in texts().items():
            self.tabs.addTab(_text(titles[name], text), titles[name])
        self._filled = {
            self.tabs.addTab(_table("Models", "Used for"), "Models"): model_licences,
            self.tabs.addTab(_table("Packages", "Version"), "Packages"): package_licences,
        }
        self.tabs.currentChanged.connect(self._fill)
        self._fill(self.tabs.currentIndex())
        buttons = close_buttons(self, "about_close", "Close (Esc)")
        column = QVBoxLayout(self)
        column.setContentsMargins(*[style.space(2)] * 4)
        column.setSpacing(style.space(2))
        column.addLayout(top)
        column.addWidget(self.tabs, 1)
        column.addWidget(buttons)
        self.resize(style.space(94), style.space(64))

    def _fill(self, index: int) -> None:
        rows_of = self._filled.pop(index, None)
        table = self.tabs.widget(index)
        if rows_of is not None and isinstance(table, QTableWidget):
            _show(table, rows_of())


def _text(title: str, text: str) -> QWidget:
    box = QPlainTextEdit(text)
    box.setReadOnly(True)
    box.setObjectName(f"about_{title.lower()}")
    box.setAccessibleName(title)
    box.setToolTip(f"{title} of the program")
    box.setLineWrapMode(QPlainTextEdit.LineWrapMode.WidgetWidth)
    box.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
    return box


def _table(title: str, second: str) -> QTableWidget:
    table = QTableWidget(0, 3)
    table.setObjectName(f"about_{title.lower()}")
    table.setAccessibleName(f"{title} and their licences")
    table.setToolTip(f"{title} in use and their licences")
    table.setHorizontalHeaderLabels(["Name", second, "Licence"])
    table.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
    table.horizontalHeader().setStretchLastSection(True)
    table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft)
    table.verticalHeader().hide()
    table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.setTabKeyNavigation(False)
    table.setShowGrid(False)
    table.setWordWrap(True)
    return table


def _show(table: QTableWidget, rows: list[Licence]) -> None:
    table.setRowCount(len(rows))
    for number, row in enumerate(rows):
        for column, text in enumerate((row.name, row.version, row.terms)):
            item = QTableWidgetItem(text)
            item.setToolTip(text)
            table.setItem(number, column, item)
    table.resizeColumnToContents(0)
    table.setColumnWidth(1, min(max(table.sizeHintForColumn(1), style.space(14)), style.space(40)))
    table.resizeRowsToContents()
