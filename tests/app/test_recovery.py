"""After a crash the next start knows; after a normal end it does not."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from pytestqt.qtbot import QtBot

from emotalker.app.recovery import Autosave, CrashSentinel

CHILD = """
import sys
from pathlib import Path
from PySide6.QtCore import QCoreApplication, QTimer
from emotalker.app.recovery import CrashSentinel, QuitOnSignals

app = QCoreApplication([])
signals = QuitOnSignals(app)
sentinel = CrashSentinel(Path(sys.argv[1]))
crash = sentinel.start()
sentinel.note_project(Path(sys.argv[2]))
print("crashed" if crash else "ready", flush=True)
if sys.argv[3] == "close":
    QTimer.singleShot(0, app.quit)
app.exec()
signals.close()
sentinel.stop()
"""

Start = Callable[[str], subprocess.Popen]


@pytest.fixture
def child(tmp_path: Path) -> Iterator[Start]:
    """Starts a real program with a sentinel; it is ended at the latest after the test."""
    running = []

    def start(end: str) -> subprocess.Popen:
        command = [sys.executable, "-c", CHILD, str(tmp_path), str(tmp_path / "Ada"), end]
        environment = {**os.environ, "QT_QPA_PLATFORM": "minimal"}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        running.append(process)
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "ready"
        return process

    yield start
    for process in running:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_killed_program_is_known_with_its_project(child: Start, tmp_path: Path) -> None:
    """SIGKILL leaves no chance to say goodbye; it is told once."""
    process = child("stay")
    process.kill()
    process.wait()
    sentinel = CrashSentinel(tmp_path)
    crash = sentinel.start()
    assert crash is not None
    assert crash.project == tmp_path / "Ada"
    sentinel.stop()
    assert CrashSentinel(tmp_path).start() is None


def test_a_normal_end_is_no_crash(child: Start, tmp_path: Path) -> None:
    """No false alarm."""
    assert child("close").wait(10) == 0
    assert CrashSentinel(tmp_path).start() is None


@pytest.mark.skipif(sys.platform == "win32", reason="signals of Unix")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_being_asked_to_end_is_no_crash(child: Start, tmp_path: Path, number: signal.Signals) -> None:
    """The machine is shut down, the terminal is closed: the program ends cleanly, at once."""
    process = child("stay")
    began = time.monotonic()
    process.send_signal(number)
    assert process.wait(10) == 0
    assert time.monotonic() - began < 3
    assert CrashSentinel(tmp_path).start() is None


def test_another_window_is_no_crash(child: Start, tmp_path: Path) -> None:
    """Two windows at once are allowed; the sentinel of the other stays."""
    process = child("stay")
    sentinel = CrashSentinel(tmp_path)
    assert sentinel.start() is None
    sentinel.stop()
    process.kill()
    process.wait()
    assert CrashSentinel(tmp_path).start() is not None


def plant(folder: Path, **changes: object) -> None:
    """A sentinel that another run left behind."""
    fields = {"pid": 1, "created": 5.0, "boot": psutil.boot_time(), "project": None, **changes}
    (folder / f"running-{fields['pid']}.json").write_text(json.dumps(fields))


def test_a_process_number_in_use_again_is_a_crash(tmp_path: Path) -> None:
    """The number lives, but what has it now began at another time."""
    plant(tmp_path, pid=os.getpid())
    assert CrashSentinel(tmp_path).start() is not None


def test_a_machine_that_was_restarted_is_no_crash(tmp_path: Path) -> None:
    """It was not the program's fault, whatever has its number now."""
    plant(tmp_path, pid=os.getpid(), boot=psutil.boot_time() - 86400)
    plant(tmp_path, pid=999999, boot=psutil.boot_time() - 86400)
    sentinel = CrashSentinel(tmp_path)
    assert sentinel.start() is None
    sentinel.stop()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"pid": "x"}', '{"pid": 1, "created": 2, "boot": 3, "project": 4}']
)
def test_a_sentinel_that_cannot_be_read_is_swept_away(tmp_path: Path, content: str) -> None:
    """It must not raise at every start."""
    (tmp_path / "running-77.json").write_text(content)
    assert CrashSentinel(tmp_path).start() is None
    assert not (tmp_path / "running-77.json").exists()


def test_a_folder_that_cannot_be_written_does_not_stop_the_start(tmp_path: Path) -> None:
    """Only the advice after a crash is missing then."""
    (tmp_path / "file").write_text("")
    sentinel = CrashSentinel(tmp_path / "file")
    assert sentinel.start() is None
    sentinel.note_project(tmp_path)
    sentinel.stop()


def test_autosave_waits_for_a_pause(qtbot: QtBot) -> None:
    """Ten edits in a row are one save."""
    saves: list[int] = []
    auto = Autosave(lambda: saves.append(1), idle_ms=60, longest_ms=5000)
    for _ in range(10):
        auto.edited()
    qtbot.waitUntil(lambda: saves == [1])
    assert not auto.dirty
    qtbot.wait(100)
    assert saves == [1]


def test_autosave_does_not_wait_for_ever(qtbot: QtBot) -> None:
    """Whoever never pauses is saved all the same."""
    saves: list[int] = []
    auto = Autosave(lambda: saves.append(1), idle_ms=150, longest_ms=200)
    until = time.monotonic() + 0.6
    while time.monotonic() < until:
        auto.edited()
        qtbot.wait(30)
    assert len(saves) >= 2
    auto.flush()


def test_autosave_flushes_on_close_and_survives_a_full_disk(qtbot: QtBot) -> None:
    """A failed save stays unsaved and is tried again."""
    fails = [True]

    def save() -> None:
        if fails.pop():
            raise OSError("disk full")

    auto = Autosave(save)
    assert auto.flush()
    auto.edited()
    with qtbot.waitSignal(auto.failed):
        assert not auto.flush()
    assert auto.dirty
    fails.append(False)
    assert auto.flush()
    assert not auto.dirty
