"""The queue of long jobs: one works at a time, and every state and end is told by signals."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from emotalker.app.worker.pace import Pace
from emotalker.app.worker.thread import GRACE, EngineThread
from emotalker.engine.child import Message
from emotalker.engine.errors import UserError
from emotalker.engine.jobs import AnyJob, Notice, Progress, StopToken
from emotalker.projects.jobstate import JobEnd, JobKind, JobState, Phase, StageEnded, StagesPlanned, StageStarted

TICK_MS = 1000
"""Time left and time passed are told anew this often, also when the job says nothing."""
RESUMED: tuple[JobKind, ...] = ("train", "other")
"""Kinds of jobs that keep checkpoints: a film or a check that was ended begins anew."""
_KEPT = 100  # jobs that are over and still listed

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class JobSpec:
    """A job to be queued.

    Attributes:
        kind: "check" jumps ahead of other waiting jobs; only "train" waits for a paused training.
        title: what a person calls it ("Training Ada").
        call: picklable; takes a `StopToken` and returns the job.
        project: folder of the project it works for; None if it works for none.
    """

    kind: JobKind
    title: str
    call: Callable[[StopToken], AnyJob]
    project: Path | None = None


class _Entry:
    """A job in the queue."""

    def __init__(self, id_: int, spec: JobSpec) -> None:
        self.spec = spec
        self.state = JobState(id_, spec.kind, spec.title)
        self.thread: EngineThread | None = None
        self.pace = Pace(time.monotonic())
        self.waits_to_resume = False

    @property
    def works(self) -> bool:
        """Whether it uses the processor now."""
        return self.thread is not None and self.state.phase is not Phase.PAUSED


class JobQueue(QObject):
    """Runs jobs in child processes, one after the other.

    Args:
        grace: seconds a job gets to stop before its process is ended.
        parent: Qt's owner.
    """

    event = Signal(int, object)  # type: ignore[assignment]  # hides QObject.event, which nobody calls on a queue
    """Everything a job yields, with the job's number."""
    state_changed = Signal(object)
    """JobState: a job got on."""
    ended = Signal(int, object)
    """A job's number and its JobEnd; once for each job."""

    def __init__(self, parent: QObject | None = None, *, grace: float = GRACE) -> None:
        super().__init__(parent)
        self._grace = grace
        self._entries: dict[int, _Entry] = {}
        self._last = 0
        self._closed = False
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)

    def submit(self, spec: JobSpec) -> int:
        """Queue a job; it starts at once if nothing else runs. Returns its number.

        Raises:
            UserError: if the program is being closed.
        """
        if self._closed:
            raise UserError("Nothing new is started.", "The program is being closed.", "Start it again.")
        self._last += 1
        entry = _Entry(self._last, spec)
        self._entries[self._last] = entry
        for old in [i for i, e in self._entries.items() if e.state.phase.over][:-_KEPT]:
            del self._entries[old]
        self.state_changed.emit(entry.state)
        self._start_next()
        return entry.state.id

    def states(self) -> tuple[JobState, ...]:
        """All jobs of this session, oldest first."""
        return tuple(entry.state for entry in self._entries.values())

    def spec(self, id_: int) -> JobSpec | None:
        """What was queued under a number."""
        entry = self._entries.get(id_)
        return entry.spec if entry is not None else None

    def specs(self) -> tuple[JobSpec, ...]:
        """What was queued and is not over."""
        return tuple(entry.spec for entry in self._entries.values() if not entry.state.phase.over)

    def pause(self, id_: int) -> None:
        """Hold a running job at its next event; other kinds of waiting jobs may run meanwhile."""
        entry = self._entries.get(id_)
        if entry is None or entry.thread is None:
            return
        entry.waits_to_resume = False
        if entry.state.phase in (Phase.STARTING, Phase.RUNNING):
            entry.thread.pause(True)
            self._change(entry, message="Pausing as soon as the step it is at is done.")

    def resume(self, id_: int) -> None:
        """Let a paused job go on, after the one that runs meanwhile."""
        entry = self._entries.get(id_)
        if entry is None or entry.thread is None or entry.state.phase is Phase.STOPPING:
            return
        other = next((e for e in self._entries.values() if e.works and e is not entry), None)
        if other is not None and entry.state.phase is Phase.PAUSED:
            entry.waits_to_resume = True
            self._change(entry, message=f"Goes on after: {other.spec.title}.")
            return
        entry.waits_to_resume = False
        entry.thread.pause(False)
        self._change(entry, message="")

    def stop(self, id_: int) -> None:
        """Stop a job at its next checkpoint, which is kept; one that waits is taken out."""
        entry = self._entries.get(id_)
        if entry is None or entry.state.phase.over:
            return
        if entry.thread is None:
            self._end(entry, JobEnd(Phase.STOPPED))
        elif entry.state.phase is not Phase.STOPPING:
            entry.thread.stop()
            entry.pace.go_on(time.monotonic())
            self._change(entry, phase=Phase.STOPPING, message="Stopping as soon as the work done is saved.")

    def remove(self, id_: int) -> None:
        """Take a job out that waits; one that runs is left alone."""
        entry = self._entries.get(id_)
        if entry is not None and entry.state.phase is Phase.QUEUED:
            self.stop(id_)

    def wind_up(self) -> None:
        """Drop what waits and stop what runs at its checkpoint, without waiting; nothing new is taken after that."""
        self._closed = True
        for entry in list(self._entries.values()):
            if entry.state.phase is Phase.QUEUED:
                self.stop(entry.state.id)
        for entry in [e for e in self._entries.values() if e.thread is not None]:
            self.stop(entry.state.id)

    def shutdown(self, seconds: float) -> None:
        """As `wind_up`, and wait for what runs; after `seconds` it is made to end."""
        self.wind_up()
        for entry in [e for e in self._entries.values() if e.thread is not None]:
            if entry.thread is not None:
                entry.thread.stop(seconds)
                entry.thread.wait()
                self._drain(whole=True)
        self._timer.stop()

    # ---- inside ----

    def _start_next(self) -> None:
        active = [entry for entry in self._entries.values() if entry.thread is not None]
        if self._closed or any(entry.works for entry in active):
            return
        resumed = next((entry for entry in active if entry.waits_to_resume), None)
        waiting = [entry for entry in self._entries.values() if entry.state.phase is Phase.QUEUED]
        waiting.sort(key=lambda entry: entry.spec.kind != "check")
        entry = next((e for e in waiting if not active or e.spec.kind != "train"), None)
        if resumed is not None and (entry is None or entry.spec.kind != "check"):
            self.resume(resumed.state.id)
        elif entry is not None:
            self._start(entry)

    def _start(self, entry: _Entry) -> None:
        thread = EngineThread(entry.spec.call, self._grace, self, resumes=entry.spec.kind in RESUMED)
        entry.thread, entry.pace = thread, Pace(time.monotonic())
        thread.said.connect(self._drain, Qt.ConnectionType.QueuedConnection)
        thread.start()
        self._timer.start()
        self._change(entry, phase=Phase.STARTING)

    def _drain(self, whole: bool = False) -> None:
        """Take in what the jobs said; in slices, so that the window stays alive under thousands of events."""
        more = False
        for entry in [e for e in self._entries.values() if e.thread is not None]:
            thread = entry.thread
            while messages := (thread.take() if thread is not None else []):
                for message in messages:
                    self._take(entry, message)
                if not whole:
                    break
            self._follow(entry)
            if thread is None or thread is not entry.thread:
                continue
            # the end is looked for first: what was said before it is in the box by then
            end = thread.end
            left = thread.waiting
            more = more or left
            if end is not None and not left:
                thread.wait()
                entry.thread = None
                thread.deleteLater()
                self._end(entry, end)
        if more:
            QTimer.singleShot(0, self, self._drain)

    def _take(self, entry: _Entry, message: Message) -> None:
        kind, now = message[0], time.monotonic()
        stopping = entry.state.phase is Phase.STOPPING
        if kind == "event":
            self._event(entry, message[1], now)
        elif kind == "paused" and not stopping:
            entry.pace.hold(now)
            self._change(entry, phase=Phase.PAUSED, message="Paused; nothing is lost.")
            self._start_next()
        elif kind in ("running", "resumed") and not stopping:
            entry.pace.go_on(now)
            self._change(entry, phase=Phase.RUNNING)

    def _event(self, entry: _Entry, event: object, now: float) -> None:
        pace = entry.pace
        if isinstance(event, StagesPlanned):
            pace.plan(event.seconds)
        elif isinstance(event, StageStarted):
            pace.start_stage(event.stage, now)
            entry.state = replace(entry.state, stage=event.stage, stage_title=event.title, message="")
        elif isinstance(event, StageEnded):
            pace.end_stage(now)
        elif isinstance(event, Progress):
            pace.progress(event, now)
        elif isinstance(event, Notice):
            entry.state = replace(entry.state, message=event.text)
        self.event.emit(entry.state.id, event)

    def _follow(self, entry: _Entry) -> None:
        """Tell how far a job is, if that changed."""
        if entry.thread is None:
            return
        pace, now = entry.pace, time.monotonic()
        title = entry.state.stage_title if entry.state.stage == pace.stage else ""
        self._change(
            entry, stage=pace.stage, stage_title=title, done=pace.done, total=pace.total, unit=pace.unit,
            rate=pace.rate, elapsed=pace.elapsed(now), eta_stage=pace.eta_stage(now), eta=pace.eta(now),
            share=pace.share(),
        )  # fmt: skip

    def _change(self, entry: _Entry, **fields: object) -> None:
        changed = replace(entry.state, **fields)  # type: ignore[arg-type]
        if changed != entry.state:
            entry.state = changed
            self.state_changed.emit(changed)

    def _end(self, entry: _Entry, end: JobEnd) -> None:
        if end.phase is Phase.FINISHED:
            entry.pace.finish()
        if end.error is not None:
            log.warning("job %d (%s) failed: %s\n%s", entry.state.id, entry.spec.title, end.error, end.details)
        message = end.error.what if end.error is not None else ""
        share = max(entry.state.share, entry.pace.share())
        self._change(entry, phase=end.phase, message=message, share=share, eta=None, eta_stage=None)
        self.ended.emit(entry.state.id, end)
        self._start_next()
        if not any(e.thread is not None for e in self._entries.values()):
            self._timer.stop()

    def _tick(self) -> None:
        for entry in list(self._entries.values()):
            self._follow(entry)
