"""What lies over the picture: figures, the dial of the camera, notes and states. It paints, and decides nothing."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from emotalker.engine.render.view import View, ViewLimits
from emotalker.widgets import style
from emotalker.widgets.viewport.navigation import is_beyond, reach

BEYOND_NOTE = "Beyond the recorded view: quality drops"
GLASS = 0.86
DIM = 0.82
DIAL_STEPS = 8
"""Side of the dial on the grid."""
FAN = 50.0
"""Degrees to either side that the dial's arc takes on the screen."""
WIDEST_NOTE = 46
"""A message wraps at this many grid steps."""


@dataclass(frozen=True)
class Shown:
    """What the overlay shows.

    Attributes:
        figures: of the display in the upper left corner; empty hides it.
        message: a state in the middle that covers the picture; None shows the picture.
        icon: of the message.
        view: where the camera is.
        limits: how far the recordings reach.
        has_picture: whether there is something under the message.
        drop: files are being dragged over the viewport.
        focus: the viewport has the keyboard.
    """

    figures: tuple[str, ...] = ()
    message: str | None = None
    icon: str = "person"
    view: View = field(default_factory=View)
    limits: ViewLimits = field(default_factory=ViewLimits)
    has_picture: bool = False
    drop: bool = False
    focus: bool = False


