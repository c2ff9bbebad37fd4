"""Drawing the ruler, the emotion lane and what lies over them."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen, QPolygonF

from emotalker.engine.emotion.labels import EMOTIONS
from emotalker.widgets import style
from emotalker.widgets.emotion.words import emotion_colour, short_words, strongest
from emotalker.widgets.timeline.scale import MARGIN, ruler_label, ruler_step
from emotalker.widgets.timeline.state import RULER, TimelineState

KEY = 6.0  # px, half a diamond
HANDLE = 6.0  # px, half the playhead's handle
_NEUTRAL = EMOTIONS.index("neutral")
_WORD_GAP = 6.0


def faded(colour: QColor, alpha: float) -> QColor:
    """The colour, partly transparent."""
    made = QColor(colour)
    made.setAlphaF(alpha)
    return made


def small_font(font: QFont) -> QFont:
    """The font of labels inside the picture."""
    made = QFont(font)
    made.setPointSizeF(max(font.pointSizeF() * 0.88, 7.5))
    made.setFeature(QFont.Tag("tnum"), 1)
    return made


def paint_ruler(painter: QPainter, state: TimelineState, font: QFont) -> None:
    """Ticks and times over the whole width."""
    c, scale = style.colours(), state.scale
    painter.fillRect(QRectF(0, 0, scale.width, RULER), c.panel)
    if state.empty:
        return
    painter.setPen(QPen(c.border, 1))
    painter.drawLine(QPointF(0, RULER - 0.5), QPointF(scale.width, RULER - 0.5))
    step, parts = ruler_step(scale.per_second)
    painter.setFont(small_font(font))
    first = max(int(scale.time(-80) / step), 0)
    last = int(min(scale.time(scale.width), scale.duration) / step + 1e-6)
    for n in range(first, last + 1):
        x = round(scale.x(n * step)) + 0.5
        painter.setPen(QPen(style.mixed(c.panel, c.muted, 0.7), 1))
        painter.drawLine(QPointF(x, RULER - 9), QPointF(x, RULER - 1))
        painter.setPen(QPen(c.border, 1))
        for part in range(1, parts):
            between = scale.x((n + part / parts) * step)
            if (n + part / parts) * step <= scale.duration:
                painter.drawLine(QPointF(round(between) + 0.5, RULER - 5), QPointF(round(between) + 0.5, RULER - 1))
        label = ruler_label(n * step, step)
        if x + 4 + painter.fontMetrics().horizontalAdvance(label) <= scale.width:
            painter.setPen(c.muted)
            painter.drawText(QPointF(x + 4, RULER - 10), label)


def paint_lane(painter: QPainter, state: TimelineState, font: QFont, focused: bool) -> None:
    """Grid, curve and keyframes."""
    c, width = style.colours(), state.scale.width
    top, bottom = state.lane_top, state.height
    painter.fillRect(QRectF(0, top, width, bottom - top), c.panel)
    painter.setPen(QPen(c.border, 1))
    if state.empty:
        return
    painter.drawLine(QPointF(0, top + 0.5), QPointF(width, top + 0.5))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    for level in range(4):
        painter.setPen(QPen(style.mixed(c.panel, c.border, 0.8 if level == 0 else 0.45), 1))
        y = round(state.y(level)) + 0.5
        painter.drawLine(QPointF(0, y), QPointF(width, y))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    _paint_curve(painter, state)
    painter.setFont(small_font(font))
    _paint_levels(painter, state)
    _paint_keys(painter, state, focused)


def _paint_levels(painter: QPainter, state: TimelineState) -> None:
    """Numbers of the levels at the left border, where there is room for them."""
    metrics = QFontMetricsF(painter.font())
    # In a low lane the ends are enough.
    levels = range(4) if state.y(0) - state.y(1) >= metrics.height() * 0.9 else (0, 3)
    painter.setPen(style.colours().muted)
    for level in levels:
        painter.drawText(QPointF(2, state.y(level) + metrics.capHeight() / 2), str(level))


def _paint_curve(painter: QPainter, state: TimelineState) -> None:
    """Every emotion's part of the level, one upon the other, and the level as a line above them."""
    scale, c = state.scale, style.colours()
    left, right = max(scale.x(0.0), 0.0), min(scale.x(scale.duration), scale.width)
    if right <= left:
        return
    xs = np.unique(np.concatenate([np.arange(left, right, 2.0), [right], _corners(state, left, right)]))
    weights, level = state.curve.sample(scale.start + (xs - MARGIN) / scale.per_second)
    parts = weights.astype(np.float64)
    parts[:, _NEUTRAL] = 0
    parts *= (level / np.maximum(parts.sum(1), 1e-6))[:, None]
    zero, unit = state.y(0.0), state.y(0.0) - state.y(1.0)
    below = np.zeros(len(xs))
    painter.setPen(Qt.PenStyle.NoPen)
    for emotion in range(len(EMOTIONS)):
        if parts[:, emotion].max() < 1e-3:
            continue
        above = below + parts[:, emotion]
        outline = np.concatenate([np.stack([xs, zero - above * unit], 1), np.stack([xs, zero - below * unit], 1)[::-1]])
        painter.setBrush(faded(emotion_colour(emotion), 0.42))
        painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in outline.tolist()]))
        below = above
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(style.mixed(c.muted, c.text, 0.4), 1.5))
    line = np.stack([xs, zero - level * unit], 1)
    painter.drawPolyline(QPolygonF([QPointF(x, y) for x, y in line.tolist()]))


