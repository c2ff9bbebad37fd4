"""Small jobs that the tests run in child processes; imported there, so free of Qt and pytest."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from emotalker.engine.errors import UserError
from emotalker.engine.jobs import Job, Metric, Notice, Outcome, Progress, StopToken

STAGE = "count"


@dataclass(frozen=True)
class Count:
    """Counts, with a checkpoint in a file where one is given."""

    steps: int
    pause: float = 0.0
    checkpoint: Path | None = None

    def __call__(self, stop: StopToken) -> Job:
        start = int(self.checkpoint.read_text()) if self.checkpoint is not None and self.checkpoint.exists() else 0
        for step in range(start + 1, self.steps + 1):
            if self.pause:
                time.sleep(self.pause)
            yield Metric(STAGE, step, {"loss": 1 / step})
            yield Progress(STAGE, step, self.steps)
            if stop.requested:
                if self.checkpoint is not None:
                    self.checkpoint.write_text(str(step))
                return Outcome.STOPPED
        return Outcome.FINISHED


@dataclass(frozen=True)
class Raise:
    """Fails after one event."""

    error: Exception

    def __call__(self, stop: StopToken) -> Job:
        yield Progress(STAGE, 1, 2)
        raise self.error


@dataclass(frozen=True)
class Die:
    """Is killed by a signal."""

    number: int

    def __call__(self, stop: StopToken) -> Job:
        yield Progress(STAGE, 1, 2)
        time.sleep(0.3)
        os.kill(os.getpid(), self.number)
        time.sleep(10)
        return Outcome.FINISHED


@dataclass(frozen=True)
class Hang:
    """Never answers, and cannot be asked to end."""

    stubborn: bool = False

    def __call__(self, stop: StopToken) -> Job:
        if self.stubborn:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        yield Progress(STAGE, 1, 2)
        while True:
            time.sleep(0.05)


@dataclass(frozen=True)
class Say:
    """Tells what the child process is like."""

    what: Callable[[], str]

    def __call__(self, stop: StopToken) -> Job:
        print("a library prints this")
        yield Notice(STAGE, self.what())
        return Outcome.FINISHED


def modules() -> str:
    """Names of everything imported."""
    return " ".join(sorted(sys.modules))


def niceness() -> str:
    """How far the process steps back."""
    return str(os.nice(0))


def logged() -> str:
    """Writes into the log."""
    import logging

    logging.getLogger("emotalker.test").info("from the %s", "child")
    return "logged"


@dataclass(frozen=True)
class Unsendable:
    """Yields an event that cannot leave the process, among good ones."""

    def __call__(self, stop: StopToken) -> Job:
        yield Notice(STAGE, "before")
        yield Metric(STAGE, 1, {"loss": lambda: 1})  # type: ignore[dict-item]
        yield Notice(STAGE, "after")
        return Outcome.FINISHED


def trouble() -> UserError:
    """An error with its three parts."""
    return UserError("No face.", "None was found.", "Film one.")


@dataclass(frozen=True)
class Fit:
    """The real first stage on one clip, small."""

    clip: Path
    track_dir: Path
    out: Path
    steps: int

    def __call__(self, stop: StopToken) -> Job:
        from emotalker.engine.clip import ClipInput
        from emotalker.engine.training.config import Stage1Config
        from emotalker.engine.training.stage1 import fit

        config = Stage1Config(steps=self.steps, count=600, most=800, size=96, preview_every=100)
        clips = [ClipInput(self.clip.stem, self.clip, "neutral", 0.0)]
        return fit(clips, self.track_dir, self.out, config, stop)