class Overlay(QWidget):
    """Paints `Shown` over the picture; lets the mouse through.

    Each part is drawn once and kept as a small pixmap until what it shows changes: the overlay is painted with every
    frame of the picture beneath it.
    """

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("viewport_overlay")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.shown = Shown()
        self._kept: dict[str, tuple[object, QPixmap]] = {}
        style.notifier().changed.connect(self.update)

    def show_now(self, **changes: object) -> None:
        """Change parts of what is shown."""
        shown = replace(self.shown, **changes)  # type: ignore[arg-type]
        if shown != self.shown:
            self.shown = shown
            self.update()

    def dial_rect(self) -> QRect:
        """Where the camera's dial lies."""
        side, edge = style.space(DIAL_STEPS), style.space(1)
        return QRect(self.width() - side - edge, self.height() - side - edge, side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Lay the parts over the picture."""
        s, painter = self.shown, QPainter(self)
        if s.message is not None:
            self._cover(painter, s)
        elif s.has_picture:
            if s.figures:
                painter.drawPixmap(QPointF(style.space(1), style.space(1)), self._part("figures", s.figures, _figures))
            dial = self.dial_rect()
            painter.drawPixmap(QPointF(dial.topLeft()), self._part("dial", (s.view, s.limits), _dial))
            if is_beyond(s.view, s.limits):
                self._note(painter, dial)
        if s.drop:
            self._frame(painter, "Drop the files here")
        elif s.focus:
            painter.setPen(QPen(style.colours().accent, 2))
            painter.drawRect(QRectF(self.rect()).adjusted(1, 1, -1, -1))
        painter.end()

    def _part(self, name: str, state: object, draw: Callable[..., QPixmap]) -> QPixmap:
        ratio = self.devicePixelRatioF()
        key = (state, ratio, style.theme(), style.space(1), self.font().pointSizeF())
        if name not in self._kept or self._kept[name][0] != key:
            self._kept[name] = key, draw(state, self.font(), ratio)
        return self._kept[name][1]

    def _note(self, painter: QPainter, dial: QRect) -> None:
        """At the lower edge, left of the dial; above it where there is no room beside it."""
        edge = style.space(1)
        room = dial.left() - 2 * edge
        note = self._part("note", (BEYOND_NOTE, room if room > style.space(20) else self.width() - 2 * edge), _note)
        size = note.deviceIndependentSize()
        below = self.height() - edge if room > style.space(20) else dial.top() - edge
        x = min(max((self.width() - size.width()) / 2, edge), max(dial.left() - edge - size.width(), edge))
        painter.drawPixmap(QPointF(x, below - size.height()), note)

    def _cover(self, painter: QPainter, s: Shown) -> None:
        veil = QColor(style.colours().canvas)
        veil.setAlphaF(DIM if s.has_picture else 1.0)
        painter.fillRect(self.rect(), veil)
        card = self._part("message", (s.message, s.icon, self.width()), _message)
        size = card.deviceIndependentSize()
        painter.drawPixmap(QPointF((self.width() - size.width()) / 2, (self.height() - size.height()) / 2), card)

    def _frame(self, painter: QPainter, text: str) -> None:
        c, edge = style.colours(), style.space(1)
        veil = QColor(c.canvas)
        veil.setAlphaF(DIM)
        painter.fillRect(self.rect(), veil)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(c.accent, 2, Qt.PenStyle.DashLine))
        painter.drawRoundedRect(QRectF(self.rect()).adjusted(edge, edge, -edge, -edge), edge, edge)
        painter.setPen(c.text)
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, text)


def _sheet(width: float, height: float, ratio: float) -> tuple[QPixmap, QPainter]:
    """A see-through pixmap of logical size, and a painter on it."""
    drawn = QPixmap(QSize(math.ceil(width * ratio), math.ceil(height * ratio)))
    drawn.setDevicePixelRatio(ratio)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    return drawn, painter


def _glass(painter: QPainter, box: QRectF, radius: float) -> None:
    """A panel through which the picture glimmers: text on it is legible over anything."""
    c = style.colours()
    panel, line = QColor(c.panel), QColor(c.border)
    panel.setAlphaF(GLASS)
    line.setAlphaF(GLASS)
    painter.setPen(QPen(line, 1))
    painter.setBrush(panel)
    painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), radius, radius)


def _figures(figures: tuple[str, ...], font: QFont, ratio: float) -> QPixmap:
    small = QFont(font)
    small.setPointSizeF(font.pointSizeF() * 0.9)
    metrics, gap = QFontMetrics(small), style.space(1)
    widths = [metrics.horizontalAdvance(text) for text in figures]
    width = sum(widths) + gap * (2 * len(figures))
    height = metrics.height() + gap
    drawn, painter = _sheet(width, height, ratio)
    _glass(painter, QRectF(0, 0, width, height), gap / 2)
    painter.setFont(small)
    c, x = style.colours(), float(gap)
    for index, (text, wide) in enumerate(zip(figures, widths, strict=True)):
        if index:
            painter.setPen(QPen(c.border, 1))
            painter.drawLine(QPointF(x - gap, gap / 2), QPointF(x - gap, height - gap / 2))
        painter.setPen(c.text)
        painter.drawText(QRectF(x, 0, wide + 1, height), Qt.AlignmentFlag.AlignVCenter, text)
        x += wide + 2 * gap
    painter.end()
    return drawn


def _note(state: tuple[str, int], font: QFont, ratio: float) -> QPixmap:
    text, room = state
    gap, side = style.space(1), style.space(2)
    small = QFont(font)
    small.setPointSizeF(font.pointSizeF() * 0.95)
    flags = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignVCenter
    box = QFontMetrics(small).boundingRect(QRect(0, 0, max(room - side - 4 * gap, side), 10_000), flags, text)
    width, height = box.width() + side + 3.5 * gap, max(box.height(), side) + gap
    drawn, painter = _sheet(width, height, ratio)
    c = style.colours()
    _glass(painter, QRectF(0, 0, width, height), gap)
    painter.drawPixmap(QPointF(gap, (height - side) / 2), style.pixmap("warning", side, c.warn, ratio))
    painter.setFont(small)
    painter.setPen(c.text)
    painter.drawText(QRectF(side + 2 * gap, 0, box.width() + gap, height), flags, text)
    painter.end()
    return drawn


def _dial(state: tuple[View, ViewLimits], font: QFont, ratio: float) -> QPixmap:
    """The head from above with the camera in front of it, and beside it the camera's height.

    Thick: what was recorded; thin: what may be tried beyond it; a dot, hollow when beyond: the camera.
    """
    view, limits = state
    c, side, gap = style.colours(), style.space(DIAL_STEPS), style.space(1)
    drawn, painter = _sheet(side, side, ratio)
    _glass(painter, QRectF(0, 0, side, side), gap)
    most, unit = reach(limits), side / 64
    # a few degrees would be a speck: the arc is opened so that what may be tried fills it
    opened = FAN / max(most.yaw, FAN / 3)
    head, radius = QPointF(25 * unit, 22 * unit), 28 * unit
    painter.setBrush(c.muted)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawEllipse(head, 6 * unit, 7 * unit)
    painter.drawEllipse(head + QPointF(0, 7.5 * unit), 2 * unit, 2 * unit)  # the nose says where the front is
    yaw_box = QRectF(head.x() - radius, head.y() - radius, 2 * radius, 2 * radius)
    for reached, pen in _strokes(most.yaw, limits.yaw, unit):
        painter.setPen(pen)
        painter.drawArc(yaw_box, round(16 * (270 - reached * opened)), round(32 * reached * opened))
    bar, middle = 56 * unit, 32 * unit
    tall = 22 * unit / most.pitch
    for reached, pen in _strokes(most.pitch, limits.pitch, unit):
        painter.setPen(pen)
        painter.drawLine(QPointF(bar, middle - reached * tall), QPointF(bar, middle + reached * tall))
    angle = math.radians(view.yaw * opened)
    at = head + QPointF(math.sin(angle), math.cos(angle)) * radius
    _dot(painter, at, abs(view.yaw) > limits.yaw, unit)
    _dot(painter, QPointF(bar, middle - view.pitch * tall), abs(view.pitch) > limits.pitch, unit)
    painter.end()
    return drawn


def _strokes(most: float, recorded: float, unit: float) -> tuple[tuple[float, QPen], tuple[float, QPen]]:
    c, cap = style.colours(), Qt.PenCapStyle.RoundCap
    return (
        (most, QPen(c.muted, 1.2 * unit, Qt.PenStyle.SolidLine, cap)),
        (recorded, QPen(c.accent, 3.6 * unit, Qt.PenStyle.SolidLine, cap)),
    )


def _dot(painter: QPainter, at: QPointF, beyond: bool, unit: float) -> None:
    c = style.colours()
    painter.setPen(QPen(c.warn if beyond else c.panel, 1.8 * unit))
    painter.setBrush(c.panel if beyond else c.text)
    painter.drawEllipse(at, 4 * unit, 4 * unit)


def _message(state: tuple[str, str, int], font: QFont, ratio: float) -> QPixmap:
    text, icon, room = state
    gap, side = style.space(1), style.space(6)
    large = QFont(font)
    large.setPointSizeF(font.pointSizeF() * 1.15)
    flags = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignHCenter
    most = max(min(style.space(WIDEST_NOTE), room - 4 * gap), side)
    box = QFontMetrics(large).boundingRect(QRect(0, 0, most, 10_000), flags, text)
    width, height = float(max(box.width(), side) + 2 * gap), float(side + 2 * gap + box.height() + gap)
    drawn, painter = _sheet(width, height, ratio)
    c = style.colours()
    painter.drawPixmap(QPointF((width - side) / 2, 0), style.pixmap(icon, side, c.muted, ratio))
    painter.setFont(large)
    painter.setPen(c.text)
    painter.drawText(QRectF(0, side + 2 * gap, width, box.height() + gap), flags, text)
    painter.end()
    return drawn
