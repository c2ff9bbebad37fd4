"""A small turning ring: something is being done and nobody knows how long."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, QTimer
from PySide6.QtGui import QHideEvent, QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QWidget

from emotalker.widgets import style

_STEP_MS = 50
_STEP_DEGREES = 18


class Busy(QWidget):
    """Turns while it is visible; costs nothing while it is not."""

    def __init__(self, size: int = 24, what: str = "Working", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._side = size
        self._angle = 0
        self.setAccessibleName(what)
        self.setToolTip(what)
        self.setFixedSize(self.sizeHint())
        self._timer = QTimer(self)
        self._timer.setInterval(_STEP_MS)
        self._timer.timeout.connect(self._turn)

    def sizeHint(self) -> QSize:
        """Its side at the scale in use."""
        side = round(self._side * style.notifier().scale)
        return QSize(side, side)

    def showEvent(self, event: QShowEvent) -> None:
        """Begin to turn."""
        super().showEvent(event)
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop turning."""
        super().hideEvent(event)
        self._timer.stop()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw a ring and the part of it that turns."""
        c = style.colours()
        width = max(self.width() / 9, 2.0)
        box = QRectF(self.rect()).adjusted(width, width, -width, -width)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(c.border, width))
        painter.drawEllipse(box)
        painter.setPen(QPen(c.accent, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawArc(box, -self._angle * 16, 100 * 16)
        painter.end()

    def _turn(self) -> None:
        self._angle = (self._angle + _STEP_DEGREES) % 360
        self.update()