def _corners(state: TimelineState, left: float, right: float) -> np.ndarray:
    """Pixels of the keyframes between two pixels: the curve has its corners there."""
    xs = np.array([state.scale.x(k.time) for k in state.curve.keyframes])
    return xs[(xs >= left) & (xs <= right)]


def _paint_keys(painter: QPainter, state: TimelineState, focused: bool) -> None:
    """Diamonds, each with its emotion's word where there is room for it."""
    c, keys, points = style.colours(), state.curve.keyframes, state.key_points()
    metrics = QFontMetricsF(painter.font())
    for index, (key, (x, y)) in enumerate(zip(keys, points, strict=True)):
        if not -200 <= x <= state.scale.width + 20:
            continue
        chosen = index in state.selected
        half = KEY + (1.5 if chosen else 0.0)
        painter.setPen(QPen(c.text if chosen else style.mixed(c.panel, c.text, 0.75), 2.0 if chosen else 1.25))
        painter.setBrush(_diamond_colour(key.weights))
        painter.drawPolygon(_diamond(x, y, half))
        if chosen and focused and index == state.current:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(c.accent, 2))
            painter.drawPolygon(_diamond(x, y, half + 5))
        following = points[index + 1][0] - KEY if index + 1 < len(points) else state.scale.width
        start = x + half + _WORD_GAP
        word = short_words(key.weights)
        room = following - _WORD_GAP - start
        if metrics.horizontalAdvance(word) > room:
            word = word.split(" + ")[0] + " +…" if " + " in word else word
        if metrics.horizontalAdvance(word) > room:
            continue
        _paint_word(painter, QPointF(start, _word_y(state, y, metrics)), word, metrics, chosen)


def _word_y(state: TimelineState, y: float, metrics: QFontMetricsF) -> float:
    """Baseline of a word beside a diamond: above the line, within the lane."""
    lowest, highest = state.height - 5.0, state.lane_top + metrics.ascent() + 2
    return min(max(y - 6.0, highest), lowest)


