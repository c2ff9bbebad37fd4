"""Twins and voices are read in threads: what comes late is for nobody any more."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from PySide6.QtCore import QObject, Signal

from emotalker.app.session import Session
from emotalker.app.tasks import Tasks
from emotalker.app.wiring import loading
from emotalker.app.wiring.loading import Loading
from emotalker.projects import Performance, Project

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot


class Studio(QObject):
    """As much of the studio as loading needs."""

    engine_ready = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.session, self.ready = Session(self), True
        self.errors: list[BaseException] = []
        self.tasks = Tasks(self.errors.append, self)
        self.fail = self.errors.append


class Scene(SimpleNamespace):
    """What was loaded, in order, and gates that hold the reading of a file."""


@pytest.fixture
def scene(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Loading of twins that are their folder's name, and voices that are their file's."""
    studio = Studio()
    gates: dict[str, threading.Event] = {}
    heard: list[str] = []

    def read(path: Path) -> str:
        if path.name in gates:
            assert gates[path.name].wait(10)
        if "broken" in path.name:
            raise OSError(path.name)
        return path.name

    monkeypatch.setattr(loading, "_load_twin", lambda folder: read(folder.parents[1]))
    monkeypatch.setattr(loading, "load_voice", lambda file, _avatar: read(file))
    loads = Loading(studio, studio)  # type: ignore[arg-type]
    loads.twin_failed.connect(studio.errors.append)
    loads.twin_loaded.connect(lambda twin: heard.append(f"twin {twin}"))
    loads.voice_loaded.connect(lambda voice: heard.append(f"voice {voice}"))
    messages: list[str | None] = []
    loads.message.connect(messages.append)
    yield Scene(studio=studio, session=studio.session, gates=gates, heard=heard, messages=messages)
    for gate in gates.values():
        gate.set()
    studio.tasks.close()
    studio.deleteLater()


def project(folder: Path, voice: str = "") -> Project:
    """A trained project with a voice."""
    made = Project.create(folder, folder.name)
    made.set_performance(Performance(voice=voice))
    (folder / "runs" / "avatar").mkdir(parents=True)
    (folder / "runs" / "avatar" / "avatar.json").write_text("{}")
    return made


def test_a_twin_without_a_voice_does_not_say_the_last_ones(qtbot: QtBot, scene: Any, tmp_path: Path) -> None:
    """After a project with a recording comes one without."""
    scene.session.open(project(tmp_path / "ada", "ada.wav"))
    qtbot.waitUntil(lambda: scene.heard == ["twin ada", "voice ada.wav"])
    scene.session.open(project(tmp_path / "grace"))
    qtbot.waitUntil(lambda: scene.heard[2:] == ["twin grace", "voice None"])


def test_a_voice_that_comes_late_is_not_said_by_another(qtbot: QtBot, scene: Any, tmp_path: Path) -> None:
    """Another project is opened while the recording of the first is being heard."""
    gate = scene.gates["ada.wav"] = threading.Event()
    scene.session.open(project(tmp_path / "ada", "ada.wav"))
    qtbot.waitUntil(lambda: scene.heard == ["twin ada"])
    scene.session.open(project(tmp_path / "grace"))
    qtbot.waitUntil(lambda: scene.heard[1:] == ["twin grace", "voice None"])
    gate.set()
    qtbot.waitUntil(lambda: scene.studio.tasks.running == 0)
    assert scene.heard[3:] == []


def test_a_twin_that_fails_late_is_not_told(qtbot: QtBot, scene: Any, tmp_path: Path) -> None:
    """The message over the picture is about the twin that is open."""
    gate = scene.gates["broken"] = threading.Event()
    scene.session.open(project(tmp_path / "broken"))
    scene.session.open(project(tmp_path / "grace"))
    qtbot.waitUntil(lambda: "twin grace" in scene.heard)
    gate.set()
    qtbot.waitUntil(lambda: scene.studio.tasks.running == 0)
    assert scene.studio.errors == []
    assert scene.messages[-1] is None


def test_a_voice_taken_away_while_it_is_read(qtbot: QtBot, scene: Any, tmp_path: Path) -> None:
    """No "Listening" stays over the picture."""
    gate = scene.gates["ada.wav"] = threading.Event()
    scene.session.open(project(tmp_path / "ada", "ada.wav"))
    qtbot.waitUntil(lambda: scene.heard == ["twin ada"])
    assert scene.messages[-1] == "Listening to ada.wav…"
    scene.session.edit("Choose voice", lambda p: p.set_performance(Performance()))
    assert scene.messages[-1] is None
    gate.set()
    qtbot.waitUntil(lambda: scene.studio.tasks.running == 0)
    assert scene.heard == ["twin ada", "voice None"]
