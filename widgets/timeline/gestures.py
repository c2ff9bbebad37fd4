"""What the mouse does on the timeline: scrub, move keyframes, draw a band, set the loop."""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent

from emotalker.engine.emotion import edit
from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.widgets.timeline import changes
from emotalker.widgets.timeline.state import RULER, SHORTEST_LOOP, TimelineState

if TYPE_CHECKING:
    from emotalker.widgets.timeline.canvas import Canvas

START = 3.0  # px the mouse must go before a press is a drag
SNAP = 6.0  # px
_GRID = 0.1  # s and levels
_ZOOM = 1.2  # for one notch of the wheel
_NOTCH = 120.0


class Drag(Enum):
    """What a pressed mouse is doing."""

    NOTHING = auto()
    SCRUB = auto()
    KEYS = auto()
    BAND = auto()
    LOOP = auto()


class Gestures:
    """Turns mouse events into changes of the state and signals of the canvas."""

    def __init__(self, canvas: Canvas) -> None:
        self._canvas = canvas
        self.drag = Drag.NOTHING
        self._from = QPointF()
        self._moved = False
        self._base: EmotionCurve | None = None
        self._chosen: tuple[int, ...] = ()
        self._lead = 0
        self._single: int | None = None
        self._old_loop: tuple[float, float] | None = None
        self._fixed = 0.0

    @property
    def _state(self) -> TimelineState:
        return self._canvas.state

    def press(self, event: QMouseEvent) -> None:
        """Begin what the place of the mouse means."""
        state, at = self._state, event.position()
        if state.empty or event.button() != Qt.MouseButton.LeftButton:
            return
        self._from, self._moved = at, False
        if at.y() >= state.lane_top:
            self._press_lane(at, bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier))
            return
        end = state.loop_end_at(at.x()) if at.y() < RULER else None
        self._old_loop = state.loop
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and state.voice:
            # A new loop is drawn from here; a press alone changes nothing.
            self.drag, self._fixed = Drag.LOOP, self._time(at.x())
        elif end is not None and state.loop is not None:
            self.drag, self._fixed = Drag.LOOP, state.loop[1 - end]
        else:
            self.drag = Drag.SCRUB
            self._canvas.scrub_started.emit()
            self._scrub(at.x())

    def move(self, event: QMouseEvent) -> None:
        """Go on with it, or show by the cursor what a press would do."""
        at = event.position()
        if self.drag is Drag.NOTHING:
            self._canvas.setCursor(self._cursor(at))
            return
        if not self._moved and (at - self._from).manhattanLength() < START:
            return
        self._moved = True
        if self.drag is Drag.SCRUB:
            self._scrub(at.x())
        elif self.drag is Drag.KEYS:
            self._move_keys(at, event.modifiers())
        elif self.drag is Drag.LOOP:
            self._move_loop(at.x())
        else:
            self._move_band(at)

    def release(self, event: QMouseEvent) -> None:
        """End it, and say once what has become of it."""
        if event.button() != Qt.MouseButton.LeftButton or self.drag is Drag.NOTHING:
            return
        drag, self.drag = self.drag, Drag.NOTHING
        canvas, state = self._canvas, self._state
        if drag is Drag.SCRUB:
            canvas.scrub_ended.emit(self._time(event.position().x()))
        elif drag is Drag.KEYS and self._moved:
            many = len(self._chosen)
            if state.curve != self._base:
                canvas.finish_edit(state.curve, "Move keyframe" if many == 1 else f"Move {many} keyframes")
        elif drag is Drag.KEYS and self._single is not None:
            canvas.select((self._single,), self._single)
        elif drag is Drag.LOOP and state.loop != self._old_loop:
            canvas.loop_changed.emit(state.loop)
        elif drag is Drag.BAND:
            if not self._moved:
                canvas.select(self._chosen)
            state.band = None
            canvas.redraw_lane()

    def cancel(self) -> bool:
        """Take back a drag that is under way; False when there is none."""
        drag, self.drag = self.drag, Drag.NOTHING
        canvas, state = self._canvas, self._state
        if drag is Drag.KEYS and self._base is not None and self._moved:
            canvas.preview(self._base, self._chosen, self._chosen[self._lead])
        elif drag is Drag.LOOP:
            canvas.set_loop(self._old_loop)
        elif drag is Drag.SCRUB:
            canvas.scrub_ended.emit(state.playhead)
        state.band = None
        canvas.redraw_lane()
        return drag is not Drag.NOTHING

    def double(self, event: QMouseEvent) -> None:
        """A double click in the lane makes a keyframe on the curve."""
        state, at = self._state, event.position()
        if state.empty or at.y() < state.lane_top or event.button() != Qt.MouseButton.LeftButton:
            return
        self.drag = Drag.NOTHING
        if state.key_at(at.x(), at.y()) is None:
            changes.add_key(self._canvas, self._time(at.x()))

    def wheel(self, event: QWheelEvent) -> None:
        """Zoom at the cursor; with Shift, or sideways, scroll."""
        if self._state.empty:
            return
        delta, scale = event.angleDelta(), self._state.scale
        sideways = delta.x() if abs(delta.x()) > abs(delta.y()) else 0
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            sideways = delta.y() or delta.x()
        if sideways:
            scale.scroll_to(scale.start - sideways / _NOTCH * scale.seen * 0.1)
        else:
            scale.zoom(_ZOOM ** (delta.y() / _NOTCH), event.position().x())
        self._canvas.scale_changed()

    def _press_lane(self, at: QPointF, control: bool) -> None:
        canvas, state = self._canvas, self._state
        key = state.key_at(at.x(), at.y())
        self._single = None
        if key is None:
            self.drag = Drag.BAND
            self._chosen = state.selected if control else ()
            return
        if control:
            chosen = set(state.selected) ^ {key}
            canvas.select(tuple(sorted(chosen)), key if key in chosen else None)
            if key not in chosen:
                return
        elif key in state.selected:
            # Moving all of them must stay possible; a click that does not move chooses this one alone.
            self._single = key
            canvas.select(state.selected, key)
        else:
            canvas.select((key,), key)
        self.drag, self._base, self._chosen = Drag.KEYS, state.curve, state.selected
        self._lead = self._chosen.index(key)

    def _time(self, x: float) -> float:
        return self._state.clamped(self._state.scale.time(x))

    def _scrub(self, x: float) -> None:
        time = self._time(x)
        self._canvas.set_playhead(time)
        self._canvas.scrubbed.emit(time)

    def _move_keys(self, at: QPointF, held: Qt.KeyboardModifier) -> None:
        """Always from where the drag began, so that nothing adds up and going back brings everything back."""
        state, base = self._state, self._base
        assert base is not None
        across, up = at.x() - self._from.x(), self._from.y() - at.y()
        if held & Qt.KeyboardModifier.ShiftModifier:
            across, up = (across, 0.0) if abs(across) >= abs(up) else (0.0, up)
        key = base.keyframes[self._chosen[self._lead]]
        seconds, level = across / state.scale.per_second, up * state.levels_per_pixel()
        if held & Qt.KeyboardModifier.ControlModifier:
            seconds = round((key.time + seconds) / _GRID) * _GRID - key.time if across else 0.0
            level = round((key.level + level) / _GRID) * _GRID - key.level if up else 0.0
        elif across and abs(key.time + seconds - state.playhead) * state.scale.per_second <= SNAP:
            seconds = state.playhead - key.time
        curve, now = edit.move_keys(base, self._chosen, seconds, level, state.voice or None)
        self._canvas.preview(curve, now, now[self._lead])

    def _move_loop(self, x: float) -> None:
        state, fixed = self._state, self._fixed
        time = self._time(x)
        if abs(time - state.playhead) * state.scale.per_second <= SNAP:
            time = state.playhead
        if abs(time - fixed) < SHORTEST_LOOP:
            time = fixed + SHORTEST_LOOP if time >= fixed else fixed - SHORTEST_LOOP
        if 0 <= time <= state.voice:
            self._canvas.set_loop((min(time, fixed), max(time, fixed)))

    def _move_band(self, at: QPointF) -> None:
        state, start = self._state, self._from
        state.band = (start.x(), start.y(), at.x(), max(at.y(), float(state.lane_top)))
        x0, x1 = sorted((start.x(), at.x()))
        y0, y1 = sorted((start.y(), at.y()))
        inside = {i for i, (x, y) in enumerate(state.key_points()) if x0 <= x <= x1 and y0 <= y <= y1}
        chosen = tuple(sorted(inside | set(self._chosen)))
        self._canvas.select(chosen, chosen[-1] if chosen else None)

    def _cursor(self, at: QPointF) -> Qt.CursorShape:
        state = self._state
        if state.empty:
            return Qt.CursorShape.ArrowCursor
        if at.y() >= state.lane_top:
            over = state.key_at(at.x(), at.y()) is not None
            return Qt.CursorShape.SizeAllCursor if over else Qt.CursorShape.ArrowCursor
        if at.y() < RULER and state.loop_end_at(at.x()) is not None:
            return Qt.CursorShape.SizeHorCursor
        return Qt.CursorShape.ArrowCursor
