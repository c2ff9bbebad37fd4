"""What to tell a person when a job fails with an exception nobody expected."""

from __future__ import annotations

import errno
from pathlib import Path

from emotalker.engine.errors import UserError
from emotalker.engine.files import explain_os_error

LESS_MEMORY = (
    "Close other programs, or choose a smaller preset, and start again: it goes on from the last checkpoint, "
    "which is kept."
)
_CPU_MEMORY = ("can't allocate memory", "not enough memory", "std::bad_alloc", "cannot allocate memory")


def explain_failure(error: BaseException) -> UserError:
    """The error as a person should read it; a `UserError` is returned as it is."""
    if isinstance(error, UserError):
        return error
    said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
    text = str(error).lower()
    kind = type(error).__name__
    if "cuda" in text and "out of memory" in text:
        return UserError(
            "The graphics card ran out of memory.",
            f"The job needs more of it than is free ({_short(said)}).",
            "Close programs that use the card, choose a smaller preset, or train on the processor. "
            "The last checkpoint is kept; the training goes on from there.",
        )
    if isinstance(error, MemoryError) or kind == "OutOfMemoryError" or any(sign in text for sign in _CPU_MEMORY):
        return UserError(
            "The computer ran out of memory.", f"The job needs more than is free ({_short(said)}).", LESS_MEMORY
        )
    if isinstance(error, RuntimeError) and "cuda" in text:
        return UserError(
            "The graphics card stopped working.",
            f"Its driver said: {_short(said)}.",
            "Start again, or train on the processor. The last checkpoint is kept.",
        )
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EACCES, errno.EPERM, errno.EROFS):
        return explain_os_error(error, Path(str(error.filename or "a file")))
    return UserError(
        "The job ended because of an error in the program.",
        f"{_short(said)}.",
        "Start it again: what was done up to the last checkpoint is kept. If it happens again, please report it; "
        "the details are in the log.",
    )


def _short(text: str, most: int = 300) -> str:
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= most else line[: most - 1] + "…"
