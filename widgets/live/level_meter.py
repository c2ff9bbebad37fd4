"""How loud it is: a bar that falls back slowly, with marks and words."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from emotalker.widgets import style

QUIETEST, LOUD, TOO_LOUD = -60.0, -12.0, -3.0
"""Decibels below full scale: the left end, where it is loud enough, and where it begins to clip."""
FALL = 3.0
"""Decibels that the bar falls from one value to the next at most."""
HOLD = 12
"""Values for which the loudest one stays marked."""


class LevelMeter(QWidget):
    """Shows decibels from -60 to 0; colour, length and words say the same."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("live_level")
        self.setAccessibleName("Loudness")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._shown = self._peak = QUIETEST
        self._held = 0
        self._words = ""
        style.notifier().changed.connect(self.update)
        self.clear()

    def set_level(self, decibels: float) -> None:
        """Show another loudness; call it some ten times a second."""
        level = min(max(decibels, QUIETEST), 0.0)
        self._shown = max(level, self._shown - FALL)
        self._held += 1
        if level >= self._peak or self._held > HOLD:
            self._peak, self._held = level, 0
        self._say(level)
        self.update()

    def clear(self) -> None:
        """Nobody listens."""
        self._shown = self._peak = QUIETEST
        self._say(QUIETEST)
        self.update()

    @property
    def words(self) -> str:
        """What the bar means."""
        return self._words

    def sizeHint(self) -> QSize:
        """Wide and low, at the scale in use."""
        return QSize(style.space(20), style.space(1.5))

    def minimumSizeHint(self) -> QSize:
        """Still readable."""
        return QSize(style.space(8), style.space(1.5))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw trough, bar, marks and the loudest value of late."""
        c = style.colours()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        round_ = min(box.height() / 2, 4.0)
        painter.setPen(c.border)
        painter.setBrush(c.canvas)
        painter.drawRoundedRect(box, round_, round_)
        inside = box.adjusted(2, 2, -2, -2)
        if self._shown > QUIETEST:
            bar = QRectF(inside)
            bar.setWidth(inside.width() * self._share(self._shown))
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(c.bad if self._shown > TOO_LOUD else c.warn if self._shown > LOUD else c.good)
            painter.drawRoundedRect(bar, round_ - 1, round_ - 1)
        painter.setPen(c.muted)
        for mark in (-36.0, LOUD, TOO_LOUD):
            x = inside.left() + inside.width() * self._share(mark)
            painter.drawLine(int(x), int(inside.bottom() - inside.height() / 3), int(x), int(inside.bottom()))
        if self._peak > QUIETEST:
            x = inside.left() + inside.width() * self._share(self._peak)
            painter.setPen(c.text)
            painter.drawLine(int(x), int(inside.top()), int(x), int(inside.bottom()))
        painter.end()

    def _say(self, level: float) -> None:
        if level <= QUIETEST:
            words = "silent"
        elif level > TOO_LOUD:
            words = "too loud"
        else:
            words = "loud enough" if level > -36 else "quiet"
        if words != self._words:
            self._words = words
            self.setAccessibleDescription(words)
            self.setToolTip(f"How loud it is: {words}")

    @staticmethod
    def _share(level: float) -> float:
        return (level - QUIETEST) / -QUIETEST
