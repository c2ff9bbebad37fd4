"""Edits while slow work is under way: nothing is lost, and nothing gets into another project."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from emotalker.app.commands.clips import LabelClips
from emotalker.app.commands.person import Rename
from emotalker.app.session import Session
from emotalker.engine.errors import UserError
from emotalker.projects import Project, store
from emotalker.projects.document import ClipEntry

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from emotalker.app.main import Application


def with_clips(folder: Path, *names: str) -> Project:
    """A project of clips that are nowhere on the disk."""
    project = Project.create(folder, folder.name)
    store.save(folder, msgspec.structs.replace(project.manifest, clips=[clip(name) for name in names]))
    return Project.open(folder)


def clip(name: str) -> ClipEntry:
    """An entry without a file."""
    return ClipEntry(name, f"/gone/{name}.mp4", "happy", 1.0, f"sha of {name}", 1, 1, 1.0, 64, 64, 25.0, False)


class Slow:
    """Adds a clip when it is let go on."""

    slow = True

    def __init__(self, name: str) -> None:
        self.name = f"Add {name}"
        self.go, self.begun = threading.Event(), threading.Event()
        self._clip = clip(name)

    def do(self, project: Project) -> None:
        """Wait, then add."""
        clips = [*project.clips, self._clip]
        self.begun.set()
        assert self.go.wait(10)
        project._update(clips=clips)


def ids(project: Project | None) -> list[str]:
    """Its clips."""
    assert project is not None
    return [c.id for c in project.clips]


def test_a_label_given_while_clips_are_read_is_kept(
    qtbot: QtBot, launch: Callable[..., Application], failures: list[UserError], tmp_path: Path
) -> None:
    """Both are in the document and on the disk, and each is undone by itself."""
    studio = launch().studio
    session = studio.session
    session.open(with_clips(tmp_path / "ada", "a"))
    slow = Slow("b")
    studio.do(slow)
    studio.do(LabelClips({"a": ("sad", 2.0)}))
    slow.go.set()
    qtbot.waitUntil(lambda: ids(session.project) == ["a", "b"])
    assert session.project is not None
    assert session.project.clips[0].emotion == "sad"
    assert Project.open(tmp_path / "ada").manifest == session.project.manifest
    session.step(back=True)
    assert ids(session.project) == ["a"]
    assert session.project.clips[0].emotion == "sad"
    session.step(back=True)
    assert session.project.clips[0].emotion == "happy"
    assert failures == []


def test_slow_work_of_a_project_that_was_left_goes_into_that_project(
    qtbot: QtBot, launch: Callable[..., Application], failures: list[UserError], tmp_path: Path
) -> None:
    """The project opened meanwhile is not touched, has nothing to undo, and is not told of clips it does not have."""
    studio = launch().studio
    first, second = with_clips(tmp_path / "ada", "a"), with_clips(tmp_path / "grace", "g")
    studio.session.open(first)
    slow, told = Slow("b"), []
    studio.do(slow, lambda: told.append(True))
    studio.session.open(second)
    slow.go.set()
    qtbot.waitUntil(lambda: ids(Project.open(first.folder)) == ["a", "b"])
    qtbot.waitUntil(lambda: studio.tasks.running == 0)
    assert ids(second) == ["g"]
    assert ids(Project.open(second.folder)) == ["g"]
    assert studio.session.undo.count() == 0
    assert told == failures == []


def test_slow_work_waits_for_slow_work(
    qtbot: QtBot, launch: Callable[..., Application], failures: list[UserError], tmp_path: Path
) -> None:
    """Files dropped while others are read are added after them, not forgotten."""
    studio = launch().studio
    studio.session.open(with_clips(tmp_path / "ada", "a"))
    one, two = Slow("b"), Slow("c")
    studio.do(one)
    studio.do(two)
    assert one.begun.wait(10)
    assert not two.begun.is_set()
    one.go.set()
    two.go.set()
    qtbot.waitUntil(lambda: ids(studio.session.project) == ["a", "b", "c"])
    assert failures == []


def test_closing_keeps_what_was_read(launch: Callable[..., Application], tmp_path: Path) -> None:
    """The window does not take along clips it was still reading."""
    application = launch()
    application.studio.session.open(with_clips(tmp_path / "ada", "a"))
    slow = Slow("b")
    application.studio.do(slow)
    assert slow.begun.wait(10)
    slow.go.set()
    application.close()
    assert ids(Project.open(tmp_path / "ada")) == ["a", "b"]


def test_an_undo_that_cannot_be_saved_can_be_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a full disk document and stack stay together."""
    session = Session()
    session.open(with_clips(tmp_path / "ada", "a"))
    session.edit("Rename", Rename("Grace").do)
    full = UserError("Not saved.", "The disk is full.", "Free some space.")

    def refuse(*_: object) -> None:
        raise full

    with monkeypatch.context() as patched:
        patched.setattr(store, "save", refuse)
        with pytest.raises(UserError) as caught:
            session.step(back=True)
    assert caught.value is full
    assert session.manifest is not None
    assert (session.manifest.name, session.undo.canUndo()) == ("Grace", True)
    session.step(back=True)
    assert (session.manifest.name, session.undo.canUndo(), session.undo.canRedo()) == ("ada", False, True)
    session.step(back=False)
    assert session.manifest.name == "Grace"
