"""The panel that says what the twin feels, at the playhead or all the time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDoubleSpinBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from emotalker.engine.emotion.labels import EMOTIONS, MAX_LEVEL, emotion_index
from emotalker.widgets import style
from emotalker.widgets.common.number_box import off_the_border
from emotalker.widgets.emotion.entry import Escape, WordsField
from emotalker.widgets.emotion.keys import KeyRow
from emotalker.widgets.emotion.level import STEPS, LevelMarks, LevelSlider
from emotalker.widgets.emotion.mix import MixSection
from emotalker.widgets.emotion.words import TITLES, emotion_words, strongest

CLEAR = 2.0  # level an emotion gets when it is chosen while everything is neutral
_NEUTRAL = EMOTIONS.index("neutral")
_PAUSE_MS = 300  # after a nudge by key or wheel; more of them are one edit
_LEAST_SHARE = 0.005
_LONGEST_SCOPE = "New keyframe at playhead"


class EmotionPanel(QFrame):
    """Emotion, intensity, mix, and the keyframe at the playhead."""

    value_previewed = Signal(object, float)
    """(weights tuple[8], level) while something is dragged, in the turn of the event loop it moves in."""
    value_edited = Signal(object, float, str)
    """(weights, level, name of the edit), once, at the end."""
    reset_requested = Signal()
    """Back to neutral."""
    key_add_requested = Signal()
    """Keep the emotion at the playhead as a keyframe."""
    key_step_requested = Signal(int)
    """Go to the next (1) or previous (-1) keyframe."""
    easing_changed = Signal(str)
    """How the keyframe at the playhead goes on to the next."""
    text_requested = Signal(str)
    """An emotion in words was typed; whoever understands it answers with `set_value` and `set_text_answer`."""
    left = Signal()
    """Nothing more is to be done at the control that has the focus: the keys should play again."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("emotion_panel")
        self.setProperty("role", "card")
        self.setAccessibleName("Emotion")
        self._weights: tuple[float, ...] = tuple(float(e == _NEUTRAL) for e in range(len(EMOTIONS)))
        self._level = 0.0
        self._last_emotion = EMOTIONS.index("happy")
        self._name = ""
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.timeout.connect(self.finish)
        self._build()
        self._connect()
        style.notifier().changed.connect(self._restyle)
        self._restyle()
        self.set_text_available(False)
        self._show_value()
        self.set_context("whole", 0.0)

    # ---- what is shown ----

    @property
    def busy(self) -> bool:
        """Whether the user is changing something; what is set meanwhile is not shown."""
        return self._slider.isSliderDown() or self._mix.busy or self._pause.isActive()

    def set_value(self, weights: Sequence[float], level: float, at_key: bool) -> None:
        """Show the emotion at the playhead; cheap, may be called for every frame. Ignored while something is dragged.

        Args:
            weights: shares of the eight emotions.
            level: 0 to 3.
            at_key: whether the playhead is at a keyframe, or the whole performance has one emotion.
        """
        self._keys.set_at_key(at_key)
        shown = tuple(float(w) for w in weights)
        if self.busy or (shown == self._weights and level == self._level):
            return
        self._weights, self._level = shown, float(level)
        if strongest(shown) != _NEUTRAL:
            self._last_emotion = strongest(shown)
        self._show_value()

    def set_context(
        self, scope: str, time: float, easing: str | None = None, before: bool = True, after: bool = True
    ) -> None:
        """Say what an edit changes.

        Args:
            scope: "whole", "key" or "new", as `engine.emotion.edit.scope_of` says.
            time: of the keyframe, seconds.
            easing: of the keyframe, None where there is none.
            before: whether there is a keyframe to go back to.
            after: whether there is one to go on to.
        """
        words = {
            "whole": ("Whole performance", "There is one keyframe: changes hold for the whole performance"),
            "key": (f"Keyframe at {short_clock(time)}", "Changes are made to this keyframe"),
            "new": (_LONGEST_SCOPE, "A change adds a keyframe where the playhead is"),
        }[scope]
        if self._badge.text() != words[0]:
            self._badge.setText(words[0])
            self._badge.setToolTip(words[1])
        self._keys.set_at_key(scope != "new")
        self._keys.set_context(easing, before, after)

    def set_timed(self, timed: bool) -> None:
        """Whether keyframes can be set: along a voice, or beside those that are there."""
        self._keys.set_timed(timed)

    def set_recorded(self, recorded: Iterable[tuple[str | int, float]]) -> None:
        """Which emotions and levels the twin was trained with; the others are marked."""
        levels: dict[int, set[float]] = {}
        for emotion, level in recorded:
            levels.setdefault(emotion if isinstance(emotion, int) else emotion_index(emotion), set()).add(level)
        for index, name in enumerate(EMOTIONS):
            seen = sorted(levels.get(index, ()))
            known = bool(seen) or not levels
            self._emotion.setItemText(index, TITLES[name] if known else f"{TITLES[name]} (not recorded)")
            told = (
                f"Recorded at level {', '.join(f'{level:g}' for level in seen)}" if seen
                else "" if known
                else "No clip shows this person so: the twin's face is guessed from other emotions"
            )  # fmt: skip
            self._emotion.setItemData(index, told or None, Qt.ItemDataRole.ToolTipRole)
        self._show_emotion()

    def set_usable(self, usable: bool) -> None:
        """Whether there is a twin that could feel something."""
        focus = QApplication.focusWidget()
        if not usable and focus is not None and self.isAncestorOf(focus):
            self.left.emit()
        self.setEnabled(usable)

    def set_text_available(self, available: bool) -> None:
        """Whether somebody understands emotions in words; the field is hidden otherwise."""
        self._words.setVisible(available)

    def set_text_answer(self, words: str) -> None:
        """What the typed words were taken for, or why not."""
        self._words.set_answer(words)

    # ---- inside ----

    def _build(self) -> None:
        title, self._badge = QLabel("Emotion"), _Scope()
        title.setProperty("role", "heading")
        self._badge.setObjectName("emotion_scope")
        self._badge.setProperty("role", "badge")
        self._badge.setAccessibleName("What is edited")
        head = QHBoxLayout()
        head.addWidget(title)
        head.addStretch(1)
        head.addWidget(self._badge)
        self._make_controls()
        column = QVBoxLayout(self)
        column.setContentsMargins(*(style.space(1.5),) * 4)
        column.setSpacing(style.space(1))
        column.addLayout(head)
        column.addLayout(self._grid())
        for widget in (self._words, self._fold, self._mix, self._keys):
            column.addWidget(widget)

    def _make_controls(self) -> None:
        """Emotion, intensity and mix."""
        self._emotion = QComboBox()
        self._emotion.setObjectName("emotion_choice")
        self._emotion.setAccessibleName("Emotion")
        for name in EMOTIONS:
            self._emotion.addItem(TITLES[name])
        self._slider = LevelSlider()
        self._slider.setObjectName("emotion_level")
        self._slider.setAccessibleName("Intensity")
        self._slider.setToolTip("Intensity from 0 to 3; live while playing. Double-click resets (Ctrl+Up, Ctrl+Down)")
        self._box = QDoubleSpinBox()
        self._box.setObjectName("emotion_level_value")
        self._box.setAccessibleName("Intensity as a number")
        self._box.setToolTip("Intensity from 0 to 3")
        self._box.setRange(0.0, MAX_LEVEL)
        self._box.setSingleStep(0.1)
        self._box.setDecimals(2)
        self._box.setKeyboardTracking(False)
        off_the_border(self._box)
        self._reset = _button("emotion_reset", "reset", "Reset", "Back to neutral")
        self._words = WordsField()
        self._mix = MixSection()
        self._fold = _button("emotion_mix_fold", "chevron_right", "Mix", "Mix in a second emotion")
        self._fold.setText("Mix two emotions")
        self._fold.setCheckable(True)
        self._mix.setVisible(False)
        self._keys = KeyRow()

    def _grid(self) -> QGridLayout:
        """Emotion above intensity, its number and the way back at the right."""
        grid = QGridLayout()
        grid.setHorizontalSpacing(style.space(1))
        grid.setVerticalSpacing(style.space(0.5))
        intensity = QLabel("Intensity")
        intensity.setBuddy(self._slider)
        grid.addWidget(self._emotion, 0, 0, 1, 3)  # room for "Contempt (not recorded)"
        grid.addWidget(intensity, 1, 0)
        grid.addWidget(self._box, 1, 1)
        grid.addWidget(self._reset, 1, 2)
        grid.addWidget(self._slider, 2, 0, 1, 3)
        grid.addWidget(LevelMarks(self._slider), 3, 0, 1, 3)
        grid.setColumnStretch(0, 1)
        return grid

    def _connect(self) -> None:
        self._emotion.activated.connect(self._choose)
        self._slider.valueChanged.connect(self._slide)
        self._slider.sliderReleased.connect(self._release)
        self._slider.reset_requested.connect(self._ask_reset)
        self._box.valueChanged.connect(self._type_level)
        self._box.lineEdit().returnPressed.connect(self._end_typing)
        Escape(self._box).pressed.connect(self._end_typing)
        self._reset.clicked.connect(self._ask_reset)
        self._fold.toggled.connect(self._unfold)
        self._mix.previewed.connect(lambda: self._mix_changed(False))
        self._mix.edited.connect(lambda: self._mix_changed(True))
        self._mix.left.connect(self.left)
        self._words.requested.connect(self.text_requested)
        self._words.left.connect(self.left)
        self._keys.add_requested.connect(self.key_add_requested)
        self._keys.step_requested.connect(self.key_step_requested)
        self._keys.easing_changed.connect(self.easing_changed)
        self._keys.left.connect(self.left)

    def _choose(self, emotion: int) -> None:
        """Another main emotion; what is mixed in stays."""
        if emotion == _NEUTRAL:
            self._mix.show_mix(emotion, None, 0.0)
        else:
            self._last_emotion = emotion
        shown = self._level * (1 - self._weights[_NEUTRAL]) > 0
        level = 0.0 if emotion == _NEUTRAL else self._level if shown else CLEAR
        self._edit(self._mix.mixed(emotion), level, "Change emotion")

    def _slide(self, value: int) -> None:
        """Live, in the same turn of the event loop; by key or wheel it counts as done after a short rest."""
        self._preview_level(value / STEPS)
        if not self._slider.isSliderDown():
            self._pause.start(_PAUSE_MS)

    def _release(self) -> None:
        """A click waits for a second one: with it, only the reset is an edit."""
        if self._slider.clicked and self._name:
            self._pause.start(QApplication.doubleClickInterval())
        else:
            self.finish()

    def _type_level(self, level: float) -> None:
        self._preview_level(level)
        self._pause.start(_PAUSE_MS)

    def _end_typing(self) -> None:
        """Enter has taken the number over already; what Escape finds in the box is forgotten."""
        self.finish()
        self._show_value()
        self.left.emit()

    def _preview_level(self, level: float) -> None:
        self._weights, self._level = self.meant(self._weights, level), level
        self._name = "Change intensity"
        self._show_value()
        self.value_previewed.emit(self._weights, self._level)

    def _mix_changed(self, done: bool) -> None:
        weights = self._mix.mixed(max(self._emotion.currentIndex(), 0))
        if done:
            self._edit(weights, self._level, "Change mix")
            return
        self._weights, self._name = weights, "Change mix"
        self.value_previewed.emit(self._weights, self._level)

    def _edit(self, weights: tuple[float, ...], level: float, name: str) -> None:
        if not self._name and level == self._level and max(map(_distance, weights, self._weights)) < _LEAST_SHARE:
            return  # what is there already was chosen again: that makes no keyframe
        self._weights, self._level, self._name = weights, level, name
        self._show_value()
        self.finish()

    def finish(self) -> None:
        """Keep at once what is only shown yet: it belongs to the playhead as it is now."""
        self._pause.stop()
        if self._name:
            name, self._name = self._name, ""
            self.value_edited.emit(self._weights, self._level, name)

    def drop(self) -> None:
        """Forget what is only shown yet."""
        self._pause.stop()
        self._name = ""

    def meant(self, weights: Sequence[float], level: float) -> tuple[float, ...]:
        """The shares a level is of: of neutral the emotion last chosen, as more of it would be the same face."""
        if weights[_NEUTRAL] > 1 - _LEAST_SHARE and level > 0:
            return tuple(float(e == self._last_emotion) for e in range(len(EMOTIONS)))
        return tuple(weights)

    def _ask_reset(self) -> None:
        self.drop()
        self.reset_requested.emit()

    def _unfold(self, on: bool) -> None:
        self._mix.setVisible(on)
        self._fold.setIcon(style.icon("chevron_down" if on else "chevron_right"))

    def _show_value(self) -> None:
        """Put the value into every control, without telling it."""
        controls = (self._emotion, self._slider, self._box)
        for control in controls:
            control.blockSignals(True)
        if not self._slider.isSliderDown():
            self._slider.setValue(round(self._level * STEPS))
        self._box.setValue(self._level)
        if not self._mix.busy:
            main = strongest(self._weights)
            self._emotion.setCurrentIndex(main)
            others = [e for e in range(len(EMOTIONS)) if e not in (main, _NEUTRAL) and self._weights[e] > _LEAST_SHARE]
            second = max(others, key=lambda e: self._weights[e], default=None)
            self._mix.show_mix(main, second, self._weights[second] if second is not None else 0.0)
        for control in controls:
            control.blockSignals(False)
        self._show_emotion()

    def _show_emotion(self) -> None:
        told = self._emotion.currentData(Qt.ItemDataRole.ToolTipRole)
        self._emotion.setToolTip("What the twin feels: " + emotion_words(self._weights) + (f"\n{told}" if told else ""))

    def _restyle(self) -> None:
        self._reset.setIcon(style.icon("reset"))
        self._unfold(self._fold.isChecked())