def _paint_word(painter: QPainter, at: QPointF, word: str, metrics: QFontMetricsF, chosen: bool) -> None:
    """A word on a plate of the lane's colour, so that it is read over any curve."""
    c = style.colours()
    box = QRectF(at.x() - 3, at.y() - metrics.ascent(), metrics.horizontalAdvance(word) + 6, metrics.height())
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(faded(c.selection if chosen else c.panel, 0.85))
    painter.drawRoundedRect(box, 3, 3)
    painter.setPen(c.text)
    painter.drawText(at, word)


def _diamond_colour(weights: tuple[float, ...]) -> QColor:
    return emotion_colour(strongest(weights))


def _diamond(x: float, y: float, half: float) -> QPolygonF:
    return QPolygonF([QPointF(x, y - half), QPointF(x + half, y), QPointF(x, y + half), QPointF(x - half, y)])


def paint_after(painter: QPainter, state: TimelineState) -> None:
    """A veil over what comes after the end of the voice: keyframes there are seen, but nothing is played."""
    if not 0 < state.voice < state.scale.duration:
        return
    c, end = style.colours(), state.scale.x(state.voice)
    painter.fillRect(QRectF(end, RULER, max(state.scale.width - end, 0), state.height - RULER), faded(c.canvas, 0.55))
    painter.setPen(QPen(c.muted, 1, Qt.PenStyle.DashLine))
    painter.drawLine(QPointF(end, RULER), QPointF(end, state.height))


def paint_loop(painter: QPainter, state: TimelineState) -> None:
    """The loop as a band with two grips on the ruler, and a veil over what is not in it."""
    if state.loop is None or state.empty:
        return
    c, scale = style.colours(), state.scale
    first, last = scale.x(state.loop[0]), scale.x(state.loop[1])
    veil = faded(c.canvas, 0.55)
    painter.fillRect(QRectF(0, RULER, first, state.height - RULER), veil)
    painter.fillRect(QRectF(last, RULER, max(scale.width - last, 0), state.height - RULER), veil)
    painter.fillRect(QRectF(first, RULER - 8, last - first, 8), faded(c.accent, 0.45))
    painter.setPen(QPen(faded(c.accent, 0.7), 1, Qt.PenStyle.DashLine))
    for x in (first, last):
        painter.drawLine(QPointF(x, RULER), QPointF(x, state.height))
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(c.accent)
    # Grips point inwards, so that start and end are told apart without colour.
    for x, inward in ((first, 1), (last, -1)):
        painter.drawPolygon(
            QPolygonF([QPointF(x, RULER - 12), QPointF(x + 8 * inward, RULER - 12 + 6), QPointF(x, RULER)])
        )


def paint_playhead(painter: QPainter, state: TimelineState) -> None:
    """The line of the present moment, with a handle on the ruler."""
    if state.empty:
        return
    c = style.colours()
    x = round(state.scale.x(state.playhead)) + 0.5
    painter.setPen(QPen(c.text, 1))
    painter.drawLine(QPointF(x, HANDLE), QPointF(x, state.height))
    painter.setPen(QPen(c.window, 1))
    painter.setBrush(c.text)
    painter.drawPolygon(
        QPolygonF(
            [
                QPointF(x - HANDLE, 1), QPointF(x + HANDLE, 1), QPointF(x + HANDLE, 8),
                QPointF(x, 8 + HANDLE), QPointF(x - HANDLE, 8),
            ]
        )
    )  # fmt: skip


def paint_band(painter: QPainter, state: TimelineState) -> None:
    """The rubber band."""
    if state.band is None:
        return
    c = style.colours()
    x0, y0, x1, y1 = state.band
    painter.setPen(QPen(c.accent, 1))
    painter.setBrush(faded(c.accent, 0.18))
    painter.drawRect(QRectF(min(x0, x1), min(y0, y1), abs(x1 - x0), abs(y1 - y0)))


def paint_focus(painter: QPainter, rect: QRect) -> None:
    """A ring when the keys go to the timeline."""
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(style.colours().accent, 2))
    painter.drawRect(rect.adjusted(1, 1, -1, -1))
