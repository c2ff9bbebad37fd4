"""A duplicate is a whole project of its own, or nothing at all."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from emotalker.engine.errors import UserError
from emotalker.engine.jobs import Outcome, Progress, StopToken, run
from emotalker.projects import Project
from emotalker.projects.duplicate import DuplicateJob, copy_name, copy_place
from emotalker.projects.record import StageRecord, fingerprint_of, read_record, write_record


@pytest.fixture
def full(project: Project, clip: Callable[[str, int], Path]) -> Project:
    """A project with a clip of its own, a twin, a lock and a half-written file."""
    project.add([clip("happy1.mp4", 0)], copy=True)
    twin = project.stage_folder("avatar")
    parts = {"name": "Ada", "clips": {}}
    write_record(twin, StageRecord("avatar", fingerprint_of(parts), parts, True, "cpu", "now"))
    (twin / "avatar.json").write_text('{"name": "Ada", "version": 1}')
    (twin / "avatar.safetensors").write_bytes(b"n" * 3000)
    (twin / ".avatar.half").write_bytes(b"n")
    (project.folder / "training.lock").write_text("1 1.0\n")
    return project


def test_the_copy_is_another_project(full: Project) -> None:
    """New id and name, same clips and twin; locks, backups and half-written files stay behind."""
    target = full.folder.parent / "other"
    seen = []
    job = pickle.loads(pickle.dumps(DuplicateJob(full.folder, target, "Eve")))
    assert run(job(StopToken()), seen.append) is Outcome.FINISHED
    copy = Project.open(target)
    assert (copy.manifest.name, len(copy.clips), copy.missing()) == ("Eve", 1, [])
    assert copy.manifest.id != full.manifest.id
    assert copy.path_of(copy.clips[0]).is_relative_to(target)
    assert copy.refresh() == []
    assert (target / "runs/avatar/avatar.safetensors").read_bytes() == b"n" * 3000
    assert not (target / "training.lock").exists()
    assert not (target / "backups").exists()
    assert not (target / "runs/avatar/.avatar.half").exists()
    assert any(isinstance(event, Progress) for event in seen)


def test_the_twin_takes_the_new_name(full: Project) -> None:
    """Renamed in facts and record, the packed twin is not stale for its name."""
    target = full.folder.parent / "other"
    run(DuplicateJob(full.folder, target, "Eve")(StopToken()))
    record = read_record(target / "runs/avatar")
    assert record is not None
    assert record.parts["name"] == "Eve"
    assert record.fingerprint == fingerprint_of(record.parts)
    assert msgspec.json.decode((target / "runs/avatar/avatar.json").read_bytes())["name"] == "Eve"


def test_a_stop_leaves_nothing(full: Project) -> None:
    """Stopped in the middle, neither the copy nor a part of it is there."""
    target = full.folder.parent / "other"
    stop = StopToken()
    stop.request()
    assert run(DuplicateJob(full.folder, target, "Eve")(stop)) is Outcome.STOPPED
    assert not target.exists()
    assert not list(target.parent.glob(".*"))


@pytest.mark.parametrize("name", ["", "  "])
def test_bad_input_is_told(full: Project, name: str) -> None:
    """No name, a folder that is there, a source that is no project: each is refused before anything is written."""
    with pytest.raises(UserError, match="no name"):
        run(DuplicateJob(full.folder, full.folder.parent / "x", name)(StopToken()))
    with pytest.raises(UserError, match="there already"):
        run(DuplicateJob(full.folder, full.folder.parent, "Eve")(StopToken()))
    with pytest.raises(UserError, match="cannot be duplicated"):
        run(DuplicateJob(full.folder.parent, full.folder.parent / "x", "Eve")(StopToken()))


def test_a_full_disk_is_told(full: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """The need is compared with the free space first."""
    import shutil

    usage = shutil.disk_usage(full.folder)._replace(free=1000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(UserError, match="too little space"):
        run(DuplicateJob(full.folder, full.folder.parent / "x", "Eve")(StopToken()))


def test_names_of_copies(full: Project) -> None:
    """The next free name and folder."""
    assert copy_name("Ada", set()) == "Ada copy"
    assert copy_name("Ada", {"Ada copy", "Ada copy 2"}) == "Ada copy 3"
    place = copy_place(full.folder, "Ada copy")
    assert place.name == "Ada_copy"
    place.mkdir()
    assert copy_place(full.folder, "Ada copy").name == "Ada_copy_2"
