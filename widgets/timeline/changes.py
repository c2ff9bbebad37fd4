"""Edits that mouse, keys and menus share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emotalker.engine.emotion import edit
from emotalker.widgets.timeline.state import SHORTEST_LOOP

if TYPE_CHECKING:
    from emotalker.widgets.timeline.canvas import Canvas


def add_key(canvas: Canvas, time: float) -> None:
    """Make a keyframe on the curve and choose it; an existing one is only chosen."""
    old = canvas.state.curve
    curve = edit.add_key(old, time)
    index = edit.key_near(curve, time, edit.MIN_GAP)
    canvas.state.curve = curve
    canvas.select(() if index is None else (index,), index)
    if len(curve.keyframes) != len(old.keyframes):
        canvas.finish_edit(curve, "Add keyframe")


def delete_selected(canvas: Canvas) -> None:
    """Remove the chosen keyframes; the last one stays."""
    old = canvas.state.curve
    curve = edit.delete_keys(old, canvas.state.selected)
    gone = len(old.keyframes) - len(curve.keyframes)
    if gone:
        canvas.state.curve = curve
        canvas.select(())
        canvas.finish_edit(curve, "Delete keyframe" if gone == 1 else f"Delete {gone} keyframes")


def go_to(canvas: Canvas, time: float) -> None:
    """Put the playhead somewhere, as a click on the ruler does."""
    canvas.scrub_started.emit()
    canvas.set_playhead(time)
    canvas.scrub_ended.emit(time)


def mark(canvas: Canvas, end: int, time: float) -> None:
    """Begin (0) or end (1) the loop at a time; the other end moves out of the way if it must."""
    duration = canvas.state.voice
    first, last = canvas.state.loop or (0.0, duration)
    if end == 0:
        first = min(time, max(duration - SHORTEST_LOOP, 0.0))
        last = last if last - first >= SHORTEST_LOOP else duration
    else:
        last = max(time, min(SHORTEST_LOOP, duration))
        first = first if last - first >= SHORTEST_LOOP else 0.0
    canvas.set_loop((first, last))
    canvas.loop_changed.emit(canvas.state.loop)


def clear_loop(canvas: Canvas) -> None:
    """Take the loop away."""
    canvas.set_loop(None)
    canvas.loop_changed.emit(None)
