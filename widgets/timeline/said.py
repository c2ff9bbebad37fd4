"""What the timeline says in words: tooltips, and what a screen reader reads."""

from __future__ import annotations

from PySide6.QtCore import QPointF

from emotalker.widgets.emotion.words import EASING_TITLES, emotion_words
from emotalker.widgets.timeline.scale import clock
from emotalker.widgets.timeline.state import TimelineState


def tip(state: TimelineState, at: QPointF) -> str:
    """What is beneath the mouse and what can be done with it."""
    if state.empty:
        return ""
    index = state.key_at(at.x(), at.y())
    if index is not None:
        key = state.curve.keyframes[index]
        return (
            f"{emotion_words(key.weights)}, level {key.level:.1f}, at {clock(key.time)}\n"
            f"Easing to the next: {EASING_TITLES[key.easing].lower()}\n"
            "Drag to move (Shift: one direction, Ctrl: steps of 0.1), Delete to remove, right-click for more"
        )
    if 0 < state.voice < state.scale.time(at.x()):
        return "After the end of the voice: nothing is played here. Drag keyframes back, or delete them"
    if at.y() >= state.lane_top:
        return "Emotion: double-click adds a keyframe, drag chooses several, wheel zooms, Shift+wheel scrolls"
    return "Click or drag to move the playhead, Shift+drag sets the loop, wheel zooms, Shift+wheel scrolls"


def described(state: TimelineState) -> str:
    """The current keyframe, or how many there are."""
    count = len(state.curve.keyframes)
    if state.current is None or state.current >= count:
        return f"{count} emotion keyframes, {len(state.selected)} chosen"
    key = state.curve.keyframes[state.current]
    words = emotion_words(key.weights)
    return f"Keyframe {state.current + 1} of {count}: {words}, level {key.level:.1f}, at {clock(key.time)}"
