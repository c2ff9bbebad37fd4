"""How sure the tracker was, over the clip, with the frame that is shown."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from emotalker.widgets import style

LOST = 0.5
"""Below this the face is as good as lost; such frames are marked."""
MARGIN = 4
CAPTION = "How sure the tracker was"


class ConfidenceCurve(QWidget):
    """A curve from 0 to 1; a click or drag goes to the frame there, keys do so in the slider below."""

    sought = Signal(int)
    """The frame under the mouse."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("tracking_confidence")
        self.setToolTip("How sure the tracker was in every frame; where the curve falls, look at the picture")
        self._values: NDArray[np.float32] = np.zeros(0, np.float32)
        self._frame = 0
        style.notifier().changed.connect(self.update)
        self.set_values(self._values)

    def set_values(self, confidence: NDArray[np.float32]) -> None:
        """Show the confidence [T] in [0, 1]."""
        self._values = np.clip(np.asarray(confidence, np.float32), 0, 1)
        lost = int((self._values < LOST).sum())
        mean = float(self._values.mean()) if len(self._values) else 0.0
        self.setAccessibleName(f"Confidence of the tracker: {mean:.0%} on average, {lost} frames below {LOST:.0%}")
        self.update()

    def set_frame(self, frame: int) -> None:
        """Mark the frame that is shown."""
        self._frame = frame
        self.update()

    def sizeHint(self) -> QSize:
        """A strip."""
        return QSize(style.space(40), style.space(8))

    def minimumSizeHint(self) -> QSize:
        """Half as high."""
        return QSize(style.space(20), style.space(5))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Go there."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._seek(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go along."""
        self._seek(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """The curve over marks where the face was lost, and a line at the frame."""
        del event
        painter, colours = QPainter(self), style.colours()
        painter.fillRect(self.rect(), colours.canvas)
        if len(self._values):
            lost = QColor(colours.bad)
            lost.setAlpha(70)
            step = max(self._x(1) - self._x(0), 1.0)
            for frame in np.flatnonzero(self._values < LOST):
                painter.fillRect(round(self._x(int(frame)) - step / 2), 0, max(round(step), 1), self.height(), lost)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(colours.good, 1.5))
            points = [QPointF(self._x(i), self._y(float(v))) for i, v in enumerate(self._values)]
            painter.drawPolyline(QPolygonF(points))
            painter.setPen(QPen(colours.accent, 2))
            painter.drawLine(QPointF(self._x(self._frame), 0), QPointF(self._x(self._frame), self.height()))
            painter.setPen(colours.muted)
            corner = self.rect().adjusted(2 * MARGIN, 0, 0, -MARGIN)
            painter.drawText(corner, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom, CAPTION)
        painter.end()

    def _x(self, frame: int) -> float:
        return MARGIN + frame * (self.width() - 2 * MARGIN) / max(len(self._values) - 1, 1)

    def _y(self, value: float) -> float:
        return MARGIN + (1 - value) * (self.height() - 2 * MARGIN)

    def _seek(self, event: QMouseEvent) -> None:
        if len(self._values):
            share = (event.position().x() - MARGIN) / max(self.width() - 2 * MARGIN, 1)
            self.sought.emit(round(min(max(share, 0.0), 1.0) * (len(self._values) - 1)))
