"""Which window has a project open, so that a second one does not change it unasked."""

from __future__ import annotations

import contextlib
import os
import platform
from dataclasses import dataclass
from pathlib import Path

import psutil

from emotalker.engine.errors import UserError
from emotalker.engine.files import write_bytes
from emotalker.projects.lock import living

OPEN = "open.lock"


@dataclass(frozen=True)
class Holder:
    """Who has a project open.

    Attributes:
        process: number of the process.
        host: name of its computer.
        here: whether that is this computer.
    """

    process: int
    host: str
    here: bool

    @property
    def sentence(self) -> str:
        """Where it is open, in words."""
        if self.here:
            return f"Another window of this program has it open (process {self.process})."
        return f"A window on the computer {self.host} has it open, or was not closed properly there."


def holder(folder: Path) -> Holder | None:
    """Who else has the project open; a process of this computer that is gone does not count."""
    try:
        number, began, host = (folder / OPEN).read_text(encoding="utf-8").split(maxsplit=2)
        process, here = int(number), host.strip() == platform.node()
        if here and (process == os.getpid() or living(process, float(began)) is None):
            return None
        return Holder(process, host.strip(), here)
    except (OSError, ValueError):
        return None


def mark_open(folder: Path) -> None:
    """Say that this process has the project open; a folder that cannot be written stays without a mark."""
    process = psutil.Process()
    # who cannot write the mark cannot change the project either
    with contextlib.suppress(UserError):
        write_bytes(folder / OPEN, f"{process.pid} {process.create_time()!r} {platform.node()}\n".encode())


def mark_closed(folder: Path) -> None:
    """Take this process's mark away; one of somebody who opened it after all stays."""
    with contextlib.suppress(OSError, ValueError):
        number, _, host = (folder / OPEN).read_text(encoding="utf-8").split(maxsplit=2)
        if int(number) == os.getpid() and host.strip() == platform.node():
            (folder / OPEN).unlink()
