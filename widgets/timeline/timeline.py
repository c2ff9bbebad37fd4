"""The timeline widget: the picture, a scroll bar, zoom buttons, and what is said while there is no voice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QScrollBar, QToolButton, QVBoxLayout, QWidget

from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.widgets import style
from emotalker.widgets.common.drops import FileDrop
from emotalker.widgets.timeline.canvas import Canvas
from emotalker.widgets.timeline.signals import TimelineSignals

if TYPE_CHECKING:
    from emotalker.engine.media.peaks import Peaks

_ZOOM = 1.5
_UNIT = 1000  # steps of the scroll bar per second


class Timeline(TimelineSignals):
    """Waveform, playhead, loop and emotion keyframes of a performance."""

    files_dropped = Signal(object)
    """list[Path]: files that were dropped; a sound or video among them is the new voice."""
    choose_requested = Signal()
    """The button of the empty timeline: let the user choose a voice."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("timeline")
        FileDrop(self).dropped.connect(self.files_dropped)
        self.canvas = Canvas(self)
        self.canvas.setAccessibleName("Timeline")
        self.say_for(self.canvas)
        self.canvas.view_changed.connect(self._show_view)
        self._bar = QScrollBar(Qt.Orientation.Horizontal)
        self._bar.setObjectName("timeline_scroll")
        self._bar.setAccessibleName("Scroll the timeline")
        self._bar.setToolTip("Scroll the timeline (Shift+wheel)")
        self._bar.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._bar.valueChanged.connect(self._scrolled)
        self._out = self._button("remove", "timeline_zoom_out", "Zoom out (wheel)", lambda: self._zoom(1 / _ZOOM))
        self._in = self._button("add", "timeline_zoom_in", "Zoom in (wheel)", lambda: self._zoom(_ZOOM))
        self._fit = self._button("fit_width", "timeline_fit", "Show the whole recording", self.canvas.fit)
        self._below = QWidget()
        below = QHBoxLayout(self._below)
        below.setContentsMargins(0, 0, 0, 0)
        below.setSpacing(style.space(0.5))
        below.addWidget(self._bar, 1)
        for button in (self._out, self._in, self._fit):
            below.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.canvas, 1)
        column.addWidget(self._below)
        self._empty = self._empty_state()
        style.notifier().changed.connect(self._restyle)
        self._restyle()
        self._show_view()

    # ---- what is shown ----

    @property
    def curve(self) -> EmotionCurve:
        """The curve that is shown, live during a drag."""
        return self.canvas.state.curve

    @property
    def selection(self) -> list[int]:
        """Indices of the chosen keyframes."""
        return list(self.canvas.state.selected)

    def set_curve(self, curve: EmotionCurve) -> None:
        """Show another curve."""
        self.canvas.set_curve(curve)

    def set_audio(self, peaks: Peaks | None, duration: float) -> None:
        """Show another voice; `peaks` may follow later, a duration of 0 means that there is none.

        Without one, keyframes are shown as far as they reach, for they act on a silent twin too.
        """
        self.canvas.set_audio(peaks, duration)

    def set_playhead(self, time: float) -> None:
        """Move the playhead (seconds); cheap, may be called for every frame."""
        if not self.canvas.scrubbing:
            self.canvas.set_playhead(time)

    def set_loop(self, loop: tuple[float, float] | None) -> None:
        """Show another loop, or none."""
        self.canvas.set_loop(loop)

    def set_playing(self, playing: bool) -> None:
        """While playing, the page turns when the playhead reaches its end."""
        self.canvas.state.playing = playing

    def set_fps(self, fps: float) -> None:
        """Frames per second, for nudging by a frame."""
        self.canvas.set_fps(fps)

    # ---- Qt ----

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Keep the words of the empty timeline in the middle."""
        super().resizeEvent(event)
        self._empty.setGeometry(self.canvas.geometry())

    # ---- inside ----

    def _zoom(self, factor: float) -> None:
        """Zoom at the playhead, or at the middle when it is not seen."""
        state = self.canvas.state
        at = state.playhead if state.scale.shows(state.playhead) else state.scale.start + state.scale.seen / 2
        state.scale.zoom(factor, state.scale.x(at))
        self.canvas.scale_changed()

    def _scrolled(self, value: int) -> None:
        self.canvas.state.scale.scroll_to(value / _UNIT)
        self.canvas.scale_changed()

    def _show_view(self) -> None:
        """Scroll bar and buttons follow zoom and scroll."""
        state = self.canvas.state
        scale = state.scale
        self._bar.blockSignals(True)
        self._bar.setRange(0, round(scale.last_start * _UNIT))
        self._bar.setPageStep(max(round(scale.seen * _UNIT), 1))
        self._bar.setSingleStep(max(round(scale.seen * _UNIT / 10), 1))
        self._bar.setValue(round(scale.start * _UNIT))
        self._bar.blockSignals(False)
        whole = scale.per_second <= scale.whole * 1.0001
        self._bar.setEnabled(not state.empty and not whole)
        self._out.setEnabled(not state.empty and not whole)
        self._fit.setEnabled(not state.empty and not whole)
        self._in.setEnabled(not state.empty)
        self._empty.setVisible(state.empty)
        self._below.setVisible(not state.empty)

    def _button(self, icon: str, name: str, tip: str, act: object) -> QToolButton:
        button = QToolButton()
        button.setObjectName(name)
        button.setProperty("role", "quiet")
        button.setProperty("icon_name", icon)
        button.setIconSize(QSize(14, 14))
        # The timeline is often low: the sheet's roomy buttons would take a sixth of it.
        button.setStyleSheet("QToolButton { padding: 1px; min-height: 16px; min-width: 18px; }")
        button.setToolTip(tip)
        button.setAccessibleName(tip.split(" (")[0])
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(act)
        return button

    def _empty_state(self) -> QWidget:
        """The invitation over an empty timeline."""
        box = QWidget(self)
        box.setObjectName("timeline_empty")
        words = QLabel("Drop a sound or video file here, or choose one")
        words.setProperty("role", "muted")
        words.setWordWrap(True)
        words.setAlignment(Qt.AlignmentFlag.AlignCenter)
        choose = QPushButton("Choose a voice…")
        choose.setObjectName("timeline_choose")
        choose.setAccessibleName("Choose a voice")
        choose.setToolTip("Choose the recording the twin says: a sound file, or a video with sound")
        choose.clicked.connect(self.choose_requested)
        column = QVBoxLayout(box)
        column.addStretch(1)
        column.addWidget(words)
        column.addWidget(choose, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)
        return box

    def _restyle(self) -> None:
        for button in (self._out, self._in, self._fit):
            button.setIcon(style.icon(str(button.property("icon_name"))))
