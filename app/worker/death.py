"""How a job ended whose process could not say so itself."""

from __future__ import annotations

import signal
from pathlib import Path

import psutil

from emotalker.engine.errors import UserError
from emotalker.engine.failures import LESS_MEMORY
from emotalker.projects.jobstate import JobEnd, Phase

NEAR = 0.6  # share of the machine's memory from which on it is the likely cause
GOES_ON = "Start it again: it goes on from the last checkpoint, which is kept."
ANEW = "Start it again: it begins anew, since nothing of it is kept."
_LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def memory_limit() -> int:
    """Bytes of memory this machine, or the container it is, gives to programs."""
    limit = int(psutil.virtual_memory().total)
    for path in _LIMITS:
        try:
            limit = min(limit, int(path.read_text()))
        except (OSError, ValueError):
            continue  # not such a system, or no limit
    return limit


def end_of(code: int, memory: int, said: str, limit: int | None = None, *, resumes: bool = True) -> JobEnd:
    """The end of a job from its process's exit code.

    Args:
        code: exit code; negative for a signal.
        memory: the most bytes it was seen holding.
        said: what it wrote as errors.
        limit: bytes of memory of the machine.
        resumes: whether such a job goes on from a checkpoint.
    """
    again = GOES_ON if resumes else ANEW
    limit = memory_limit() if limit is None else limit
    what = "The engine was ended by the system."
    details = f"exit code {code}, {memory / 2**20:.0f} MiB of {limit / 2**20:.0f} MiB\n{said}".strip()
    if memory > NEAR * limit:
        why = f"It held {memory / 2**30:.1f} GiB of the {limit / 2**30:.1f} GiB this computer has, so memory ran out."
        return JobEnd(Phase.FAILED, UserError(what, why, LESS_MEMORY), details)
    if code == -getattr(signal, "SIGKILL", 9):
        why = "The system, or somebody with a task manager, killed its process; most often memory has run out."
        return JobEnd(Phase.FAILED, UserError(what, why, LESS_MEMORY), details)
    if code < 0:
        why = f"Its process got the signal {_name(-code)}."
        if -code in (signal.SIGTERM, signal.SIGINT):
            return JobEnd(Phase.FAILED, UserError(what, f"{why} Somebody asked it to end.", again), details)
    else:
        why = f"Its process ended with code {code} without a word."
    todo = f"{again} If it happens again, please report it; the details are in the log."
    return JobEnd(Phase.FAILED, UserError("The engine broke down.", why, todo), details)


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)
