"""What shows a picture: the protocol of the viewport's inner backends, and the one that needs no graphics card."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRect, QRectF, QSize, Qt, Signal, SignalInstance
from PySide6.QtGui import QBrush, QImage, QPainter, QPaintEvent, QPixmap
from PySide6.QtWidgets import QWidget

from emotalker.widgets import style

if TYPE_CHECKING:
    from emotalker.engine.playback import Frame

CHECKER_CELL = 12
PATIENCE = 0.25
"""Seconds after which a late picture is better than none."""


class Canvas(Protocol):
    """Shows frames inside a `Viewport`; a QWidget."""

    @property
    def painted(self) -> SignalInstance:
        """Signal(int, float): serial and `time.perf_counter` of each new frame, once, from within its paint event."""

    @property
    def failed(self) -> SignalInstance:
        """Signal(str): a sentence why this canvas can show nothing any more."""

    def present(self, frame: Frame, announce: bool = True) -> None:
        """Show `frame` at the next paint event; `announce` says whether `painted` will tell of it."""

    def clear(self) -> None:
        """Show nothing."""

    def frame_size(self) -> QSize:
        """Size of the frame on show, pixels; empty when there is none."""

    def picture(self) -> QImage:
        """The frame on show at its own size; null when there is none."""

    def release(self) -> None:
        """Give back what the canvas holds; it is not used afterwards."""

    def hide(self) -> None:
        """As every QWidget."""

    def deleteLater(self) -> None:
        """As every QObject."""

    def setGeometry(self, place: QRect) -> None:
        """As every QWidget."""


def too_late(frame: Frame, shown_at: float) -> bool:
    """Whether to leave a frame out: it would be apart from its sound, and the picture has not stood still for long."""
    now = time.perf_counter()
    return not frame.in_time(now) and now - shown_at < PATIENCE


def letterbox(picture: QSize, room: QSize) -> QRect:
    """The largest centred place of `picture`'s shape in `room`, in device pixels; all of `room` without a picture."""
    if picture.isEmpty() or room.isEmpty():
        return QRect(0, 0, room.width(), room.height())
    size = picture.scaled(room, Qt.AspectRatioMode.KeepAspectRatio)
    # a picture of about the room's size is shown pixel by pixel: scaling by a hair only blurs
    if abs(size.width() - room.width()) <= 1 and abs(size.height() - room.height()) <= 1:
        size = room
    if abs(size.width() - picture.width()) <= 1 and abs(size.height() - picture.height()) <= 1:
        size = picture
    return QRect((room.width() - size.width()) // 2, (room.height() - size.height()) // 2, size.width(), size.height())


def device_size(widget: QWidget) -> QSize:
    """The widget's size in device pixels."""
    ratio = widget.devicePixelRatioF()
    return QSize(round(widget.width() * ratio), round(widget.height() * ratio))


def image_of(pixels: NDArray[np.uint8]) -> QImage:
    """A QImage over u8 [H, W, 3 or 4] without a copy: it is good only as long as the array.

    Raises:
        ValueError: for arrays of another kind.
    """
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] not in (3, 4):
        raise ValueError(f"a picture is u8 [H, W, 3 or 4], not {pixels.dtype} {pixels.shape}")
    rows = np.ascontiguousarray(pixels)
    height, width, channels = rows.shape
    kind = QImage.Format.Format_RGB888 if channels == 3 else QImage.Format.Format_RGBA8888
    image = QImage(rows.data, width, height, width * channels, kind)
    # PySide keeps the buffer alive only through this object
    image.rows = rows  # type: ignore[attr-defined]
    return image


class ImageCanvas(QWidget):
    """Paints the frame's finished picture: what the CPU renderer or gsplat made.

    A new frame is turned once into the format that Qt paints fastest (0.1 ms at 512x512), since a byte-RGB picture is
    scaled twice as slowly at every paint event.
    """

    painted = Signal(int, float)
    failed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setObjectName("image_canvas")
        self._frame: Frame | None = None
        self._image = QImage()
        self._waiting: int | None = None
        self._announce = True
        self._shown_at = 0.0
        self._checker: tuple[str, QBrush] | None = None

    def present(self, frame: Frame, announce: bool = True) -> None:
        """Show the frame's picture; a frame without one changes nothing."""
        if frame.image is None:
            return
        self._frame, self._waiting, self._announce = frame, frame.serial, announce
        self.update()

    def clear(self) -> None:
        """Show nothing."""
        self._frame = self._waiting = None
        self._image = QImage()
        self.update()

    def frame_size(self) -> QSize:
        """Size of the frame on show, pixels."""
        if self._frame is None or self._frame.image is None:
            return QSize()
        return QSize(self._frame.image.shape[1], self._frame.image.shape[0])

    def picture(self) -> QImage:
        """The frame on show, with its alpha where it has one; a copy."""
        if self._waiting is not None:
            self._take()
        if self._image.isNull():
            return QImage()
        alpha = self._image.hasAlphaChannel()
        return self._image.convertToFormat(QImage.Format.Format_RGBA8888 if alpha else QImage.Format.Format_RGB888)

    def release(self) -> None:
        """Let go of the frame."""
        self.clear()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Lay the picture into its place, and say so once per frame."""
        fresh = self._waiting
        if fresh is not None and self._frame is not None and too_late(self._frame, self._shown_at):
            fresh = self._waiting = None
        if fresh is not None:
            self._take()
        painter = QPainter(self)
        if self._image.isNull():
            painter.fillRect(self.rect(), style.colours().canvas)
        else:
            self._lay(painter)
        painter.end()
        if fresh is not None:
            self._waiting, self._shown_at = None, time.perf_counter()
            if self._announce:
                self.painted.emit(fresh, self._shown_at)

    def _take(self) -> None:
        if self._frame is None or self._frame.image is None:
            return
        image = image_of(self._frame.image)
        fast = QImage.Format.Format_ARGB32_Premultiplied if image.hasAlphaChannel() else QImage.Format.Format_RGB32
        self._image = image.convertToFormat(fast)

    def _lay(self, painter: QPainter) -> None:
        ratio, room = self.devicePixelRatioF(), device_size(self)
        place = letterbox(self._image.size(), room)
        painter.scale(1 / ratio, 1 / ratio)
        canvas = style.colours().canvas
        for bar in _bars(place, room):
            painter.fillRect(bar, canvas)
        if self._image.hasAlphaChannel():
            painter.fillRect(place, self._checkers())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, place.size() != self._image.size())
        painter.drawImage(QRectF(place), self._image, QRectF(self._image.rect()))

    def _checkers(self) -> QBrush:
        c = style.colours()
        if self._checker is None or self._checker[0] != style.theme():
            tile = QPixmap(2 * CHECKER_CELL, 2 * CHECKER_CELL)
            tile.fill(style.mixed(c.raised, c.text, 0.12))
            painter = QPainter(tile)
            for corner in (0, CHECKER_CELL):
                painter.fillRect(corner, corner, CHECKER_CELL, CHECKER_CELL, style.mixed(c.raised, c.text, 0.24))
            painter.end()
            self._checker = style.theme(), QBrush(tile)
        return self._checker[1]


def _bars(place: QRect, room: QSize) -> list[QRect]:
    """What of `room` the picture leaves bare."""
    right, below = place.x() + place.width(), place.y() + place.height()
    bars = (
        QRect(0, 0, room.width(), place.y()),
        QRect(0, below, room.width(), room.height() - below),
        QRect(0, place.y(), place.x(), place.height()),
        QRect(right, place.y(), room.width() - right, place.height()),
    )
    return [bar for bar in bars if not bar.isEmpty()]