class _Scope(QLabel):
    """A badge as wide as its longest words: the picture beside the panel must not change its size at a keyframe."""

    def __init__(self) -> None:
        super().__init__()
        self.setAlignment(Qt.AlignmentFlag.AlignCenter)

    def sizeHint(self) -> QSize:
        """Room for the longest words."""
        return self._with_room(super().sizeHint())

    def minimumSizeHint(self) -> QSize:
        """Room for the longest words."""
        return self._with_room(super().minimumSizeHint())

    def _with_room(self, size: QSize) -> QSize:
        advance = self.fontMetrics().horizontalAdvance
        return QSize(size.width() + max(advance(_LONGEST_SCOPE) - advance(self.text()), 0), size.height())


def _distance(a: float, b: float) -> float:
    return abs(a - b)


def short_clock(seconds: float) -> str:
    """0:03.2, for badges."""
    tenths = round(max(seconds, 0.0) * 10)
    return f"{tenths // 600}:{tenths // 10 % 60:02d}.{tenths % 10}"


def _button(name: str, icon: str, title: str, tip: str) -> QToolButton:
    button = QToolButton()
    button.setObjectName(name)
    button.setProperty("role", "quiet")
    button.setText(title)
    button.setIcon(style.icon(icon))
    button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
    button.setAccessibleName(title)
    button.setToolTip(tip)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    return button
