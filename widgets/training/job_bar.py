"""The strip below all pages that says what runs, how far it is and when it will end."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLayout, QProgressBar, QSizePolicy, QToolButton, QWidget

from emotalker.projects.jobstate import JobState, Phase
from emotalker.widgets import style
from emotalker.widgets.common import IconLabel
from emotalker.widgets.style import ColourName
from emotalker.widgets.training import words

_LOOK: dict[Phase, tuple[str, ColourName, str]] = {
    Phase.QUEUED: ("clock", "muted", "Waiting"),
    Phase.STARTING: ("play", "accent", "Starting"),
    Phase.RUNNING: ("play", "accent", "Running"),
    Phase.PAUSED: ("pause", "warn", "Paused"),
    Phase.STOPPING: ("stop", "warn", "Stopping"),
    Phase.FINISHED: ("good", "good", "Finished"),
    Phase.STOPPED: ("stop", "warn", "Stopped"),
    Phase.FAILED: ("error", "bad", "Failed"),
}
# what gives way first when the window is narrow; the tooltip has everything
_YIELDING = ("elapsed", "rate", "eta_stage", "message", "stage", "eta")
IDLE = "No job is running"
_STEPS = 1000


class JobBar(QFrame):
    """Title, stage, progress, speed, times, and buttons to pause and stop; says so in words when a job failed."""

    pause_requested = Signal(int)
    resume_requested = Signal(int)
    stop_requested = Signal(int)
    clicked = Signal()
    dismissed = Signal(int)
    """A finished or failed job was put away."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("job_bar")
        self.setProperty("role", "card")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._state: JobState | None = None
        self._put_away: int | None = None
        self.icon = IconLabel("clock", 18, "muted")
        self.phase, self.title = QLabel(), QLabel()
        self.facts = {name: QLabel() for name in ("stage", "rate", "elapsed", "eta_stage", "eta", "message")}
        self.progress = QProgressBar()
        self.pause, self.stop = self._button("job_pause", "Pause"), self._button("job_stop", "Stop and keep")
        self.close_button = self._button("job_dismiss", "Dismiss")
        self._lay_out()
        style.notifier().changed.connect(self._show)
        self._show()

    def set_state(self, state: JobState | None) -> None:
        """Show a job; None when there is none. A failed job stays in sight until it is dismissed or another begins."""
        if state is None and self._state is not None and self._state.phase is Phase.FAILED:
            return
        if state is not None and state.id == self._put_away and state.phase.over:
            return
        self._state = state
        self._show()

    @property
    def state(self) -> JobState | None:
        """The job shown."""
        return self._state

    def text(self) -> str:
        """Everything the bar knows, as the tooltip has it."""
        return self.toolTip()

    def sizeHint(self) -> QSize:
        """One line; any width."""
        return QSize(super().minimumSizeHint().width(), super().sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Hide lesser facts when it gets narrow."""
        super().resizeEvent(event)
        self._fit()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A click anywhere on the bar asks for the page of the job."""
        if event.button() is Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.clicked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter is a click."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.clicked.emit()
            return
        super().keyPressEvent(event)

    # --- inside

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(style.space(1.5), style.space(0.5), style.space(1), style.space(0.5))
        row.setSpacing(style.space(1.5))
        row.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)  # `_fit` decides what there is room for
        self.phase.setObjectName("job_phase")
        self.title.setObjectName("job_title")
        self.progress.setObjectName("job_progress")
        self.progress.setAccessibleName("Progress of the whole job")
        self.progress.setRange(0, _STEPS)
        self.progress.setMinimumWidth(style.space(10))
        self.progress.setMaximumWidth(style.space(40))
        for label in (self.title, self.facts["message"]):
            label.setTextFormat(Qt.TextFormat.PlainText)
        for name, label in self.facts.items():
            label.setObjectName(f"job_{name}")
            label.setProperty("role", "muted")
            label.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        row.addWidget(self.icon)
        row.addWidget(self.phase)
        row.addWidget(self.title)
        row.addWidget(self.facts["stage"])
        row.addWidget(self.progress, 1)
        for name in ("rate", "elapsed", "eta_stage", "eta", "message"):
            row.addWidget(self.facts[name])
        row.addStretch(0)
        for button in (self.pause, self.stop, self.close_button):
            row.addWidget(button)
        self.pause.clicked.connect(self._pause_or_resume)
        self.stop.clicked.connect(self._stop)
        self.close_button.clicked.connect(self._dismiss)

    def _button(self, name: str, tip: str) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName(name)
        button.setToolTip(tip)
        button.setAccessibleName(tip)
        button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        return button

    def _pause_or_resume(self) -> None:
        if self._state is not None:
            signal = self.resume_requested if self._state.phase is Phase.PAUSED else self.pause_requested
            signal.emit(self._state.id)

    def _stop(self) -> None:
        if self._state is not None:
            self.stop_requested.emit(self._state.id)

    def _dismiss(self) -> None:
        if self._state is not None:
            self._put_away, self._state = self._state.id, None
            self._show()
            self.dismissed.emit(self._put_away)

    def _show(self) -> None:
        state = self._state
        if state is None:
            self._show_idle()
            return
        icon, colour, word = _LOOK[state.phase]
        paused, over = state.phase is Phase.PAUSED, state.phase.over
        self.icon.set_icon(icon, colour)
        self.phase.setText(word)
        self.title.setText(state.title)
        for name, text in _facts(state).items():
            self.facts[name].setText(text)
        self.progress.setValue(round(state.share * _STEPS))
        self.progress.setFormat(words.percent(state.share))
        self.pause.setIcon(style.icon("play" if paused else "pause"))
        tip = "Go on with the job" if paused else "Pause the job; nothing is lost"
        self.pause.setToolTip(tip)
        self.pause.setAccessibleName(tip)
        self.pause.setVisible(not over)
        self.pause.setEnabled(state.phase in (Phase.RUNNING, Phase.PAUSED))
        self.stop.setIcon(style.icon("stop"))
        self.stop.setToolTip("Stop the job and keep what is done")
        self.stop.setVisible(not over)
        self.stop.setEnabled(state.phase is not Phase.STOPPING)
        self.close_button.setIcon(style.icon("close"))
        self.close_button.setToolTip("Put this message away")
        self.close_button.setVisible(over)
        self._describe("\n".join(text for text in _everything(state, word) if text))
        self._fit()

    def _show_idle(self) -> None:
        self.icon.set_icon("clock", "muted")
        self.phase.setText(IDLE)
        for part in (self.title, self.progress, self.pause, self.stop, self.close_button, *self.facts.values()):
            part.hide()
        self._describe(IDLE)

    def _describe(self, told: str) -> None:
        self.setToolTip(told)
        self.setAccessibleName(told.replace("\n", ", "))

    def _fit(self) -> None:
        """Show as many facts as there is room for; the title is shortened last."""
        state = self._state
        if state is None:
            return
        over = state.phase.over
        self.progress.setVisible(not over or state.phase is Phase.STOPPED)
        self.facts["message"].setText(_facts(state)["message"])
        shown = {name for name, label in self.facts.items() if label.text()}
        gap, spare = style.space(1.5), style.space(6)
        metrics = QFontMetrics(self.title.font())
        fixed = [self.icon, self.phase, *(b for b in (self.pause, self.stop, self.close_button) if b.isVisibleTo(self))]
        used = sum(part.sizeHint().width() + gap for part in fixed) + spare
        used += (self.progress.minimumWidth() + gap) if self.progress.isVisibleTo(self) else 0
        room = self.width() - used
        title = metrics.horizontalAdvance(state.title) + gap
        widths = {name: self.facts[name].sizeHint().width() + gap for name in shown}
        for name in _YIELDING:
            if title + sum(widths.values()) <= room:
                break
            if name == "message" and state.phase is Phase.FAILED:
                continue
            widths.pop(name, None)
        for name, label in self.facts.items():
            label.setVisible(name in widths)
        if "message" in widths and title + sum(widths.values()) > room:
            label = self.facts["message"]
            label.setText(metrics.elidedText(state.message, Qt.TextElideMode.ElideRight, max(room - title - gap, 80)))
        self.title.setText(metrics.elidedText(state.title, Qt.TextElideMode.ElideRight, max(room - gap, 60)))
        self.title.show()

    def minimumSizeHint(self) -> QSize:
        """It shrinks as far as it must."""
        return QSize(style.space(30), super().minimumSizeHint().height())


