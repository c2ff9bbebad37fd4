"""The timeline without a mouse: choosing, nudging and deleting keyframes by keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent

from emotalker.engine.emotion import edit
from emotalker.widgets.timeline import changes

if TYPE_CHECKING:
    from emotalker.widgets.timeline.canvas import Canvas

_LEVEL = 0.1
_COMMANDS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier
_ALWAYS = {Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight}
_WITH_SELECTION = {
    Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Delete, Qt.Key.Key_Backspace,
    Qt.Key.Key_Escape,
}  # fmt: skip


def wants(canvas: Canvas, event: QKeyEvent) -> bool:
    """Whether the lane needs this key, so that it is not taken for a shortcut of the window.

    Without a chosen keyframe the arrows go on moving the playhead, as everywhere on the page.
    """
    if canvas.state.empty or event.modifiers() & _COMMANDS:
        return False
    key = event.key()
    if key == Qt.Key.Key_Escape and canvas.dragging:
        return True
    return key in _ALWAYS or (key in _WITH_SELECTION and bool(canvas.state.selected))


def press(canvas: Canvas, event: QKeyEvent) -> bool:
    """Do what the key means; False when it means nothing here."""
    state, key = canvas.state, event.key()
    if key == Qt.Key.Key_A and event.modifiers() & Qt.KeyboardModifier.ControlModifier and not state.empty:
        canvas.select(tuple(range(len(state.curve.keyframes))), 0)
        return True
    if not wants(canvas, event):
        return False
    if key in _ALWAYS:
        step(canvas, 1 if key == Qt.Key.Key_BracketRight else -1)
    elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
        changes.delete_selected(canvas)
    elif key == Qt.Key.Key_Escape:
        if not canvas.cancel_drag():
            canvas.select(())
    else:
        frame = 1.0 / state.fps
        across = {Qt.Key.Key_Left: -frame, Qt.Key.Key_Right: frame}.get(Qt.Key(key), 0.0)
        up = {Qt.Key.Key_Up: _LEVEL, Qt.Key.Key_Down: -_LEVEL}.get(Qt.Key(key), 0.0)
        many = 10.0 if across and event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0
        nudge(canvas, across * many, up)
    return True


def step(canvas: Canvas, direction: int) -> None:
    """Choose the next or previous keyframe and go there: from the current one, else from the playhead."""
    state = canvas.state
    if state.current is not None:
        index: int | None = state.current + direction
        index = index if index is not None and 0 <= index < len(state.curve.keyframes) else None
    else:
        index = edit.key_beside(state.curve, state.playhead, direction)
    if index is not None:
        canvas.select((index,), index)
        changes.go_to(canvas, state.curve.keyframes[index].time)


def nudge(canvas: Canvas, seconds: float, level: float) -> None:
    """Move what is chosen by a frame or a tenth of a level."""
    state = canvas.state
    curve, now = edit.move_keys(state.curve, state.selected, seconds, round(level, 3), state.voice or None)
    if curve == state.curve:
        return
    lead = state.selected.index(state.current) if state.current in state.selected else 0
    canvas.preview(curve, now, now[lead])
    canvas.finish_edit(curve, "Move keyframe" if len(now) == 1 else f"Move {len(now)} keyframes")


def focus_step(canvas: Canvas, forward: bool) -> bool:
    """Tab from keyframe to keyframe; False when the focus should leave the lane (at its ends, or after Escape).

    One comes in with Tab on the lane as a whole; the next Tab is at the first keyframe.
    """
    state, count = canvas.state, len(canvas.state.curve.keyframes)
    if state.empty or canvas.left_lane:
        canvas.left_lane = False
        return False
    index = (0 if forward else None) if state.current is None else state.current + (1 if forward else -1)
    if index is None or not 0 <= index < count:
        return False
    canvas.select((index,), index)
    canvas.reveal(state.curve.keyframes[index].time)
    return True
