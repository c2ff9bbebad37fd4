"""All keys on one sheet, by group, with a field to find one."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from emotalker.widgets import style
from emotalker.widgets.common import Card, WrapLabel, close_buttons

Row = tuple[str, str, str]


class CheatSheet(QDialog):
    """The keys of the program.

    Args:
        rows: (group, keys, what they do), in the order shown.
        parent: the window it belongs to.
    """

    def __init__(self, rows: Sequence[Row], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("cheat_sheet")
        self.setWindowTitle("Keys")
        self._rows: list[tuple[Card, str, list[QLabel]]] = []
        self.search = QLineEdit()
        self.search.setObjectName("cheat_sheet_search")
        self.search.setAccessibleName("Find a key")
        self.search.setPlaceholderText("Find, for example play or Ctrl+E")
        self.search.setToolTip("Show only the keys whose text has these words")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._find)
        self.search.installEventFilter(self)
        self._nothing = WrapLabel("No key does that.", "muted")
        self._scroll = QScrollArea()
        self._scroll.setObjectName("cheat_sheet_list")
        self._scroll.setAccessibleName("Keys")
        self._scroll.setWidgetResizable(True)
        self._scroll.setWidget(self._sheet(rows))
        buttons = close_buttons(self, "cheat_sheet_close", "Close the sheet (Esc)")
        column = QVBoxLayout(self)
        column.setContentsMargins(*[style.space(2)] * 4)
        column.setSpacing(style.space(1.5))
        column.addWidget(self.search)
        column.addWidget(self._nothing)
        column.addWidget(self._scroll, 1)
        column.addWidget(buttons)
        self._nothing.hide()
        self.resize(style.space(100), style.space(66))
        self.search.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Scroll the sheet by the up and down keys while the search has the focus."""
        if watched is self.search and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            bar = self._scroll.verticalScrollBar()
            step = {
                Qt.Key.Key_Down: bar.singleStep(),
                Qt.Key.Key_Up: -bar.singleStep(),
                Qt.Key.Key_PageDown: bar.pageStep(),
                Qt.Key.Key_PageUp: -bar.pageStep(),
            }.get(Qt.Key(event.key()))
            if step is not None:
                bar.setValue(bar.value() + step)
                return True
        return super().eventFilter(watched, event)

    def _sheet(self, rows: Sequence[Row]) -> QWidget:
        """Two columns of cards, filled so that they end at about the same height."""
        groups: dict[str, list[tuple[str, str]]] = {}
        for group, keys, text in rows:
            groups.setdefault(group, []).append((keys, text))
        inside = QWidget()
        sides = (QVBoxLayout(), QVBoxLayout())
        heights = [0, 0]
        row = QHBoxLayout(inside)
        row.setContentsMargins(0, 0, style.space(1), 0)
        row.setSpacing(style.space(1.5))
        for group, lines in sorted(groups.items(), key=lambda item: -len(item[1])):
            side = heights.index(min(heights))
            heights[side] += len(lines) + 2
            sides[side].addWidget(self._group(group, lines))
        for side_layout in sides:
            side_layout.setSpacing(style.space(1.5))
            side_layout.addStretch(1)
            row.addLayout(side_layout, 1)
        return inside

    def _group(self, title: str, lines: list[tuple[str, str]]) -> Card:
        card = Card(title)
        grid = QGridLayout()
        grid.setHorizontalSpacing(style.space(2))
        grid.setVerticalSpacing(style.space(0.75))
        grid.setColumnStretch(1, 1)
        for number, (keys, text) in enumerate(lines):
            key, words = QLabel(keys), WrapLabel(text)
            key.setProperty("role", "badge")
            key.setAccessibleName(f"{keys}: {text}")
            grid.addWidget(key, number, 0, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
            grid.addWidget(words, number, 1)
            self._rows.append((card, f"{title} {keys} {text}".lower(), [key, words]))
        card.body.addLayout(grid)
        return card

    def _find(self, text: str) -> None:
        words = text.lower().split()
        shown: set[Card] = set()
        for card, content, labels in self._rows:
            fits = all(word in content for word in words)
            for label in labels:
                label.setVisible(fits)
            if fits:
                shown.add(card)
        for card in {card for card, _, _ in self._rows}:
            card.setVisible(card in shown)
        self._nothing.setVisible(not shown)
