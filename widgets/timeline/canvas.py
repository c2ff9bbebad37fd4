"""The picture of the timeline: keeps its layers, repaints only what has changed, and hands events on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPointF, QRect, QSize, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPixmap,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QToolTip, QWidget

from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.widgets import style
from emotalker.widgets.timeline import keyboard, menus, painting
from emotalker.widgets.timeline.gestures import Drag, Gestures
from emotalker.widgets.timeline.said import described, tip
from emotalker.widgets.timeline.scale import MARGIN
from emotalker.widgets.timeline.signals import TimelineSignals
from emotalker.widgets.timeline.state import RULER, TimelineState
from emotalker.widgets.timeline.tiles import WaveTiles

if TYPE_CHECKING:
    from emotalker.engine.media.peaks import Peaks

_TURN = 0.06  # of a page lies before the playhead when the page is turned


class Canvas(TimelineSignals):
    """Ruler, waveform and emotion lane."""

    view_changed = Signal()
    """Another part of the recording is seen."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("timeline_canvas")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.state = TimelineState()
        self.left_lane = False
        self._gestures = Gestures(self)
        self._tiles = WaveTiles()
        self._wave: QPixmap | None = None
        self._lane: QPixmap | None = None
        style.notifier().changed.connect(self._restyle)

    # ---- what is shown ----

    def set_curve(self, curve: EmotionCurve) -> None:
        """Show another curve; chosen keyframes that are gone are no longer chosen."""
        if curve == self.state.curve:
            return
        self.state.curve = curve
        self._measure()
        count = len(curve.keyframes)
        kept = tuple(i for i in self.state.selected if i < count)
        if kept != self.state.selected:
            self.select(kept, kept[-1] if kept else None)
        self.redraw_lane()

    def set_audio(self, peaks: Peaks | None, duration: float) -> None:
        """Show another recording whole."""
        changed = duration != self.state.voice
        self.state.peaks = peaks
        self._tiles.set_peaks(peaks)
        self.state.voice = max(duration, 0.0)
        if changed:
            self._gestures.cancel()
            self.state.scale.duration = self.state.reach
            self.state.scale.fit()
        self.scale_changed()

    def set_playhead(self, time: float) -> None:
        """Move the playhead; only its two strips are painted. The page turns when it leaves the picture."""
        state = self.state
        if time == state.playhead:
            return
        before = state.scale.x(state.playhead)
        was_seen = state.scale.shows(state.playhead)
        state.playhead = time
        # Whoever has scrolled away from the playhead wants to look there.
        turn = was_seen or not state.playing
        if turn and not state.scale.shows(time) and self._gestures.drag is not Drag.SCRUB:
            start = state.scale.start
            state.scale.scroll_to(time - state.scale.seen * _TURN)
            if state.scale.start != start:
                self.scale_changed()
                return
        after = state.scale.x(time)
        if round(before) != round(after):
            self.update(self._strip(before))
            self.update(self._strip(after))

    def set_loop(self, loop: tuple[float, float] | None) -> None:
        """Show another loop, or none."""
        self.state.loop = loop
        self.update()

    def set_fps(self, fps: float) -> None:
        """Frames per second of the picture."""
        if fps > 0:
            self.state.fps = float(fps)

    # ---- what gestures, keys and menus do ----

    def select(self, chosen: tuple[int, ...], current: int | None = None) -> None:
        """Choose keyframes; `current` is the one the keys go on from."""
        state = self.state
        changed = chosen != state.selected
        state.selected, state.current = chosen, current if current in chosen else None
        self.left_lane = not chosen
        self.redraw_lane()
        if changed:
            self.selection_changed.emit(list(chosen))
        self.setAccessibleDescription(described(self.state))

    def preview(self, curve: EmotionCurve, chosen: tuple[int, ...], current: int | None = None) -> None:
        """Show and tell a curve that is still being made."""
        state = self.state
        state.curve = curve
        if chosen != state.selected:
            state.selected = chosen
            self.selection_changed.emit(list(chosen))
        state.current = current if current in chosen else None
        self.redraw_lane()
        self.curve_previewed.emit(curve)

    def finish_edit(self, curve: EmotionCurve, name: str) -> None:
        """Tell the curve that an edit has made."""
        self.set_curve(curve)
        self._measure()
        self.setAccessibleDescription(described(self.state))
        self.curve_edited.emit(curve, name)

    def fit(self) -> None:
        """Show everything."""
        self.state.scale.fit()
        self.scale_changed()

    def reveal(self, time: float) -> None:
        """Scroll so that a time is seen."""
        if not self.state.scale.shows(time):
            self.state.scale.scroll_to(time - self.state.scale.seen / 2)
            self.scale_changed()

    def redraw_lane(self) -> None:
        """The lane has changed."""
        self._lane = None
        self.update(QRect(0, self.state.lane_top, self.width(), self.height() - self.state.lane_top))

    def scale_changed(self) -> None:
        """Zoom or scroll have changed: everything is drawn anew."""
        self._wave = self._lane = None
        self.update()
        self.view_changed.emit()

    @property
    def dragging(self) -> bool:
        """Whether the mouse is doing something."""
        return self._gestures.drag is not Drag.NOTHING

    @property
    def scrubbing(self) -> bool:
        """Whether the mouse holds the playhead."""
        return self._gestures.drag is Drag.SCRUB

    def cancel_drag(self) -> bool:
        """Take back what the mouse is doing; False when it does nothing."""
        return self._gestures.cancel()

    # ---- Qt ----

    def sizeHint(self) -> QSize:
        """Comfortable for two lanes."""
        return QSize(800, 180)

    def minimumSizeHint(self) -> QSize:
        """Both lanes can still be read."""
        return QSize(240, 118)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Copy what is kept, then draw loop, playhead and band over it."""
        state, rect = self.state, event.rect()
        if self._wave is None:
            self._wave = self._layer(0, state.lane_top)
        if self._lane is None:
            self._lane = self._layer(state.lane_top, self.height())
        painter = QPainter(self)
        painter.setClipRect(rect)
        ratio = self.devicePixelRatioF()
        for layer, top in ((self._wave, 0), (self._lane, state.lane_top)):
            part = rect.intersected(QRect(0, top, self.width(), round(layer.height() / ratio)))
            if not part.isEmpty():
                source = QRect(
                    round(part.x() * ratio), round((part.y() - top) * ratio),
                    round(part.width() * ratio), round(part.height() * ratio),
                )  # fmt: skip
                painter.drawPixmap(part, layer, source)
        painting.paint_after(painter, state)
        painting.paint_loop(painter, state)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painting.paint_band(painter, state)
        painting.paint_playhead(painter, state)
        if self.hasFocus():
            painting.paint_focus(painter, self.rect())
        painter.end()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep what is shown; a whole view stays whole."""
        self.state.height = event.size().height()
        self.state.scale.resize(float(event.size().width()))
        self.scale_changed()

    def event(self, event: QEvent) -> bool:
        """Keep keys that the lane needs from becoming shortcuts, and say what is beneath the mouse."""
        kind = event.type()
        if kind == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and keyboard.wants(self, event):
            event.accept()
            return True
        if kind == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            QToolTip.showText(event.globalPos(), tip(self.state, QPointF(event.pos())), self)
            return True
        if isinstance(event, QFocusEvent):
            self.left_lane = False
            self.redraw_lane()
            self.update()
        if isinstance(event, QMouseEvent | QWheelEvent) and self._mouse(event):
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Keys of the lane; others go on to the window."""
        if not keyboard.press(self, event):
            super().keyPressEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab goes through the keyframes before it leaves."""
        return keyboard.focus_step(self, forward) or super().focusNextPrevChild(forward)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """The menu of what is beneath the mouse, or of the chosen keyframes when a key asked for it."""
        state, at = self.state, QPointF(event.pos())
        if state.empty:
            return
        by_key = event.reason() == QContextMenuEvent.Reason.Keyboard
        key = state.current if by_key else state.key_at(at.x(), at.y())
        time = state.playhead if by_key else state.clamped(state.scale.time(at.x()))
        if key is not None:
            if key not in state.selected:
                self.select((key,), key)
            menu = menus.key_menu(self)
        elif by_key or at.y() >= state.lane_top or not state.voice:
            menu = menus.lane_menu(self, time)
        else:
            menu = menus.loop_menu(self, time)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def _mouse(self, event: QMouseEvent | QWheelEvent) -> bool:
        """Hand an event of the mouse on; False when it is not for the gestures."""
        if isinstance(event, QWheelEvent):
            self._gestures.wheel(event)
            return True
        begin = {
            QEvent.Type.MouseButtonPress: self._gestures.press,
            QEvent.Type.MouseMove: self._gestures.move,
            QEvent.Type.MouseButtonRelease: self._gestures.release,
            QEvent.Type.MouseButtonDblClick: self._gestures.double,
        }.get(event.type())
        if begin is None:
            return False
        begin(event)
        event.accept()
        return True

    def _layer(self, top: int, bottom: int) -> QPixmap:
        """Ruler and waveform, or the lane, as a picture."""
        ratio, width = self.devicePixelRatioF(), max(self.width(), 1)
        layer = QPixmap(round(width * ratio), max(round((bottom - top) * ratio), 1))
        layer.setDevicePixelRatio(ratio)
        painter = QPainter(layer)
        painter.translate(0, -top)
        if top == 0:
            c = style.colours()
            painter.fillRect(QRect(0, RULER, width, bottom - RULER), c.panel if self.state.empty else c.canvas)
            painting.paint_ruler(painter, self.state, self.font())
            # the last tile goes on beyond the end of the voice
            painter.setClipRect(QRect(0, RULER, round(self.state.scale.x(self.state.voice)), bottom - RULER))
            self._tiles.draw(painter, self.state.scale, RULER, bottom - RULER, 0, width)
        else:
            painting.paint_lane(painter, self.state, self.font(), self.hasFocus())
        painter.end()
        return layer

    def _measure(self) -> None:
        """Follow the last keyframe, when it is not in the hand; what was shown whole is shown whole again."""
        scale, reach = self.state.scale, self.state.reach
        if reach == scale.duration or self.dragging:
            return
        whole = scale.per_second <= scale.whole * 1.0001
        scale.duration = reach
        if whole:
            scale.fit()
        else:
            scale.zoom(1.0, MARGIN)
        self.scale_changed()

    def _strip(self, x: float) -> QRect:
        """What the playhead covers at a pixel."""
        half = int(painting.HANDLE) + 3
        return QRect(round(x) - half, 0, 2 * half + 1, self.height())

    def _restyle(self) -> None:
        self._tiles.clear()
        self.scale_changed()
