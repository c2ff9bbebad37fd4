"""What is left after a kill: of the engine's process, of the program in a training, and in the middle of a save."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from emotalker.engine import assets
from emotalker.projects import Consent, Project
from emotalker.projects.jobstate import Phase

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from emotalker.app.main import Application
    from emotalker.engine.errors import UserError

MODELS = pytest.mark.skipif(
    any(assets.path(n) is None for n in ("face_landmarker", "selfie_segmentation")),
    reason="the models are not on this computer",
)
LONGEST = 90.0

PROGRAM = """
import sys
from pathlib import Path
from PySide6.QtWidgets import QApplication
from emotalker.app import logs
from emotalker.app.main import Application
logs.start()
qt = QApplication([])
application = Application(qt, [Path(sys.argv[1])], first_run=False)
application.queue.event.connect(lambda id_, event: print("event", type(event).__name__, flush=True))
application.studio.engine_ready.connect(lambda: application.training.start("tiny"))
application.start()
print("crashed", application.crashed.project if application.crashed else None, flush=True)
code = qt.exec()
application.close()
logs.stop()
sys.exit(code)
"""

SAVER = """
import sys
from pathlib import Path
from emotalker.projects import Performance, Project
project = Project.open(Path(sys.argv[1]))
for number in range(project.manifest.performance.seed + 1, 1_000_000):
    project.set_performance(Performance(seed=number))
    print(number, flush=True)
"""


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two short clips of the synthetic person."""
    from emotalker.engine.synthetic.sample import SampleConfig, sample_clips

    folder = tmp_path_factory.mktemp("clips")
    list(sample_clips(folder, SampleConfig(size=192, seconds=5.0, emotions=("neutral", "happy"), levels=(2.0,))))
    return folder


@pytest.fixture
def project(clips: Path, tmp_path: Path) -> Project:
    """A project that may be trained."""
    project = Project.create(tmp_path / "ada", "Ada")
    project.add([clips])
    project.set_consent(Consent(True, "Ada", "I agree.", "2026-01-01"))
    return project


@pytest.fixture
def program(tmp_path: Path, project: Project) -> Iterator[Callable[[], subprocess.Popen[str]]]:
    """Starts the whole program as a process of its own, which begins to train at once."""
    running: list[subprocess.Popen[str]] = []
    environment = {**os.environ, "EMOTALKER_CONFIG": str(tmp_path / "config"), "EMOTALKER_LOGS": str(tmp_path / "logs")}

    def start() -> subprocess.Popen[str]:
        command = [sys.executable, "-c", PROGRAM, str(project.folder)]
        process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        running.append(process)
        return process

    yield start
    for process in running:
        process.kill()
        process.wait(10)
        assert process.stdout is not None
        process.stdout.close()


def until(process: subprocess.Popen[str], wanted: str) -> str:
    """The first line of its output that begins so."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(wanted):
            return line.strip()
    raise AssertionError(f"the program ended without saying {wanted!r}")


def children_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    """Living processes it started."""
    return psutil.Process(process.pid).children(recursive=True)


@pytest.mark.slow
@pytest.mark.assets
@MODELS
@pytest.mark.timeout(400)
def test_killing_the_program_in_a_training_loses_nothing_but_minutes(
    program: Callable[[], subprocess.Popen[str]], project: Project, tmp_path: Path
) -> None:
    """After SIGKILL the engine ends by itself, the next start knows, opens the project and goes on training."""
    first = program()
    assert until(first, "crashed") == "crashed None"
    until(first, "event Progress")
    engines = children_of(first)
    assert engines
    first.kill()
    first.wait(10)
    _, alive = psutil.wait_procs(engines, LONGEST)
    assert not alive
    assert len(Project.open(project.folder).clips) == 2

    second = program()
    assert until(second, "crashed") == f"crashed {project.folder}"
    until(second, "event Progress")
    second.terminate()
    assert second.wait(LONGEST) == 0
    assert not list((tmp_path / "config").glob("running-*"))

    third = program()
    assert until(third, "crashed") == "crashed None"


def test_killing_it_in_the_middle_of_a_save_leaves_a_whole_project(project: Project) -> None:
    """Ten kills of a program that saves all the time: the last save it told of is there, or the one after it."""
    for attempt in range(10):
        process = subprocess.Popen(
            [sys.executable, "-c", SAVER, str(project.folder)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        told = int(process.stdout.readline())
        time.sleep(0.01 + 0.013 * attempt)
        process.send_signal(signal.SIGKILL)
        told = max([told, *(int(line) for line in process.stdout if line.endswith("\n"))])
        process.wait(10)
        process.stdout.close()
        opened = Project.open(project.folder)
        assert opened.manifest.performance.seed in (told, told + 1)
        assert not opened.notices
        json.loads((project.folder / "project.json").read_text())


@pytest.mark.slow
@pytest.mark.assets
@MODELS
@pytest.mark.timeout(300)
def test_killing_the_engine_is_a_failure_with_advice(
    qtbot: QtBot, launch: Callable[..., Application], failures: list[UserError], project: Project
) -> None:
    """SIGKILL of the child alone: the window lives, says what to do, and the training can go on."""
    application = launch([project.folder])
    qtbot.waitUntil(lambda: application.studio.ready, timeout=120_000)
    application.training.start("tiny")
    qtbot.waitUntil(lambda: running_stage(application) == "track", timeout=60_000)
    for child in psutil.Process().children():
        child.kill()
    qtbot.waitUntil(lambda: application.studio.job() is None, timeout=30_000)
    assert application.queue.states()[-1].phase is Phase.FAILED
    qtbot.waitUntil(lambda: len(failures) == 1)
    assert failures[0].what_to_do
    assert application.window.isVisible()

    application.training.start("tiny")
    qtbot.waitUntil(lambda: running_stage(application) == "track", timeout=60_000)
    assert application.queue.states()[-1].phase is Phase.RUNNING
    assert len(failures) == 1


def running_stage(application: Application) -> str:
    """Stage of the running job once it has done something."""
    job = application.studio.job()
    return job.stage if job is not None and job.done > 0 else ""
