"""What the twin feels: panel, lane and document say the same."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from emotalker.app.commands.performance import SetCurve
from emotalker.engine.emotion import edit
from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.engine.emotion.labels import EMOTIONS, MAX_LEVEL

if TYPE_CHECKING:
    from emotalker.app.wiring.performing import Performing

STEP = 0.1


class EmotionWiring(QObject):
    """Connects emotion panel and timeline lane; what is dragged is shown at once and kept at the end of the drag."""

    def __init__(self, performing: Performing) -> None:
        super().__init__(performing)
        self._performing = performing
        self._studio, self._session = performing.studio, performing.session
        self._panel, self._timeline = performing.page.emotion, performing.page.timeline
        self._curve = EmotionCurve.constant("neutral", 0.0)
        self._panel.value_previewed.connect(self._panel_previewed)
        self._panel.value_edited.connect(self._panel_edited)
        self._panel.reset_requested.connect(self._reset)
        self._panel.key_add_requested.connect(self.add_key)
        self._panel.key_step_requested.connect(self.go_to_key)
        self._panel.easing_changed.connect(self._easing_changed)
        self._timeline.curve_previewed.connect(self._preview)
        self._timeline.curve_edited.connect(self._curve_edited)
        actions = self._studio.actions
        actions.on("play.key", self.add_key)
        actions.on("play.previous_key", lambda: self.go_to_key(-1))
        actions.on("play.next_key", lambda: self.go_to_key(1))
        actions.on("play.emotion_more", lambda: self._nudge(STEP))
        actions.on("play.emotion_less", lambda: self._nudge(-STEP))

    def show(self, curve: EmotionCurve) -> None:
        """Show and play the curve of the document."""
        self._curve = curve
        self._timeline.set_curve(curve)
        self._play(curve)
        self.show_at(self._performing.time)

    def show_at(self, time: float) -> None:
        """Show in the panel what is felt at the playhead."""
        weights, level = self._curve.sample([time])
        key = edit.key_near(self._curve, time)
        self._panel.set_value(tuple(float(w) for w in self._shares(weights[0], time)), float(level[0]), key is not None)

    def add_key(self) -> None:
        """Keep what is felt at the playhead as a keyframe."""
        time = self._performing.time
        weights, level = self._curve.sample([time])
        curve = edit.add_key(self._curve, time, tuple(float(w) for w in weights[0]), float(level[0]))
        self._studio.do(SetCurve(curve, "Add keyframe"))

    def go_to_key(self, direction: int) -> None:
        """Put the playhead on the keyframe before (-1) or after (+1)."""
        now = self._performing.time
        times = [k.time for k in self._curve.keyframes]
        later, earlier = [t for t in times if t > now + 0.01], [t for t in times if t < now - 0.01]
        if direction > 0 and later:
            self._performing.seek(later[0])
        elif direction < 0 and earlier:
            self._performing.seek(earlier[-1])

    def _shares(self, weights: Sequence[float], time: float) -> Sequence[float]:
        """At level 0 every emotion looks neutral; the panel then still names the one of the keyframe."""
        key = edit.key_near(self._curve, time)
        single = self._curve.keyframes[0] if len(self._curve.keyframes) == 1 else None
        chosen = self._curve.keyframes[key] if key is not None else single
        return chosen.weights if chosen is not None else weights

    def _panel_previewed(self, weights: tuple[float, ...], level: float) -> None:
        self._preview(edit.edit_at(self._session.curve, self._performing.time, weights, level))

    def _panel_edited(self, weights: tuple[float, ...], level: float, name: str) -> None:
        curve = edit.edit_at(self._session.curve, self._performing.time, weights, level)
        self._studio.do(SetCurve(curve, name))

    def _reset(self) -> None:
        neutral = tuple(1.0 if e == "neutral" else 0.0 for e in EMOTIONS)
        self._panel_edited(neutral, 0.0, "Reset emotion")

    def _nudge(self, by: float) -> None:
        time = self._performing.time
        weights, level = self._curve.sample([time])
        moved = min(max(round(float(level[0]) + by, 2), 0.0), MAX_LEVEL)
        if math.isclose(moved, float(level[0])):
            return
        shares = tuple(float(w) for w in self._shares(weights[0], time))
        curve = edit.edit_at(self._session.curve, time, shares, moved)
        self._studio.do(SetCurve(curve, "Change intensity"), gesture="nudge intensity")

    def _easing_changed(self, easing: str) -> None:
        key = edit.key_near(self._curve, self._performing.time)
        if key is not None:
            self._studio.do(SetCurve(edit.set_easing(self._curve, [key], easing), "Change easing"))

    def _preview(self, curve: EmotionCurve) -> None:
        self._curve = curve
        self._timeline.set_curve(curve)
        self._play(curve)

    def _curve_edited(self, curve: EmotionCurve, name: str) -> None:
        self._studio.do(SetCurve(curve, name))

    def _play(self, curve: EmotionCurve) -> None:
        if self._performing.performer is not None:
            self._performing.performer.set_curve(curve)
