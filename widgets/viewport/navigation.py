"""Moving the camera by hand: pure steps from view to view, and what turns mouse and keys into them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from PySide6.QtCore import QEvent, QObject, QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QWidget

from emotalker.engine.render.view import MOST_PITCH, MOST_YAW, View, ViewLimits

BEYOND = 1.5
"""How much farther than the recordings the camera may go: there the picture is guessed, and farther still it breaks."""
DEGREES_PER_PICTURE = 70.0
"""A drag across the whole picture turns the head by this much."""
KEY_DEGREES = 2.0
KEY_ZOOM = 1.1
WHEEL_ZOOM = 1.0015
"""Zoom per eighth of a degree of the wheel; a notch of a common mouse has 120 of them, so 1.2."""
Move = Callable[[float, float], None]


def reach(limits: ViewLimits) -> ViewLimits:
    """The farthest yaw and pitch that are offered, degrees."""
    return ViewLimits(min(limits.yaw * BEYOND, MOST_YAW), min(limits.pitch * BEYOND, MOST_PITCH))


def is_beyond(view: View, limits: ViewLimits) -> bool:
    """Whether the camera looks from where the recordings never did."""
    return abs(view.yaw) > limits.yaw or abs(view.pitch) > limits.pitch


def orbited(view: View, limits: ViewLimits, yaw: float, pitch: float) -> View:
    """The camera moved around the head by degrees, within `reach`."""
    most = reach(limits)
    moved = replace(
        view,
        yaw=min(max(view.yaw + yaw, -most.yaw), most.yaw),
        pitch=min(max(view.pitch + pitch, -most.pitch), most.pitch),
    )
    return moved.clipped()


def zoomed(view: View, factor: float, x: float = 0.0, y: float = 0.0) -> View:
    """The picture made larger by `factor` while one of its points stays where it is.

    Args:
        view: the view.
        factor: above 1 makes larger.
        x: the point, from the picture's centre to the right, in shares of the recordings' width.
        y: likewise downwards.
    """
    zoom = replace(view, zoom=view.zoom * factor).clipped().zoom
    ratio = zoom / view.zoom
    return replace(view, zoom=zoom, pan_x=x - (x - view.pan_x) * ratio, pan_y=y - (y - view.pan_y) * ratio).clipped()


def panned(view: View, x: float, y: float) -> View:
    """The picture shifted to the right and down by shares of the recordings' width."""
    return replace(view, pan_x=view.pan_x + x, pan_y=view.pan_y + y).clipped()


class Navigator(QObject):
    """Turns a widget's mouse, wheel and keys into views.

    Left drag orbits, middle or Shift+drag moves the picture, the wheel zooms at the pointer, a double click resets;
    Ctrl+arrows orbit, plus and minus zoom, 0 resets.
    """

    changed = Signal(object)
    """The `View` after a step of the user."""

    def __init__(self, widget: QWidget, picture: Callable[[], QRectF]) -> None:
        """Watch `widget`; `picture` says where the picture lies in it, in logical pixels."""
        super().__init__(widget)
        self.view = View()
        self.limits = ViewLimits()
        self._picture = picture
        self._last: QPointF | None = None
        self._move: Move = self._drag_orbit
        self._widget = widget
        widget.installEventFilter(self)

    def orbit_by(self, yaw: float, pitch: float) -> None:
        """Move the camera around the head by degrees."""
        self._go(orbited(self.view, self.limits, yaw, pitch))

    def zoom_by(self, factor: float, at: QPointF | None = None) -> None:
        """Make the picture larger, keeping the point `at` (widget coordinates; the centre by default) in place."""
        place = self._picture()
        offset = (at - place.center()) / self._unit() if at is not None else QPointF()
        self._go(zoomed(self.view, factor, offset.x(), offset.y()))

    def pan_by(self, x: float, y: float) -> None:
        """Shift the picture right and down by shares of the recordings' width."""
        self._go(panned(self.view, x, y))

    def reset(self) -> None:
        """Look as the recordings did."""
        self._go(View(framing=self.view.framing))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Take what moves the camera, leave the rest."""
        if isinstance(event, QMouseEvent):
            return self._mouse(event)
        if isinstance(event, QWheelEvent):
            return self._wheel(event)
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            return self._key(event)
        return False

    def _mouse(self, event: QMouseEvent) -> bool:
        kind, button = event.type(), event.button()
        if kind == QEvent.Type.MouseButtonDblClick and button == Qt.MouseButton.LeftButton:
            self._stop()
            self.reset()
            return True
        if kind == QEvent.Type.MouseButtonPress and button in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            moves_picture = shift or button == Qt.MouseButton.MiddleButton
            self._move = self._drag_pan if moves_picture else self._drag_orbit
            self._last = event.position()
            shape = Qt.CursorShape.SizeAllCursor if moves_picture else Qt.CursorShape.ClosedHandCursor
            self._widget.setCursor(shape)
            return False  # the widget still takes the focus
        if kind == QEvent.Type.MouseMove and self._last is not None:
            step = event.position() - self._last
            self._last = event.position()
            self._move(step.x() / self._unit(), step.y() / self._unit())
            return True
        if kind == QEvent.Type.MouseButtonRelease and self._last is not None:
            self._stop()
            return True
        return False

    def _stop(self) -> None:
        self._last = None
        self._widget.unsetCursor()

    def _wheel(self, event: QWheelEvent) -> bool:
        turn = event.angleDelta().y()
        if turn:
            self.zoom_by(WHEEL_ZOOM**turn, event.position())
        return bool(turn)

    def _key(self, event: QKeyEvent) -> bool:
        key, control = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        turns = {
            Qt.Key.Key_Left: (-KEY_DEGREES, 0.0),
            Qt.Key.Key_Right: (KEY_DEGREES, 0.0),
            Qt.Key.Key_Up: (0.0, KEY_DEGREES),
            Qt.Key.Key_Down: (0.0, -KEY_DEGREES),
        }
        if control and key in turns:
            self.orbit_by(*turns[Qt.Key(key)])
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_by(KEY_ZOOM)
        elif key == Qt.Key.Key_Minus:
            self.zoom_by(1 / KEY_ZOOM)
        elif key == Qt.Key.Key_0:
            self.reset()
        else:
            return False
        return True

    def _drag_orbit(self, x: float, y: float) -> None:
        # the head follows the hand, so the camera goes the other way
        self.orbit_by(-x * DEGREES_PER_PICTURE, y * DEGREES_PER_PICTURE)

    def _drag_pan(self, x: float, y: float) -> None:
        self.pan_by(x, y)

    def _unit(self) -> float:
        """Logical pixels of the recordings' width on screen at zoom 1."""
        place = self._picture()
        longest = max if self.view.framing == "fill" else min
        return max(longest(place.width(), place.height()), 1.0)

    def _go(self, view: View) -> None:
        if view != self.view:
            self.view = view
            self.changed.emit(view)
