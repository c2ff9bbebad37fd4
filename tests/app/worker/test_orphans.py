"""What becomes of a job whose window is gone."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

# No guard around it: a child that imported the main module of its parent would start a queue of its own.
WINDOW = """
import sys
from pathlib import Path
sys.path.insert(0, {here!r})
from PySide6.QtCore import QCoreApplication, QTimer
from emotalker.app.worker import JobQueue, JobSpec
from emotalker.projects.jobstate import Phase
from worker_jobs import Count
app = QCoreApplication(sys.argv)
queue = JobQueue()
id_ = queue.submit(JobSpec("train", "Training", Count(100000, 0.02, Path({checkpoint!r}))))
def told(state):
    if state.phase is Phase.RUNNING and state.done > 3 and {pause}:
        queue.pause(id_)
    if state.phase is Phase.PAUSED or (state.done > 3 and not {pause}):
        print(queue._entries[id_].thread.pid, flush=True)
queue.state_changed.connect(told)
app.exec()
"""


@pytest.mark.parametrize("pause", [False, True])
def test_the_child_of_a_killed_window_stops_at_a_checkpoint(tmp_path: Path, pause: bool) -> None:
    """SIGKILL of the window's process: the child notices within seconds, also while paused, and keeps its work."""
    checkpoint = tmp_path / "checkpoint"
    script = tmp_path / "window.py"
    script.write_text(WINDOW.format(here=str(Path(__file__).parent), checkpoint=str(checkpoint), pause=pause))
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as window:
        assert window.stdout is not None
        child = psutil.Process(int(window.stdout.readline()))
        assert len(psutil.Process(window.pid).children(recursive=True)) == 1
        window.kill()
    end = time.monotonic() + 5
    while child.is_running() and child.status() != psutil.STATUS_ZOMBIE and time.monotonic() < end:
        time.sleep(0.05)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
    assert int(checkpoint.read_text()) > 3
