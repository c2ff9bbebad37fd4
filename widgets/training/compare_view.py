"""A recording and its render: side by side, or one over the other with a wipe."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFontMetrics, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from emotalker.widgets import style

# the lower middle of the picture, where the mouth is when the head fills the frame; the place is not known exactly
MOUTH = QRectF(0.31, 0.43, 0.38, 0.38)
STEP = 0.05


class CompareView(QWidget):
    """Paints two pictures with their names; the wipe is moved by dragging or by the arrow keys."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("compare_view")
        self.setAccessibleName("Recording and twin")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self._pictures: list[tuple[str, QImage]] = []
        self._message = ""
        self._wipe: float | None = None
        self._zoom = False
        style.notifier().changed.connect(self.update)

    @property
    def wipe(self) -> float | None:
        """Where the wipe stands, a share of the width; None when the pictures are side by side."""
        return self._wipe

    def set_pictures(self, pictures: list[tuple[str, QImage]], message: str = "") -> None:
        """Show these pictures with their names, or a message when there are none."""
        self._pictures, self._message = pictures, message
        names = " and ".join(name for name, _ in pictures)
        self.setAccessibleDescription(names or message)
        self.update()

    def set_wipe(self, on: bool) -> None:
        """One over the other with a wipe, or side by side."""
        self._wipe = 0.5 if on else None
        self.setCursor(Qt.CursorShape.SplitHCursor if on else Qt.CursorShape.ArrowCursor)
        self.setToolTip("Drag, or press Left and Right, to wipe between the recording and the twin" if on else "")
        self.update()

    def set_zoom(self, on: bool) -> None:
        """Show the mouth only."""
        self._zoom = on
        self.update()

    def sizeHint(self) -> QSize:
        """Two pictures of a readable size."""
        return QSize(480, 240)

    def minimumSizeHint(self) -> QSize:
        """Two small pictures."""
        return QSize(240, 170)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the pictures, their names and the wipe."""
        painter = QPainter(self)
        c = style.colours()
        painter.fillRect(self.rect(), c.canvas)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not self._pictures:
            painter.setPen(c.muted)
            room = self.rect().adjusted(style.space(2), style.space(2), -style.space(2), -style.space(2))
            painter.drawText(room, Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, self._message)
        elif self._wiping:
            self._paint_wipe(painter)
        else:
            for place, (name, picture) in zip(self._places(len(self._pictures)), self._pictures):
                self._paint_picture(painter, place, picture)
                self._paint_name(painter, place, name)
        if self.hasFocus():
            painter.setPen(QPen(c.accent, 2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """The wipe goes where it is pressed."""
        self._drag(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Dragging moves the wipe."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._drag(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right move the wipe, Home and End to the ends."""
        key = event.key()
        if self._wipe is not None and key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End):
            moves = {Qt.Key.Key_Left: self._wipe - STEP, Qt.Key.Key_Right: self._wipe + STEP, Qt.Key.Key_Home: 0.0}
            self._move(moves.get(Qt.Key(key), 1.0))
            return
        super().keyPressEvent(event)

    @property
    def _wiping(self) -> bool:
        return self._wipe is not None and len(self._pictures) == 2

    def _drag(self, event: QMouseEvent) -> None:
        if self._wiping:
            place = self._places(1)[0]
            self._move((event.position().x() - place.x()) / max(place.width(), 1))

    def _move(self, wipe: float) -> None:
        self._wipe = min(max(wipe, 0.0), 1.0)
        self.update()

    def _source(self, picture: QImage) -> QRectF:
        whole = QRectF(picture.rect())
        if not self._zoom:
            return whole
        share = MOUTH
        return QRectF(
            share.x() * whole.width(),
            share.y() * whole.height(),
            share.width() * whole.width(),
            share.height() * whole.height(),
        )

    def _places(self, count: int) -> list[QRectF]:
        """Where `count` pictures go: as large as fits, beside or above one another, in the middle."""
        gap = float(style.space(1))
        shape = self._source(self._pictures[0][1])
        ratio = shape.width() / max(shape.height(), 1)
        across = min(self.height(), (self.width() - gap * (count - 1)) / count / ratio)
        down = min((self.height() - gap * (count - 1)) / count, self.width() / ratio)
        height = max(across, down)
        width = height * ratio
        columns, rows = (count, 1) if across >= down else (1, count)
        left = (self.width() - columns * width - gap * (columns - 1)) / 2
        top = (self.height() - rows * height - gap * (rows - 1)) / 2
        by_x, by_y = (width + gap, 0.0) if across >= down else (0.0, height + gap)
        return [QRectF(left + i * by_x, top + i * by_y, width, height) for i in range(count)]

    def _paint_picture(self, painter: QPainter, place: QRectF, picture: QImage) -> None:
        painter.drawImage(place, picture, self._source(picture))

    def _paint_wipe(self, painter: QPainter) -> None:
        c, place = style.colours(), self._places(1)[0]
        (before_name, before), (after_name, after) = self._pictures
        self._paint_picture(painter, place, before)
        x = place.x() + (self._wipe or 0.0) * place.width()
        right = QRectF(x, place.y(), place.right() - x, place.height())
        painter.save()
        painter.setClipRect(right)
        self._paint_picture(painter, place, after)
        painter.restore()
        painter.setPen(QPen(c.accent, 2))
        painter.drawLine(QPointF(x, place.top()), QPointF(x, place.bottom()))
        painter.setBrush(c.accent)
        painter.drawEllipse(QPointF(x, place.center().y()), style.space(1), style.space(1))
        left = QRectF(place.x(), place.y(), x - place.x(), place.height())
        self._paint_name(painter, left, before_name)
        self._paint_name(painter, right, after_name, at_right=True)

    def _paint_name(self, painter: QPainter, place: QRectF, name: str, at_right: bool = False) -> None:
        """A name on a ground of its own, so that it can be read on any picture."""
        c, pad = style.colours(), style.space(0.5)
        metrics = QFontMetrics(self.font())
        room = int(place.width()) - 4 * pad
        if room < 3 * metrics.averageCharWidth():
            return
        text = metrics.elidedText(name, Qt.TextElideMode.ElideRight, room)
        size = QSize(metrics.horizontalAdvance(text) + 2 * pad, metrics.height() + pad)
        x = int(place.right()) - size.width() - pad if at_right else int(place.x()) + pad
        box = QRect(QPoint(x, int(place.bottom()) - size.height() - pad), size)
        ground = QColor(c.panel)
        ground.setAlpha(215)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(ground)
        painter.drawRoundedRect(box, pad, pad)
        painter.setPen(c.text)
        painter.drawText(box, Qt.AlignmentFlag.AlignCenter, text)
