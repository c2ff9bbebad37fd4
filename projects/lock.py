"""One training at a time in a project."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import psutil

from emotalker.engine.errors import UserError
from emotalker.engine.files import write_bytes

LOCK = "training.lock"


@contextlib.contextmanager
def training_lock(folder: Path) -> Iterator[None]:
    """Hold the project's training lock; one left behind by a process that is gone does not count.

    Raises:
        UserError: if another process is training in this project, or the folder cannot be written.
    """
    path = folder / LOCK
    holder = _holder(path)
    if holder is not None:
        raise UserError(
            "This project is being trained already.",
            f"Process {holder} holds {path}.",
            "Wait for it to end, or stop it, and try again.",
        )
    process = psutil.Process()
    write_bytes(path, f"{process.pid} {process.create_time()!r}\n".encode())
    try:
        yield
    finally:
        if _holder(path, own=True) == os.getpid():
            path.unlink(missing_ok=True)


def is_training(folder: Path) -> bool:
    """Whether a living process, this one included, is training in the project."""
    return _holder(folder / LOCK, own=True) is not None


def _holder(path: Path, own: bool = False) -> int | None:
    """The living process that wrote the lock; a reused process number is told by the time the process began."""
    try:
        number, began = path.read_text().split()
        process = living(int(number), float(began))
    except (OSError, ValueError):
        return None
    return process if own or process != os.getpid() else None


def living(number: int, began: float) -> int | None:
    """The number of a process of this computer if it lives and began then; None if another has its number by now.

    Args:
        number: of the process.
        began: seconds since 1970.
    """
    try:
        return number if abs(psutil.Process(number).create_time() - began) < 1.0 else None
    except psutil.Error:
        return None
