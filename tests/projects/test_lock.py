"""One training at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from emotalker.engine.errors import UserError
from emotalker.projects.lock import LOCK, training_lock


def test_lock_is_gone_afterwards(tmp_path: Path) -> None:
    """The lock lasts as long as the training, also one that fails."""
    with training_lock(tmp_path):
        assert (tmp_path / LOCK).exists()
    assert not (tmp_path / LOCK).exists()
    lock = training_lock(tmp_path)
    lock.__enter__()
    error = ValueError("training failed")
    assert not lock.__exit__(ValueError, error, None)
    assert not (tmp_path / LOCK).exists()


def test_another_living_process_is_respected(tmp_path: Path) -> None:
    """A second training in the same project is refused while the first lives."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        born = psutil.Process(child.pid).create_time()
        (tmp_path / LOCK).write_text(f"{child.pid} {born!r}\n")
        with pytest.raises(UserError, match="trained already"), training_lock(tmp_path):
            pass
        assert (tmp_path / LOCK).exists()
        # The number alone proves nothing: it may have been given to another process since.
        (tmp_path / LOCK).write_text(f"{child.pid} {born - 1000!r}\n")
        with training_lock(tmp_path):
            pass
    finally:
        child.communicate(b"\n")


@pytest.mark.parametrize("left", ["", "nonsense", "999999999 1.0"])
def test_what_a_crash_left_behind_does_not_count(tmp_path: Path, left: str) -> None:
    """A lock of a process that is gone is taken over."""
    (tmp_path / LOCK).write_text(left)
    with training_lock(tmp_path):
        assert (tmp_path / LOCK).read_text() != left
