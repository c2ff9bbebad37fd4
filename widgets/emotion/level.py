"""The intensity slider with its words, and the marks beneath it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QSlider, QStyle, QStyleOptionSlider, QWidget

from emotalker.engine.emotion.labels import MAX_LEVEL
from emotalker.widgets import style
from emotalker.widgets.emotion.words import LEVEL_WORDS

STEPS = 100  # per level


class LevelSlider(QSlider):
    """A slider from 0 to 3; a click goes to where it is, a double click asks for a reset."""

    reset_requested = Signal()
    """It was double-clicked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._pressed: float | None = None
        self.setRange(0, round(MAX_LEVEL * STEPS))
        self.setSingleStep(STEPS // 10)
        self.setPageStep(STEPS // 2)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the handle to the mouse: no paging, and one press begins one gesture."""
        if event.button() != Qt.MouseButton.LeftButton:
            super().mousePressEvent(event)
            return
        event.accept()
        self._pressed = event.position().x()
        self.setSliderDown(True)
        self.setSliderPosition(self._value_at(event.position().x()))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the mouse."""
        if self.isSliderDown():
            x, pressed = event.position().x(), self._pressed
            if pressed is not None and abs(x - pressed) >= QApplication.startDragDistance():
                self._pressed = None
            self.setSliderPosition(self._value_at(x))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.setSliderDown(False)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Back to the beginning."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.reset_requested.emit()

    @property
    def clicked(self) -> bool:
        """Whether the mouse has only pressed and let go, which may be the first half of a double click."""
        return self._pressed is not None

    def x_of(self, level: float) -> float:
        """Pixel of a level: the middle of the handle."""
        left, span = self._run()
        return left + span * level / MAX_LEVEL

    def _run(self) -> tuple[float, float]:
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        control = QStyle.ComplexControl.CC_Slider
        sub = QStyle.SubControl
        handle = self.style().subControlRect(control, option, sub.SC_SliderHandle, self).width()
        groove = self.style().subControlRect(control, option, sub.SC_SliderGroove, self)
        return groove.left() + handle / 2, max(groove.width() - handle, 1)

    def _value_at(self, x: float) -> int:
        left, span = self._run()
        return round(min(max((x - left) / span, 0.0), 1.0) * self.maximum())


class LevelMarks(QWidget):
    """0 neutral, 1 light, 2 clear, 3 strong, beneath a slider."""

    def __init__(self, slider: LevelSlider, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._slider = slider
        self.setToolTip("0 is neutral, 1 light, 2 clear, 3 strong; everything between can be chosen too")
        style.notifier().changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """A tick and two lines of text."""
        return QSize(200, 5 + 2 * QFontMetrics(self._font()).height())

    def minimumSizeHint(self) -> QSize:
        """As high as it wants to be."""
        return QSize(120, self.sizeHint().height())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Ticks, numbers and words under the places of the handle."""
        painter, c = QPainter(self), style.colours()
        painter.setFont(self._font())
        height = painter.fontMetrics().height()
        for level, word in enumerate(LEVEL_WORDS):
            x = self._slider.x_of(level)
            width = painter.fontMetrics().horizontalAdvance(word) + 4
            left = min(max(x - width / 2, 0), self.width() - width)
            painter.setPen(c.border)
            painter.drawLine(round(x), 0, round(x), 3)
            painter.setPen(c.muted)
            centred = Qt.AlignmentFlag.AlignCenter
            painter.drawText(QRectF(x - 10, 4, 20, height), centred, str(level))
            painter.drawText(QRectF(left, 4 + height, width, height), centred, word)
        painter.end()

    def _font(self) -> QFont:
        font = QFont(self.font())
        font.setPointSizeF(font.pointSizeF() * 0.88)
        return font
