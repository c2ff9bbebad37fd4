"""Training a project from its clips to the packed twin, as one job; also the quality check alone."""

from __future__ import annotations

import time
from collections.abc import Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from emotalker.engine.jobs import Event, Notice, Outcome, StopToken
from emotalker.projects.checking import STAGE as CHECK
from emotalker.projects.checking import check_clips, doubtful, unusable, verdicts
from emotalker.projects.document import RunRecord
from emotalker.projects.jobstate import ClipChecked, StageEnded, StagesPlanned, StageStarted
from emotalker.projects.lock import training_lock
from emotalker.projects.pipeline import STAGES, bind, stage_configs, statuses
from emotalker.projects.project import Project

ON_DEVICE = ("fit", "emote")
"""Stages a CUDA card can run."""

TrainEvent = Event | ClipChecked | StagesPlanned | StageStarted | StageEnded
Training = Generator[TrainEvent, None, Outcome]


@dataclass(frozen=True)
class TrainJob:
    """Call it with a stop token to get the job; picklable. It never writes project.json: see `recording.record`.

    Attributes:
        folder: the project's folder.
        preset: how much time to spend.
        device: "auto", "cpu" or "cuda".
        restart: begin stages that were stopped anew; with a single stage in `stages`, a finished one as well.
        stages: names of the stages to run, in order; None for all.
        check: whether to check clips that never were, and to refuse unusable ones.
        without: parts left out of stage 2 for a comparison, see `emotalker.engine.training.config.PARTS`.
    """

    folder: Path
    preset: str
    device: str = "auto"
    restart: bool = False
    stages: tuple[str, ...] | None = None
    check: bool = True
    without: tuple[str, ...] = ()

    def __call__(self, stop: StopToken) -> Training:
        """Run the stages that have work to do, each from its checkpoint, under the project's training lock.

        Raises:
            UserError: if another process is training here, clips are missing or unusable, the device does not run,
                or whatever a stage raises.
        """
        project = Project.open(self.folder)
        with training_lock(project.folder):
            return (yield from _Run(self, project, stop).train())


@dataclass(frozen=True)
class CheckJob:
    """The quality check of some clips; picklable.

    Attributes:
        folder: the project's folder.
        clips: ids of the clips; those that are gone meanwhile are passed over, an empty tuple means all.
    """

    folder: Path
    clips: tuple[str, ...] = ()

    def __call__(self, stop: StopToken) -> Training:
        """Look at the clips and tell a verdict on each.

        Raises:
            UserError: if the project cannot be read.
        """
        project = Project.open(self.folder)
        clips = [clip for clip in project.clips if not self.clips or clip.id in self.clips]
        yield StageStarted(CHECK, "checking the clips", 0, 1)
        return (yield from check_clips(project, clips, stop))


@dataclass
class _Run:
    """One call of a `TrainJob`."""

    job: TrainJob
    project: Project
    stop: StopToken
    configs: dict[str, Any] = field(init=False)
    device: str = "cpu"

    def __post_init__(self) -> None:
        from emotalker.engine.presets import preset  # brings torch
        from emotalker.engine.training.config import without

        self.configs = stage_configs(preset(self.job.preset), self.project.manifest.fps)
        self.configs["emote"] = without(self.configs["emote"], self.job.without)

    def train(self) -> Training:
        job, project = self.job, self.project
        project.clip_inputs()  # says so at once if there are none or files are missing
        names = list(STAGES) if job.stages is None else list(job.stages)
        anew = job.restart and len(names) == 1
        waiting = [s.stage for s in statuses(project, self.configs) if s.stage in names and (s.must_run or anew)]
        checks = [clip for clip in project.clips if clip.check is None] if job.check and "track" in waiting else []
        if any(name in ON_DEVICE for name in waiting):
            yield from self._choose_device(waiting)
        yield StagesPlanned(self._planned(waiting, len(checks)))
        if job.check and "track" in waiting and (yield from self._check(checks)) is Outcome.STOPPED:
            return Outcome.STOPPED
        index = 0
        for name in names:
            status = next(s for s in statuses(project, self.configs) if s.stage == name)
            if not status.must_run and not anew:
                yield Notice(name, status.reason)
                continue
            if (yield from self._stage(name, status.reason, index, max(len(waiting), index + 1))) is Outcome.STOPPED:
                return Outcome.STOPPED
            if self.stop.requested:
                return Outcome.STOPPED
            index += 1
        return Outcome.FINISHED

    def _choose_device(self, waiting: list[str]) -> Training:
        from emotalker.engine.device import choose_device

        self.device, sentence = choose_device(self.job.device)
        if self.job.device != "cpu":
            yield Notice(next(name for name in waiting if name in ON_DEVICE), sentence)
        return Outcome.FINISHED

    def _planned(self, waiting: list[str], checks: int) -> dict[str, float]:
        from emotalker.projects.estimate import CHECK_SECONDS, estimate, known_speed

        clips = self.project.clips
        seconds = estimate(self.job.preset, sum(c.duration for c in clips), len(clips), known_speed()).stage_seconds
        planned = {CHECK: CHECK_SECONDS * checks} if checks else {}
        return planned | {name: seconds[name] for name in waiting}

    def _check(self, clips: list[Any]) -> Training:
        """Check what never was; say what is less than good before hours are spent."""
        known = verdicts(self.project.clips)
        if clips:
            for event in (job := check_clips(self.project, clips, self.stop)):
                if isinstance(event, ClipChecked):
                    known[event.clip] = event.summary
                yield event
            job.close()
        if self.stop.requested:
            return Outcome.STOPPED
        error = unusable(self.project.folder, known)
        if error is not None:
            raise error
        text = doubtful(known)
        if text:
            yield Notice(CHECK, text, "warning")
        return Outcome.FINISHED

    def _stage(self, name: str, reason: str, index: int, count: int) -> Training:
        device = self.device if name in ON_DEVICE else "cpu"
        stage = bind(self.project, name, self.configs, device, restart=self.job.restart)
        yield Notice(name, reason)
        yield StageStarted(name, STAGES[name].title, index, count)
        started, clock = datetime.now(UTC).isoformat(timespec="seconds"), time.monotonic()

        def ended(how: str) -> StageEnded:
            seconds = round(time.monotonic() - clock, 1)
            return StageEnded(RunRecord(name, self.job.preset, device, started, seconds, how))

        try:
            outcome = yield from stage(self.stop)
        except (Exception, KeyboardInterrupt):
            yield ended("failed")
            raise
        yield ended(outcome.value)
        return outcome
