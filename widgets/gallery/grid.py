"""Cards of one width in as many columns as fit."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtWidgets import QWidget

from emotalker.widgets import style
from emotalker.widgets.common.flow import RowsLayout

NARROWEST, WIDEST = 25, 34  # steps of the grid
_K = Qt.Key
MOVES = (_K.Key_Left, _K.Key_Right, _K.Key_Up, _K.Key_Down, _K.Key_Home, _K.Key_End)
"""Keys that go from card to card."""


class CardGrid(RowsLayout):
    """Rows of equally wide items, each row as high as its highest item."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, 2)

    def expandingDirections(self) -> Qt.Orientation:
        """It takes the width it is given."""
        return Qt.Orientation.Horizontal

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
