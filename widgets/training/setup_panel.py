"""The left side of the train page: quality, stages, and the buttons that start and stop."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from emotalker.projects.jobstate import JobState, Phase
from emotalker.projects.pipeline import StageState, StageStatus
from emotalker.widgets import style
from emotalker.widgets.common import WrapLabel
from emotalker.widgets.training import words
from emotalker.widgets.training.presets import PresetChooser
from emotalker.widgets.training.stage_list import Live, StageList


class SetupPanel(QFrame):
    """Chooser, stages and one primary button; says in words what is missing when it cannot start."""

    start_requested = Signal(str)
    pause_requested = Signal()
    resume_requested = Signal()
    stop_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("train_setup")
        self.setProperty("role", "card")
        self.presets, self.stages = PresetChooser(self), StageList(self)
        self._statuses: list[StageStatus] = []
        self._ready, self._reason = True, ""
        self._job: JobState | None = None
        self.start = self._button("train_start", "Start training", "play", "primary")
        self.pause = self._button("train_pause", "Pause", "pause", "")
        self.stop = self._button("train_stop", "Stop and keep", "stop", "")
        self.pause.setToolTip("Let the computer rest; nothing is lost")
        self.stop.setToolTip("Stop now and keep what was learned; Continue goes on from there")
        self.hint = WrapLabel("", "muted")
        self.hint.setObjectName("train_hint")
        self._lay_out()
        self.start.clicked.connect(lambda: self.start_requested.emit(self.presets.chosen))
        self.pause.clicked.connect(self._pause_or_resume)
        self.stop.clicked.connect(self.stop_requested)
        self.presets.changed.connect(lambda _name: self._refresh())
        style.notifier().changed.connect(self._restyle)
        self._refresh()

    def set_stages(self, statuses: Sequence[StageStatus]) -> None:
        """Where the stages stand."""
        self._statuses = list(statuses)
        self.stages.set_statuses(self._statuses)
        self._refresh()

    def set_ready(self, ready: bool, reason: str) -> None:
        """Whether training may start, and what is missing."""
        self._ready, self._reason = ready, reason
        self._refresh()

    def set_job(self, job: JobState | None) -> None:
        """The training that runs or waits; None when there is none."""
        self._job = None if job is None or job.phase.over else job
        self._refresh()
        if self._job is None:
            self.stages.set_live(job.stage if job else "", "failed" if job and job.phase is Phase.FAILED else None)
            return
        live: Live = "paused" if self._job.phase is Phase.PAUSED else "running"
        text = words.amount(self._job.done, self._job.total, self._job.unit)
        self.stages.set_live(self._job.stage, live, self._job.done, self._job.total, text)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(*[style.space(1.5)] * 4)
        column.setSpacing(style.space(1))
        column.addWidget(_heading("Quality"))
        column.addWidget(self.presets)
        column.addWidget(self.hint)
        column.addWidget(self.start)
        row = QHBoxLayout()
        row.addWidget(self.pause, 1)
        row.addWidget(self.stop, 1)
        column.addLayout(row)
        column.addSpacing(style.space(0.5))
        column.addWidget(_heading("Stages"))
        column.addWidget(self.stages)
        column.addStretch(1)

    def _button(self, name: str, text: str, icon: str, role: str) -> QPushButton:
        button = QPushButton(text, self)
        button.setObjectName(name)
        button.setAccessibleName(text)
        button.setProperty("role", role or None)
        if not role:
            button.setIcon(style.icon(icon))
        return button

    def _pause_or_resume(self) -> None:
        if self._job is not None and self._job.phase is Phase.PAUSED:
            self.resume_requested.emit()
        else:
            self.pause_requested.emit()

    def _refresh(self) -> None:
        job = self._job
        self.presets.set_locked(job is not None)
        self.start.setVisible(job is None)
        self.pause.setVisible(job is not None)
        self.stop.setVisible(job is not None)
        if job is not None:
            self._show_running(job)
            return
        states = {status.state for status in self._statuses}
        finished = states == {StageState.DONE}
        begun = bool(states - {StageState.MISSING})
        text = "Everything is trained" if finished else "Continue training" if begun else "Start training"
        self.start.setText(text)
        self.start.setAccessibleName(text)
        self.start.setEnabled(self._ready and not finished)
        hint = self._reason if not self._ready else ""
        if finished and self._ready:
            hint = "The twin is up to date: go on to Perform. To train further, choose another quality or add clips."
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))
        self.hint.set_role("warn" if not self._ready else "muted")
        self.start.setToolTip(hint or "Train every stage that is not up to date with the chosen quality")

    def _show_running(self, job: JobState) -> None:
        paused, stopping = job.phase is Phase.PAUSED, job.phase is Phase.STOPPING
        text = "Go on" if paused else "Pause"
        self.pause.setText(text)
        self.pause.setAccessibleName(text)
        self.pause.setIcon(style.icon("play" if paused else "pause"))
        self.pause.setEnabled(job.phase in (Phase.RUNNING, Phase.PAUSED))
        self.stop.setEnabled(not stopping)
        waiting = "Waits for another job to end." if job.phase is Phase.QUEUED else ""
        hint = "Stopping; what was learned is being kept." if stopping else waiting
        self.hint.set_role("muted")
        self.hint.setText(hint)
        self.hint.setVisible(bool(hint))

    def _restyle(self) -> None:
        self.stop.setIcon(style.icon("stop"))
        self._refresh()


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setProperty("role", "heading")
    return label
