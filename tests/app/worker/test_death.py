"""Exit codes in words."""

from __future__ import annotations

import signal

import pytest

from emotalker.app.worker.death import end_of, memory_limit
from emotalker.projects.jobstate import JobEnd

GIB = 1 << 30


def words(end: JobEnd) -> str:
    assert end.error is not None
    return f"{end.error.what} {end.error.why} {end.error.what_to_do}"


def test_memory_near_the_limit_is_named_as_the_cause() -> None:
    """A process that held most of the memory when it was killed ran out of it."""
    text = words(end_of(-signal.SIGKILL, 7 * GIB, "", limit=8 * GIB))
    assert "7.0 GiB of the 8.0 GiB" in text
    assert "smaller preset" in text


def test_a_kill_with_little_memory_is_told_with_doubt() -> None:
    """Another program may have been the greedy one, or somebody killed it."""
    text = words(end_of(-signal.SIGKILL, GIB, "", limit=16 * GIB))
    assert "most often" in text
    assert "checkpoint" in text


@pytest.mark.parametrize(
    ("code", "word"), [(-signal.SIGSEGV, "SIGSEGV"), (-signal.SIGTERM, "asked it to end"), (3, "code 3")]
)
def test_other_ends_name_themselves(code: int, word: str) -> None:
    """Signals by name, codes by number, and what was written as errors goes to the details."""
    end = end_of(code, GIB, "a stack", limit=16 * GIB)
    assert word in words(end)
    assert "a stack" in end.details


def test_this_machine_has_a_limit() -> None:
    """Between a hundred megabytes and a hundred terabytes."""
    assert 10**8 < memory_limit() < 10**14
