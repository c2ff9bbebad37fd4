"""Choosing a head model is an edit like any other: off the window's thread, and it can be taken back."""

from __future__ import annotations

from pathlib import Path

import pytest

from emotalker.app.commands import person
from emotalker.app.commands.person import SetHead
from emotalker.projects import Project
from emotalker.projects.document import HeadEntry

ENTRY = HeadEntry(file="heads/x/head.safetensors", sha256="12", name="FLAME head", source="model.pkl")


def test_a_head_is_set_and_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The draft is changed, adopted and changed back as undo does it."""
    monkeypatch.setattr(person, "bring_head", lambda project, file: project.set_head(ENTRY))
    project = Project.create(tmp_path / "ada", "Ada")
    command = SetHead(tmp_path / "model.pkl")
    assert command.slow
    assert "model.pkl" in command.name
    before, draft = project.manifest, project.draft()
    command.do(draft)
    assert project.manifest.head is None
    project.adopt(before, draft.manifest)
    assert project.manifest.head == ENTRY
    project.adopt(draft.manifest, before)
    assert Project.open(project.folder).manifest.head is None
    SetHead(tmp_path / "model.pkl").do(project)
    SetHead(None).do(project)
    assert project.manifest.head is None
