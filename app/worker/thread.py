"""The thread that supervises a job's process."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

from PySide6.QtCore import QObject, QThread, Signal

from emotalker.app.worker.death import ANEW, GOES_ON, end_of
from emotalker.app.worker.process import JobProcess
from emotalker.engine.child import Message
from emotalker.engine.errors import UserError
from emotalker.engine.failures import explain_failure
from emotalker.engine.jobs import AnyJob, StopToken
from emotalker.projects.jobstate import JobEnd, Phase

GRACE = 30.0
"""Seconds a job gets to stop at a checkpoint before its process is ended."""
KILL_AFTER = 5.0  # seconds between asking the system to end the process and making it
_LOOK = 0.25  # seconds between two looks at the clock
_PHASES = {"finished": Phase.FINISHED, "stopped": Phase.STOPPED, "failed": Phase.FAILED}

log = logging.getLogger(__name__)


class EngineThread(QThread):
    """Runs one job in a child process and collects what it says; the job ends exactly once, as `end`.

    Args:
        call: the job; picklable.
        grace: seconds it gets to stop before its process is ended.
        resumes: whether it keeps checkpoints to go on from.
    """

    said = Signal()
    """There is something to `take`."""

    def __init__(
        self,
        call: Callable[[StopToken], AnyJob],
        grace: float = GRACE,
        parent: QObject | None = None,
        *,
        resumes: bool = True,
    ) -> None:
        super().__init__(parent)
        self.end: JobEnd | None = None
        """How the job ended; set before the thread ends."""
        self.pid: int | None = None
        self._call, self._grace, self._resumes = call, grace, resumes
        self._process: JobProcess | None = None
        self._lock = threading.Lock()
        self._stop = self._pause = False
        self._deadline = self._asked = float("inf")
        self._inbox: deque[Message] = deque()

    def stop(self, grace: float | None = None) -> None:
        """Ask the job to stop at its next checkpoint; a second time, with less grace, hurries it."""
        with self._lock:
            seconds = self._grace if grace is None else grace
            now = time.monotonic()
            self._asked = min(self._asked, now)
            self._deadline = min(self._deadline, now + seconds)
            self._stop = True
            if self._process is not None:
                self._process.tell("stop")

    def pause(self, paused: bool) -> None:
        """Hold the job at its next event, with all its memory, or let it go on."""
        with self._lock:
            self._pause = paused
            if self._process is not None:
                self._process.tell("pause" if paused else "resume")

    def take(self, most: int = 500) -> list[Message]:
        """What the job said since, oldest first."""
        return [self._inbox.popleft() for _ in range(min(most, len(self._inbox)))]

    @property
    def waiting(self) -> bool:
        """Whether there is something to `take`."""
        return bool(self._inbox)

    def run(self) -> None:
        """Start the process and listen to it until it is gone."""
        process: JobProcess | None = None
        try:
            process = self._start_process()
            self.end = self._supervise(process)
        except Exception as error:  # in a thread nobody would hear of it, and the job would never end
            log.exception("supervising a job")
            self.end = JobEnd(Phase.FAILED, explain_failure(error), repr(error))
            if process is not None:
                process.kill()
                process.close()
        self.said.emit()

    def _start_process(self) -> JobProcess:
        process = JobProcess(self._call)
        with self._lock:
            self._process, self.pid = process, process.pid
            if self._pause:
                process.tell("pause")
            if self._stop:
                process.tell("stop")
        return process

    def _supervise(self, process: JobProcess) -> JobEnd:
        end: JobEnd | None = None
        most_memory, looked, killed, waited = 0, 0.0, 0, 0.0
        while (batch := process.receive(_LOOK)) is not None:
            for message in batch:
                if message[0] == "end":
                    end = JobEnd(_PHASES[message[1]], message[2], message[3])
                    self._deadline = min(self._deadline, time.monotonic() + KILL_AFTER)  # it only has to exit
                elif message[0] == "log":
                    logging.getLogger(message[1]).log(message[2], "%s", message[3])
                else:
                    self._inbox.append(message)
            if batch:
                self.said.emit()
            now = time.monotonic()
            if now - looked > 1.0:
                most_memory, looked = max(most_memory, process.memory()), now
            if now > self._deadline and killed < 1:
                process.terminate()
                killed, waited = 1, now - self._asked
            if now > self._deadline + KILL_AFTER and killed < 2:
                process.kill()
                killed = 2
        with self._lock:
            self._process = None
        code, said = process.close()
        log.info("job's process %d ended with code %d; at most %.0f MiB", process.pid, code, most_memory / 2**20)
        if end is not None:
            return JobEnd(end.phase, end.error, "\n".join(t for t in (end.details, said) if t and end.error))
        if killed:
            return self._given_up(waited, said)
        return end_of(code, most_memory, said, resumes=self._resumes)

    def _given_up(self, waited: float, said: str) -> JobEnd:
        error = UserError(
            "The job did not stop by itself and was ended.",
            f"It had not stopped {waited:.0f} seconds after it was asked to.",
            GOES_ON if self._resumes else ANEW,
        )
        return JobEnd(Phase.FAILED, error, said)
