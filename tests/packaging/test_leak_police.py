"""The police catches what it is there for, and lets the innocent go."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SUSPECTS = """
import os, subprocess, sys, threading
from pathlib import Path
from PySide6.QtCore import QObject, QThread, QTimer
from PySide6.QtWidgets import QWidget

kept = []

def test_innocent(qtbot):
    widget = QWidget(); qtbot.addWidget(widget); widget.show()
    timer = QTimer(widget); timer.start(10)
    thread = QThread(widget); thread.start(); thread.quit(); thread.wait()
    subprocess.run([sys.executable, "-c", ""])

def test_window(qtbot):
    kept.append(QWidget()); kept[-1].setObjectName("forgotten"); kept[-1].show()

def test_timer(qtbot):
    kept.append(QTimer()); kept[-1].start(60000)

def test_qthread(qtbot):
    kept.append(QThread()); kept[-1].start()

def test_thread(qtbot):
    stop = threading.Event(); kept.append(stop)
    threading.Thread(target=lambda: stop.wait(5), name="worker").start()

def test_child(qtbot):
    kept.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(5)"]))

def test_settings():
    del os.environ["EMOTALKER_CONFIG"]
    from emotalker.app.settings import SettingsStore
    store = SettingsStore(); store.set(theme="light"); store.flush()

def test_settings_are_private():
    from emotalker.app.settings import SettingsStore
    assert SettingsStore().values.theme == "dark"
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the decoy of settings is Linux's")
def test_each_leak_is_named_and_nothing_else(tmp_path: Path) -> None:
    """Run on tests that each leave one thing behind."""
    shutil.copy(Path(__file__).parents[1] / "conftest.py", tmp_path)
    (tmp_path / "test_suspects.py").write_text(SUSPECTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\naddopts = -ra\n")
    conftest = tmp_path / "conftest.py"
    conftest.write_text(conftest.read_text().replace("GRACE = 2.0", "GRACE = 0.2"))
    arguments = ["-p", "no:randomly", "-p", "no:cacheprovider", str(tmp_path)]
    # leave by _exit: a thread that still runs would abort the interpreter's own end
    code = f"import os, sys, pytest; code = pytest.main({arguments!r}); sys.stdout.flush(); os._exit(code)"
    environment = {**os.environ, "QT_QPA_PLATFORM": "minimal"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, timeout=60, env=environment
    )
    lines = done.stdout.splitlines()
    caught = {
        line.split("::")[1].split()[0]: line.partition(" - ")[2]
        for line in lines
        if line.startswith(("ERROR", "FAILED"))
    }
    assert caught.keys() == {"test_window", "test_timer", "test_qthread", "test_thread", "test_child", "test_settings"}
    for name, word in (("window", "forgotten"), ("timer", "QTimer"), ("qthread", "QThread"), ("child", "process")):
        assert word in done.stdout.split(f"ERROR at teardown of test_{name} ")[1].split("ERROR at")[0]
