"""The page where a twin is trained and watched while it learns."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QScrollArea, QToolButton, QVBoxLayout, QWidget

from emotalker.engine.jobs import Metric, Notice, Preview
from emotalker.projects.clip_verdicts import ClipVerdict
from emotalker.projects.jobstate import JobState, Phase, StageEnded, StageStarted
from emotalker.projects.pipeline import StageStatus
from emotalker.widgets import style
from emotalker.widgets.plots import LossPlot
from emotalker.widgets.training import words
from emotalker.widgets.training.figures import figures_of, trend_of
from emotalker.widgets.training.history import read_history
from emotalker.widgets.training.log_view import LogView
from emotalker.widgets.training.metric_cards import MetricCards
from emotalker.widgets.training.presets import PresetChoice
from emotalker.widgets.training.previews import PreviewStrip
from emotalker.widgets.training.setup_panel import SetupPanel
from emotalker.widgets.training.verdicts import VerdictCard

SHORT_TITLES = {
    "track": "Tracking", "fit": "Neutral twin", "express": "Speech", "emote": "Emotions", "avatar": "Packing"
}  # fmt: skip
CARDS_MS = 500
LOG_SECONDS = 10.0  # between lines with figures
NARROW = 125  # width in steps of the grid; below it everything stands in one column
SETUP_WIDTH = 39


class TrainPage(QScrollArea):
    """Quality, stages and buttons at the left; figures, curves and pictures at the right."""

    start_requested = Signal(str)
    pause_requested = Signal()
    resume_requested = Signal()
    stop_requested = Signal()
    preset_changed = Signal(str)
    tracking_requested = Signal(str)
    """The clip whose tracking is to be shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("train_page")
        self.setAccessibleName("Train")
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._job: JobState | None = None
        self._followed = ""
        self._logged: dict[str, float] = {}
        self.setup, self.cards = SetupPanel(), MetricCards()
        self.plot, self.previews = LossPlot(), PreviewStrip()
        self.verdicts = VerdictCard()
        self.verdicts.tracking_requested.connect(self.tracking_requested)
        self.log, self._fold = LogView(), QToolButton()
        self._cards_timer = QTimer(self)
        self._cards_timer.setSingleShot(True)
        self._cards_timer.setInterval(CARDS_MS)
        self._cards_timer.timeout.connect(self._show_figures)
        for part in (self.plot, self.previews):
            part.set_stage_titles(SHORT_TITLES)
        self._lay_out()
        self.setup.start_requested.connect(self.start_requested)
        self.setup.pause_requested.connect(self.pause_requested)
        self.setup.resume_requested.connect(self.resume_requested)
        self.setup.stop_requested.connect(self.stop_requested)
        self.setup.presets.changed.connect(self.preset_changed)
        self.plot.stage_changed.connect(lambda _stage: self._show_figures())
        style.notifier().changed.connect(self._restyle)

    # --- what the owner tells

    def set_presets(self, choices: Sequence[PresetChoice]) -> None:
        """Offer these presets; "tiny" stays hidden unless it is chosen."""
        self.setup.presets.set_choices(list(choices))

    def set_preset(self, name: str) -> None:
        """Choose a preset, without a signal."""
        self.setup.presets.choose(name)

    def set_stages(self, statuses: Sequence[StageStatus]) -> None:
        """Where the stages stand."""
        self.setup.set_stages(statuses)

    def set_ready(self, ready: bool, reason: str) -> None:
        """Whether training may start; what is missing when it may not."""
        self.setup.set_ready(ready, reason)

    def set_job(self, job: JobState | None) -> None:
        """The training of this project at the moment; None when there is none."""
        before = self._job
        self._job = job
        self.setup.set_job(job)
        if job is not None and (before is None or before.phase is not job.phase):
            self.log.add_line(f"{job.title}: {job.phase.value}")
        self._show_pace()

    def set_verdicts(self, verdicts: Sequence[ClipVerdict]) -> None:
        """How the clips came out in the twin, the worst first; none before it is fitted."""
        self.verdicts.set_verdicts(verdicts)

    def add_event(self, event: object) -> None:
        """What the job said; any number of times a second."""
        if isinstance(event, Metric):
            self._measured(event)
        elif isinstance(event, Preview):
            self.previews.add(event.stage, event.step, event.path)
        elif isinstance(event, Notice):
            self.log.add(event)
        elif isinstance(event, StageStarted):
            self.log.add_line(f"[{event.stage}] Stage {event.index + 1} of {event.count}: {event.title}")
        elif isinstance(event, StageEnded):
            record = event.record
            self.setup.stages.set_seconds(record.stage, record.seconds)
            self.log.add_line(f"[{record.stage}] {record.outcome} after {words.duration(record.seconds)}")

    def load_history(self, runs_folder: Path) -> None:
        """Show what earlier runs left in a project's runs folder."""
        for past in read_history(runs_folder):
            for step, values in past.metrics:
                self.plot.add_values(past.stage, step, values)
            for step, path in past.previews:
                self.previews.add(past.stage, step, path)
        # the last thing the twin learned is what somebody who comes back wants to see
        for part in (self.plot, self.previews):
            stages = [s for s in SHORT_TITLES if s in part.stages()]
            if stages:
                part.set_stage(stages[-1])
        self._show_figures()

    def clear(self) -> None:
        """Forget curves, pictures, figures and text; presets and stages stay."""
        self._followed = ""
        self._logged.clear()
        self.plot.clear()
        self.plot.set_trend("", "")
        self.previews.clear()
        self.cards.clear()
        self.log.clear()
        self.setup.stages.clear_times()
        self._show_pace()

    # --- inside

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Three columns, or all below one another."""
        super().resizeEvent(event)
        width, step = self.viewport().width(), style.space(1)
        narrow = width < NARROW * step
        across, down = QBoxLayout.Direction.LeftToRight, QBoxLayout.Direction.TopToBottom
        self._columns.setDirection(down if narrow else across)
        self._pictures.setDirection(down if narrow else across)
        self.setup.presets.set_across(narrow)
        self.setup.setMaximumWidth(16_777_215 if narrow else SETUP_WIDTH * step)
        self.setup.setMinimumWidth(0 if narrow else SETUP_WIDTH * step)

    def _lay_out(self) -> None:
        inside = QWidget()
        self._columns = QBoxLayout(QBoxLayout.Direction.LeftToRight, inside)
        margin = style.space(1.5)
        self._columns.setContentsMargins(margin, margin, margin, margin)
        self._columns.setSpacing(style.space(1.5))
        right = QVBoxLayout()
        right.setSpacing(style.space(1))
        self._pictures = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._pictures.setSpacing(style.space(1))
        self._pictures.addWidget(self.plot, 1)
        self._pictures.addWidget(self.previews, 1)
        self._fold.setObjectName("log_fold")
        self._fold.setText("Log")
        self._fold.setCheckable(True)
        self._fold.setProperty("role", "quiet")
        self._fold.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._fold.setToolTip("Show what the stages say while they run")
        self._fold.setAccessibleName("Show the log")
        self._fold.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._fold.toggled.connect(self._fold_log)
        self.log.hide()
        right.addWidget(self.cards)
        right.addLayout(self._pictures, 1)
        right.addWidget(self.verdicts)
        right.addWidget(self._fold, 0, Qt.AlignmentFlag.AlignLeft)
        right.addWidget(self.log)
        self._columns.addWidget(self.setup)
        self._columns.addLayout(right, 1)
        self.setWidget(inside)
        self._restyle()

    def _fold_log(self, shown: bool) -> None:
        self.log.setVisible(shown)
        self._restyle()

    def _measured(self, metric: Metric) -> None:
        self.plot.add_values(metric.stage, metric.step, metric.values)
        if metric.stage != self._followed:
            self._follow(metric.stage)
        now = time.monotonic()
        if now - self._logged.get(metric.stage, -LOG_SECONDS) >= LOG_SECONDS:
            self._logged[metric.stage] = now
            told = ", ".join(f"{name} {words.number(value)}" for name, value in metric.values.items())
            self.log.add_line(f"[{metric.stage}] {metric.step:,}: {told}")
        if not self._cards_timer.isActive():
            self._cards_timer.start()

    def _follow(self, stage: str) -> None:
        """Show the stage that begins, if it has something to show."""
        if self.plot.loss_terms(stage):
            self._followed = stage
            self.plot.set_stage(stage)

    def _show_figures(self) -> None:
        """Cards and words for the stage that is looked at, twice a second at most."""
        stage = self.plot.stage
        for name, (figure, remark) in figures_of(self.plot, stage).items():
            self.cards.show_figure(name, figure, remark)
        found = trend_of(self.plot, stage)
        self.plot.set_trend(f"Trend: {found.sentence}" if found else "", found.evidence if found else "")

    def _show_pace(self) -> None:
        job = self._job
        if job is None or job.phase.over:
            self.cards.show_figure("speed", "")
            self.cards.show_figure("left", "")
            return
        self.cards.show_figure("speed", words.short_rate(job.rate, job.unit), SHORT_TITLES.get(job.stage, ""))
        resting = job.phase is Phase.PAUSED
        left = words.about(job.eta).removeprefix("about ") if job.eta is not None else ""
        self.cards.show_figure("left", left, "paused" if resting else f"{words.duration(job.elapsed)} so far")

    def _restyle(self) -> None:
        self._fold.setIcon(style.icon("chevron_down" if self._fold.isChecked() else "chevron_right"))
