"""A project is open in one window at a time; what a crash leaves behind does not count."""

from __future__ import annotations

import platform
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from emotalker.engine.errors import UserError
from emotalker.projects import CheckSummary, Project
from emotalker.projects.duplicate import DuplicateJob
from emotalker.projects.opened import OPEN, holder, mark_closed, mark_open
from emotalker.projects.storage import delete


@pytest.fixture
def other(project: Project) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that has the project open."""
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    began = psutil.Process(process.pid).create_time()
    (project.folder / OPEN).write_text(f"{process.pid} {began!r} {platform.node()}\n")
    yield process
    process.kill()
    process.communicate()


def test_who_has_it_open_is_told(project: Project, other: subprocess.Popen[bytes]) -> None:
    """As long as that process lives; this one's own mark is no other window."""
    found = holder(project.folder)
    assert found is not None
    assert (found.process, found.here) == (other.pid, True)
    mark_closed(project.folder)
    assert holder(project.folder) == found, "the mark of somebody else was taken away"
    other.kill()
    other.wait()
    assert holder(project.folder) is None
    mark_open(project.folder)
    assert holder(project.folder) is None
    mark_closed(project.folder)
    assert not (project.folder / OPEN).exists()


def test_another_computer_may_still_have_it(project: Project) -> None:
    """Nobody can know from here, so it is asked; rubbish in the file is no window."""
    (project.folder / OPEN).write_text("17 1.0 elsewhere\n")
    found = holder(project.folder)
    assert found is not None
    assert "elsewhere" in found.sentence
    (project.folder / OPEN).write_text("rubbish")
    assert holder(project.folder) is None


def test_read_only_refuses_every_change(project: Project) -> None:
    """Edits, drafts and what jobs found; the file stays as it is."""
    before = (project.folder / "project.json").read_bytes()
    project.read_only = True
    draft = project.draft()
    draft.rename("Grace")
    for change in (
        lambda: project.rename("Grace"),
        lambda: project.adopt(project.manifest, draft.manifest),
        lambda: project.set_checks({"a": CheckSummary("red")}),
        lambda: delete(project, ["track"]),
    ):
        with pytest.raises(UserError, match="read only"):
            change()
    assert (project.folder / "project.json").read_bytes() == before


def test_a_copy_is_open_nowhere(project: Project) -> None:
    """The mark is not copied."""
    from emotalker.engine.jobs import StopToken, run

    (project.folder / OPEN).write_text("17 1.0 elsewhere\n")
    target = project.folder.with_name("copy")
    run(DuplicateJob(project.folder, target, "Copy")(StopToken()))
    assert holder(target) is None
