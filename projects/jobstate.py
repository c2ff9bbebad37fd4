"""What is known about a job while it runs, as plain data that any part of the program can show."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Literal

from emotalker.engine.errors import UserError
from emotalker.projects.document import CheckSummary, RunRecord

JobKind = Literal["train", "export", "check", "other"]


class Phase(enum.Enum):
    """Where a job is in its life; the last three are final."""

    QUEUED = "waiting"
    STARTING = "starting"
    RUNNING = "running"
    PAUSED = "paused"
    STOPPING = "stopping"
    FINISHED = "finished"
    STOPPED = "stopped"
    FAILED = "failed"

    @property
    def over(self) -> bool:
        """Whether the job has ended."""
        return self in (Phase.FINISHED, Phase.STOPPED, Phase.FAILED)


@dataclass(frozen=True)
class JobState:
    """A job at a moment.

    Attributes:
        id: number of the job in this session.
        kind: what sort of work it is.
        title: what a person calls it ("Training Ada").
        phase: where it is in its life.
        stage: name of the running stage; empty before the first.
        stage_title: what a person calls the stage.
        done: units of the stage done.
        total: units of the stage in all; 0 while unknown.
        unit: "frames", "steps", "clips".
        rate: units per second, smoothed; 0 while unknown.
        elapsed: seconds of work, pauses not counted.
        eta_stage: seconds until the stage ends; None while unknown.
        eta: seconds until the job ends; None while unknown.
        share: how much of the whole job is done, [0, 1]; never falls.
        message: the last sentence the job said.
    """

    id: int
    kind: JobKind
    title: str
    phase: Phase = Phase.QUEUED
    stage: str = ""
    stage_title: str = ""
    done: int = 0
    total: int = 0
    unit: str = ""
    rate: float = 0.0
    elapsed: float = 0.0
    eta_stage: float | None = None
    eta: float | None = None
    share: float = 0.0
    message: str = ""


@dataclass(frozen=True)
class JobEnd:
    """How a job ended.

    Attributes:
        phase: FINISHED, STOPPED or FAILED.
        error: what to tell the user; only for FAILED.
        details: traceback or exit code for the log and the problem report.
    """

    phase: Phase
    error: UserError | None = None
    details: str = field(default="", repr=False)


@dataclass(frozen=True)
class StagesPlanned:
    """What a training is about to do: per stage, in the order of running, the seconds it is estimated to take."""

    seconds: dict[str, float]


@dataclass(frozen=True)
class StageStarted:
    """A stage of a training begins: the `index`-th of `count` that have work to do, counted from 0."""

    stage: str
    title: str
    index: int
    count: int


@dataclass(frozen=True)
class StageEnded:
    """A stage of a training ended; the owner of the document keeps the record."""

    record: RunRecord


@dataclass(frozen=True)
class ClipChecked:
    """The quality check of one clip is done; the owner of the document keeps the summary."""

    clip: str
    summary: CheckSummary
