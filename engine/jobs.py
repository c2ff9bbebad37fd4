"""What a long piece of work says while it runs, and how it is asked to stop.

A job is a generator: it yields events and returns an `Outcome`. The same generator is iterated by tests, by the command
line and by a child process under the window.
"""

from __future__ import annotations

import enum
import threading
from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


class Outcome(enum.Enum):
    """How a job ended, when it did not fail with an exception."""

    FINISHED = "finished"
    STOPPED = "stopped"


class StopToken:
    """A request to stop soon and keep what was done; thread-safe."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def request(self) -> None:
        """Ask the job to write its checkpoint and return `Outcome.STOPPED`."""
        self._event.set()

    @property
    def requested(self) -> bool:
        """Whether somebody asked."""
        return self._event.is_set()


@dataclass(frozen=True)
class Progress:
    """How far a stage is: `done` of `total` units (`unit`: "frames", "steps", "clips")."""

    stage: str
    done: int
    total: int
    unit: str = "steps"


@dataclass(frozen=True)
class Metric:
    """Named values at a step, for plots and metrics.jsonl."""

    stage: str
    step: int
    values: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Preview:
    """A picture on disk worth showing."""

    stage: str
    step: int
    path: Path


@dataclass(frozen=True)
class Notice:
    """A sentence for the user; `level` is "info" or "warning"."""

    stage: str
    text: str
    level: str = "info"


Event = Progress | Metric | Preview | Notice
Job = Generator[Event, None, Outcome]
AnyJob = Generator[Any, None, Outcome]
"""A job that may also say what only its own listeners understand."""


def run(job: Job, on_event: Callable[[Event], None] | None = None) -> Outcome:
    """Iterate `job` to its end in this thread and return how it ended."""
    while True:
        try:
            event = next(job)
        except StopIteration as end:
            return end.value if isinstance(end.value, Outcome) else Outcome.FINISHED
        if on_event is not None:
            on_event(event)