def _stage_left(state: JobState) -> str:
    """When the stage ends; empty when that is the end of the job too."""
    if state.eta_stage is None or (state.eta is not None and words.about(state.eta) == words.about(state.eta_stage)):
        return ""
    return words.about(state.eta_stage)


def _facts(state: JobState) -> dict[str, str]:
    """What is said of a job, by where it stands."""
    going = not state.phase.over
    known = state.phase in (Phase.RUNNING, Phase.PAUSED, Phase.STOPPING)
    return {
        "stage": state.stage_title if going else "",
        "rate": words.short_rate(state.rate, state.unit) if state.phase is Phase.RUNNING else "",
        "elapsed": f"{words.duration(state.elapsed)} so far" if known else "",
        "eta_stage": f"stage: {_stage_left(state)}" if known and _stage_left(state) else "",
        "eta": f"{words.about(state.eta)} left" if known and state.eta is not None else "",
        "message": state.message if not going or state.phase is Phase.QUEUED else "",
    }


def _everything(state: JobState, word: str) -> list[str]:
    """All there is to say, a line each."""
    stage = f"Stage: {state.stage_title}" if state.stage_title else ""
    if stage and state.total:
        stage += f", {words.amount(state.done, state.total, state.unit)}"
    return [
        f"{word}: {state.title}",
        state.message,
        stage,
        f"{words.percent(state.share)} of the whole job",
        f"Speed: {words.rate(state.rate, state.unit)}" if state.rate > 0 else "",
        f"Worked for {words.duration(state.elapsed)}" if state.elapsed else "",
        f"Until the stage ends: {_stage_left(state)}" if _stage_left(state) else "",
        f"Until the job ends: {words.about(state.eta)}" if state.eta is not None else "",
    ]
