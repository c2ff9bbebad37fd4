"""What the twin feels: panel, lane and document say the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from emotalker.app.commands.performance import SetCurve
from emotalker.engine.emotion import edit
from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.engine.emotion.labels import EMOTIONS, MAX_LEVEL
from emotalker.engine.errors import UserError

if TYPE_CHECKING:
    from emotalker.app.wiring.performing import Performing
    from emotalker.engine.emotion.text import TextEmotion
    from emotalker.projects import Project

STEP = 0.1
NEUTRAL = tuple(1.0 if emotion == "neutral" else 0.0 for emotion in EMOTIONS)


class EmotionWiring(QObject):
    """Connects emotion panel and timeline lane; what is dragged is shown at once and kept at the end of the drag."""

    changed = Signal()
    """What is felt at the playhead may be another: it was edited or dragged, or the playhead moved."""

    def __init__(self, performing: Performing) -> None:
        super().__init__(performing)
        self._performing = performing
        self._studio, self._session = performing.studio, performing.session
        self._panel, self._timeline = performing.page.emotion, performing.page.timeline
        self._curve = EmotionCurve.constant("neutral", 0.0)
        self._answered: EmotionCurve | None = None
        """The curve of which the panel says for which words it stands."""
        self._panel.value_previewed.connect(self._panel_previewed)
        self._panel.value_edited.connect(self._edit)
        self._panel.reset_requested.connect(lambda: self._edit(NEUTRAL, 0.0, "Reset emotion"))
        self._panel.key_add_requested.connect(self.add_key)
        self._panel.key_step_requested.connect(self.go_to_key)
        self._panel.easing_changed.connect(self._easing_changed)
        self._panel.text_requested.connect(self._understand)
        self._panel.set_text_available(True)
        loading = performing.loading
        loading.twin_loaded.connect(lambda _avatar: self._panel.set_usable(True))
        loading.twin_gone.connect(lambda: self._panel.set_usable(False))
        loading.twin_failed.connect(lambda _error: self._panel.set_usable(False))
        self._session.project_changed.connect(self._another_project)
        self._panel.set_usable(False)
        self._timeline.curve_previewed.connect(self._preview)
        self._timeline.curve_edited.connect(lambda curve, name: self._studio.do(SetCurve(curve, name)))
        actions = self._studio.actions
        actions.on("play.key", self.add_key)
        actions.on("play.previous_key", lambda: self.go_to_key(-1))
        actions.on("play.next_key", lambda: self.go_to_key(1))
        actions.on("play.emotion_more", lambda: self._nudge(STEP))
        actions.on("play.emotion_less", lambda: self._nudge(-STEP))

    def _another_project(self, _project: Project | None) -> None:
        self._panel.drop()
        self._panel.set_usable(False)

    def show(self, curve: EmotionCurve) -> None:
        """Show and play the curve of the document."""
        if self._answered is not None and curve != self._answered:
            self._answer("")
        self._preview(curve)
        self.show_at(self._performing.time)

    def show_at(self, time: float) -> None:
        """Show in the panel what is felt at the playhead."""
        curve = self._curve
        weights, level = edit.emotion_at(curve, time)
        scope, key = edit.scope_of(curve, time), edit.key_near(curve, time)
        easing = curve.keyframes[key].easing if key is not None else None
        before, after = (self._key_beside(step) is not None for step in (-1, 1))
        self._panel.set_value(weights, level, scope != "new")
        self._panel.set_context(scope, time, easing, before, after)
        self._panel.set_timed(self._timed)
        self.changed.emit()

    @property
    def felt(self) -> tuple[tuple[float, ...], float]:
        """Shares of the emotions and level at the playhead, as they are shown."""
        return edit.emotion_at(self._curve, self._performing.time)

    def add_key(self) -> None:
        """Keep what is felt at the playhead as a keyframe."""
        if not self._timed:
            self._studio.tell("Choose a voice first: keyframes are set along it.", "warning")
            return
        time = self._performing.time
        weights, level = edit.emotion_at(self._curve, time)
        self._studio.do(SetCurve(edit.add_key(self._curve, time, weights, level), "Add keyframe"))

    def go_to_key(self, step: int) -> None:
        """Put the playhead on the keyframe before (-1) or after (+1)."""
        index = self._key_beside(step)
        if index is not None:
            self._performing.seek(self._curve.keyframes[index].time)

    @property
    def _timed(self) -> bool:
        """Whether there is a timeline: keyframes that are nowhere to be seen are not made."""
        return self._duration > 0 or len(self._curve.keyframes) > 1

    @property
    def _duration(self) -> float:
        performer = self._performing.performer
        return performer.duration if performer is not None else 0.0

    def _key_beside(self, step: int) -> int | None:
        """The next keyframe (1) or the one before (-1) that the playhead can go to: none after the end of the voice."""
        index = edit.key_beside(self._curve, self._performing.time, step)
        if index is None or 0 < self._duration < self._curve.keyframes[index].time:
            return None
        return index

    def _panel_previewed(self, weights: tuple[float, ...], level: float) -> None:
        self._preview(edit.edit_at(self._session.curve, self._performing.time, weights, level))

    def _edit(self, weights: tuple[float, ...], level: float, name: str, gesture: str = "") -> None:
        curve = edit.edit_at(self._session.curve, self._performing.time, weights, level)
        self._studio.do(SetCurve(curve, name), gesture=gesture)

    def _nudge(self, by: float) -> None:
        weights, level = edit.emotion_at(self._curve, self._performing.time)
        moved = min(max(round(level + by, 2), 0.0), MAX_LEVEL)
        if moved != level:
            gesture = f"nudge intensity at {self._performing.time:.2f}"
            self._edit(self._panel.meant(weights, moved), moved, "Change intensity", gesture)

    def _easing_changed(self, easing: str) -> None:
        key = edit.key_near(self._curve, self._performing.time)
        if key is not None:
            self._studio.do(SetCurve(edit.set_easing(self._curve, [key], easing), "Change easing"))

    def _understand(self, text: str) -> None:
        """Take words for an emotion ("a bit nervous but happy"); the text model is loaded the first time."""
        self._answer("Reading…")
        project = self._session.project
        self._studio.tasks.run(
            lambda: _read(text), lambda found: self._understood(text, found, project), self._not_understood
        )

    def _understood(self, text: str, found: TextEmotion, project: Project | None) -> None:
        if self._session.project is not project:
            self._answer("")
            return  # it was said of another twin
        if not found.sure:
            words = f"Not sure what “{text[:30]}” means. Try other English words, such as happy or nervous."
            self._answer(words, self._session.curve)
            return
        shares = sorted(zip(found.weights, EMOTIONS), reverse=True)
        words = ", ".join(f"{share:.0%} {emotion}" for share, emotion in shares[:3] if share >= 0.05)
        self._edit(tuple(float(w) for w in found.weights), float(found.level), f"Emotion “{text[:30]}”")
        self._answer(f"Taken for {words}", self._session.curve)

    def _not_understood(self, error: BaseException) -> None:
        self._answer(error.what if isinstance(error, UserError) else "", self._session.curve)
        self._studio.fail(error)

    def _answer(self, words: str, curve: EmotionCurve | None = None) -> None:
        """Say what became of the words typed; it is said as long as the document keeps this curve."""
        self._answered = curve
        self._panel.set_text_answer(words)

    def _preview(self, curve: EmotionCurve) -> None:
        self._curve = curve
        self._timeline.set_curve(curve)
        if self._performing.performer is not None:
            self._performing.performer.set_curve(curve)
        self.changed.emit()


def _read(text: str) -> TextEmotion:
    from emotalker.engine.emotion.text import embed_text

    return embed_text(text)
