"""The inner side of a job that runs in a process of its own, which is started to call `main` and nothing else.

Messages are pickled tuples, each after its length in four bytes. In come, by standard input, first the job and then
"stop", "pause" and "resume"; out go, by standard output, lists of messages: events, log records, "paused", "resumed",
and as the last one how the job ended. A process that is left alone (its input ends) stops at the next checkpoint.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import pickle
import struct
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from emotalker.engine.errors import UserError
from emotalker.engine.failures import explain_failure
from emotalker.engine.jobs import AnyJob, Outcome, Progress, StopToken

NICENESS = 10
"""Playback has to win against a training."""
INTERVAL = 0.1  # seconds between two batches of messages
ORPHAN_SECONDS = 60.0  # what a job whose window is gone gets to reach a checkpoint

Message = tuple[Any, ...]
_HEADER = struct.Struct("<I")
_MOST = 5000  # messages kept back before the job has to wait for its reader

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Assignment:
    """The first message: what to run and where to find its code.

    Attributes:
        call: the pickled job, a callable that takes a `StopToken`.
        path: `sys.path` of the process that asks.
    """

    call: bytes
    path: list[str] = field(default_factory=list)


def write_message(stream: BinaryIO, message: Any) -> None:
    """Send one message."""
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    stream.write(_HEADER.pack(len(data)) + data)
    stream.flush()


def read_message(stream: BinaryIO) -> Any:
    """Receive one message.

    Raises:
        EOFError: if the other side is gone.
    """
    (size,) = _HEADER.unpack(_exactly(stream, _HEADER.size))
    return pickle.loads(_exactly(stream, size))


def coalesced(messages: Iterable[Message]) -> list[Message]:
    """Messages without the progress that a later one outdates; order and everything else is kept."""
    kept: list[Message | None] = []
    latest: dict[tuple[str, str], int] = {}
    for message in messages:
        event = message[1] if message[0] == "event" else None
        if isinstance(event, Progress):
            key = (event.stage, event.unit)
            if key in latest:
                kept[latest[key]] = None
            latest[key] = len(kept)
        kept.append(message)
    return [message for message in kept if message is not None]


class Outbox:
    """Sends messages in batches, ten times a second at most, from a thread of its own."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._waiting: deque[Message] = deque()
        self._changed = threading.Condition()
        self._closed = threading.Event()
        self.broken = False
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def put(self, message: Message) -> None:
        """Send soon; waits while too much is kept back."""
        with self._changed:
            self._changed.wait_for(lambda: len(self._waiting) < _MOST or self.broken)
            if not self.broken:
                self._waiting.append(message)
                self._changed.notify_all()

    def close(self) -> None:
        """Send what is left."""
        with self._changed:
            self._closed.set()
            self._changed.notify_all()
        self._thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed.is_set())
                batch = list(self._waiting)
                self._waiting.clear()
                self._changed.notify_all()
            if batch and not self._send(coalesced(batch)):
                with self._changed:
                    self.broken = True
                    self._waiting.clear()
                    self._changed.notify_all()
                return
            if self._closed.wait(INTERVAL) and not self._waiting:
                return

    def _send(self, batch: list[Message]) -> bool:
        """Whether somebody still listens."""
        try:
            try:
                write_message(self._stream, batch)
            except (pickle.PicklingError, TypeError, AttributeError):
                write_message(self._stream, [_sendable(message) for message in batch])
        except (OSError, ValueError):
            return False
        return True


class _LogSender(logging.Handler):
    """Sends log records to the window's process, which owns the log file."""

    def __init__(self, put: Callable[[Message], None]) -> None:
        super().__init__(logging.INFO)
        self._put = put

    def emit(self, record: logging.LogRecord) -> None:
        """Send the record as plain text: its arguments need not be picklable."""
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip()
        self._put(("log", record.name, record.levelno, text))


class _Controls:
    """What the window asks for, read in a thread."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stop = StopToken()
        self.go = threading.Event()
        self.go.set()
        self._stream = stream
        threading.Thread(target=self._run, name="controls", daemon=True).start()

    def _run(self) -> None:
        while True:
            try:
                wish = read_message(self._stream)
            except (EOFError, OSError):
                wish = "gone"
            if wish == "pause" and not self.stop.requested:
                self.go.clear()
            else:
                if wish != "resume":
                    self.stop.request()
                self.go.set()
            if wish == "gone":
                timer = threading.Timer(ORPHAN_SECONDS, os._exit, (1,))
                timer.daemon = True
                timer.start()
                return


def main() -> None:
    """Run one job and tell how it ended; the exit code is 0 whenever that could be told."""
    incoming, outgoing = _take_pipes()
    with contextlib.suppress(OSError):
        _step_back()
    assignment: Assignment = read_message(incoming)
    outbox = Outbox(outgoing)
    root = logging.getLogger()
    root.addHandler(_LogSender(outbox.put))
    logging.getLogger("emotalker").setLevel(logging.INFO)
    try:
        sys.path[:] = [*assignment.path, *(p for p in sys.path if p not in assignment.path)]
        controls = _Controls(incoming)
        outcome = _iterate(pickle.loads(assignment.call), controls, outbox.put)
        end: Message = ("end", outcome.value, None, "")
    except BaseException as error:  # whatever it is, the window must hear of it
        details = "" if isinstance(error, UserError) else traceback.format_exc()
        end = ("end", "failed", explain_failure(error), details)
    outbox.put(end)
    outbox.close()
    sys.stderr.flush()
    os._exit(0)  # threads of libraries, or a hanging one of the job, must not keep the process


def _iterate(call: Callable[[StopToken], AnyJob], controls: _Controls, put: Callable[[Message], None]) -> Outcome:
    put(("running",))
    job = call(controls.stop)
    with contextlib.closing(job):
        while True:
            if not controls.go.is_set():
                put(("paused",))
                controls.go.wait()
                put(("resumed",))
            try:
                event = next(job)
            except StopIteration as end:
                return end.value if isinstance(end.value, Outcome) else Outcome.FINISHED
            put(("event", event))


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep the pipes from prints of libraries: those go where errors go."""
    incoming, outgoing = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.dup2(2, 1)
    faulthandler.enable()
    return incoming, outgoing


def _step_back() -> None:
    if hasattr(os, "nice"):
        os.nice(NICENESS)
        return
    import psutil

    psutil.Process().nice(getattr(psutil, "BELOW_NORMAL_PRIORITY_CLASS"))  # noqa: B009  Windows only


def _sendable(message: Message) -> Message:
    try:
        pickle.dumps(message)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        return ("log", __name__, logging.ERROR, f"an event could not be sent: {message[1]!r} ({error})")
    return message


def _exactly(stream: BinaryIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data
