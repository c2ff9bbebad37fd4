"""Queues of real child processes, and a place to see everything they say."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytestqt.qtbot import QtBot

from emotalker.app.worker import JobQueue, JobSpec
from emotalker.projects.jobstate import JobEnd, JobState, Phase

HERE = str(Path(__file__).parent)


@pytest.fixture(autouse=True)
def jobs_importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child imports `worker_jobs` by the path it is handed."""
    monkeypatch.syspath_prepend(HERE)


class Watched:
    """A queue and what it told."""

    def __init__(self, queue: JobQueue, qtbot: QtBot) -> None:
        self.queue, self.qtbot = queue, qtbot
        self.events: list[tuple[int, Any]] = []
        self.states: list[JobState] = []
        self.ends: list[tuple[int, JobEnd]] = []
        queue.event.connect(lambda i, event: self.events.append((i, event)))
        queue.state_changed.connect(self.states.append)
        queue.ended.connect(lambda i, end: self.ends.append((i, end)))

    def submit(self, call: Callable, kind: str = "other", title: str = "Work") -> int:
        return self.queue.submit(JobSpec(kind, title, call))  # type: ignore[arg-type]

    def state(self, id_: int) -> JobState:
        return next(s for s in self.queue.states() if s.id == id_)

    def until(self, condition: Callable[[], bool], seconds: float = 15.0) -> None:
        self.qtbot.waitUntil(condition, timeout=int(1000 * seconds))

    def phase(self, id_: int, phase: Phase, seconds: float = 15.0) -> None:
        self.until(lambda: self.state(id_).phase is phase, seconds)

    def end(self, id_: int, seconds: float = 20.0) -> JobEnd:
        self.until(lambda: any(i == id_ for i, _ in self.ends), seconds)
        (end,) = [end for i, end in self.ends if i == id_]
        return end

    def said(self, id_: int, kind: type) -> list[Any]:
        return [event for i, event in self.events if i == id_ and isinstance(event, kind)]

    def pid(self, id_: int) -> int:
        thread = self.queue._entries[id_].thread
        assert thread is not None
        self.until(lambda: thread.pid is not None)
        assert thread.pid is not None
        return thread.pid


@pytest.fixture
def watched(qtbot: QtBot, qapp: object) -> Iterator[Watched]:
    """A queue that gives its jobs two seconds to stop."""
    queue = JobQueue(grace=1.0)
    yield Watched(queue, qtbot)
    queue.shutdown(0.0)
    assert all(state.phase.over for state in queue.states())
    queue.deleteLater()
    sys.modules.pop("worker_jobs", None)
