"""The outer side of a job's process: start, listen, tell, end. Free of Qt."""

from __future__ import annotations

import contextlib
import os
import pickle
import queue
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from typing import BinaryIO, cast

import psutil

from emotalker.engine.child import Assignment, Message, read_message, write_message
from emotalker.engine.jobs import AnyJob, StopToken

_COMMAND = "from emotalker.engine.child import main; main()"
_TAIL = 8000  # bytes of the error output that are worth keeping
_WAITING = 50  # batches read ahead; then the child has to wait


class JobProcess:
    """A child process that runs one job.

    It is a fresh interpreter that imports the job's module and not the program's main, so nothing of the window is in
    it; its input is the life line: when this process dies, the child reads the end of it and stops by itself.

    Args:
        call: the job; picklable.

    Raises:
        OSError: if the system cannot start a process.
    """

    def __init__(self, call: Callable[[StopToken], AnyJob]) -> None:
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  closed in `close`
        data = pickle.dumps(call)
        # A group of its own: Ctrl-C in the terminal of the window is the window's to handle.
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-c", _COMMAND],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            start_new_session=os.name == "posix",
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            env={"OMP_WAIT_POLICY": "passive", **os.environ, "PYTHONUNBUFFERED": "1"},
        )
        self.pid = self._process.pid
        self._in = cast(BinaryIO, self._process.stdin)
        self._out = cast(BinaryIO, self._process.stdout)
        self._telling = threading.Lock()
        self._tell(Assignment(data, list(sys.path)))
        self._batches: queue.Queue[list[Message] | None] = queue.Queue(_WAITING)
        self._reader = threading.Thread(target=self._read, name=f"reader of {self.pid}", daemon=True)
        self._reader.start()

    def receive(self, seconds: float) -> list[Message] | None:
        """What the child said, waiting for it at most `seconds`; None when it will say nothing any more."""
        try:
            return self._batches.get(timeout=seconds)
        except queue.Empty:
            return []

    def tell(self, wish: str) -> None:
        """Ask for "stop", "pause" or "resume"; a child that is gone is none the wiser."""
        self._tell(wish)

    def memory(self) -> int:
        """Bytes the child holds; 0 if it is gone."""
        try:
            return int(psutil.Process(self.pid).memory_info().rss)
        except psutil.Error:
            return 0

    def terminate(self) -> None:
        """Ask the system to end the child."""
        with contextlib.suppress(OSError):
            self._process.terminate()

    def kill(self) -> None:
        """Let the system end the child, whatever it does."""
        with contextlib.suppress(OSError):
            self._process.kill()

    def close(self) -> tuple[int, str]:
        """Wait for the end of the child; its exit code and the last it wrote as an error."""
        with self._telling, contextlib.suppress(OSError):
            self._in.close()
        code = self._process.wait()
        self._drain()
        self._reader.join()
        self._out.close()
        size = self._errors.seek(0, os.SEEK_END)
        self._errors.seek(max(0, size - _TAIL))
        text = self._errors.read().decode("utf-8", "replace").strip()
        self._errors.close()
        return code, text

    def _tell(self, message: object) -> None:
        with self._telling, contextlib.suppress(OSError, ValueError):
            write_message(self._in, message)

    def _read(self) -> None:
        try:
            while True:
                self._batches.put(read_message(self._out))
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            self._batches.put(None)

    def _drain(self) -> None:
        """Let the reader come to its end if nobody listened to the last."""
        while self._reader.is_alive():
            with contextlib.suppress(queue.Empty):
                self._batches.get(timeout=0.05)
