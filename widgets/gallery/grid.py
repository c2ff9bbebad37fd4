"""Cards of one width in as many columns as fit."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtWidgets import QLayout, QLayoutItem, QWidget

from emotalker.widgets import style

NARROWEST, WIDEST = 25, 34  # steps of the grid


class CardGrid(QLayout):
    """Rows of equally wide items, each row as high as its highest item."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setSpacing(style.space(2))

    def addItem(self, item: QLayoutItem) -> None:
        """Add an item at the end."""
        self._items.append(item)

    def count(self) -> int:
        """How many items there are."""
        return len(self._items)

    def itemAt(self, index: int) -> QLayoutItem | None:
        """The item at a place."""
        return self._items[index] if 0 <= index < len(self._items) else None

    def takeAt(self, index: int) -> QLayoutItem | None:
        """Take an item out."""
        return self._items.pop(index) if 0 <= index < len(self._items) else None

    def expandingDirections(self) -> Qt.Orientation:
        """It takes the width it is given."""
        return Qt.Orientation.Horizontal

    def hasHeightForWidth(self) -> bool:
        """The narrower, the higher."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Height of all rows at a width."""
        return self._arrange(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, rect: QRect) -> None:
        """Put everything in its place."""
        super().setGeometry(rect)
        self._arrange(rect, move=True)

    def sizeHint(self) -> QSize:
        """One card."""
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        """One card."""
        return QSize(style.space(NARROWEST), style.space(NARROWEST))

    def columns(self, width: int) -> int:
        """How many cards stand side by side at a width."""
        return max(1, (width + self.spacing()) // (style.space(NARROWEST) + self.spacing()))

    def _arrange(self, rect: QRect, move: bool) -> int:
        columns = self.columns(rect.width())
        width = (rect.width() - (columns - 1) * self.spacing()) // columns
        width = min(width, style.space(WIDEST))
        shown = [item for item in self._items if not item.isEmpty()]
        y = rect.y()
        for start in range(0, len(shown), columns):
            row = shown[start : start + columns]
            heights = [i.heightForWidth(width) if i.hasHeightForWidth() else i.sizeHint().height() for i in row]
            if move:
                for place, item in enumerate(row):
                    x = rect.x() + place * (width + self.spacing())
                    item.setGeometry(QRect(x, y, width, max(heights)))
            y += max(heights) + self.spacing()
        return max(y - self.spacing() - rect.y(), 0)
