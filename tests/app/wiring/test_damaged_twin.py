"""A twin that cannot be loaded is no dead end: what mends it is offered with the error."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from emotalker.app.wiring import training
from emotalker.app.worker import JobSpec
from emotalker.engine.avatar.sample import load_sample
from emotalker.projects import Project
from emotalker.projects.packing import PackJob
from emotalker.widgets.common import ErrorDialog

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from emotalker.app.main import Application
    from emotalker.engine.errors import UserError


def flip(file: Path) -> None:
    """One wrong bit in the middle, which only the checksum tells."""
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def test_a_damaged_sample_is_brought_anew(
    qtbot: QtBot, launch: Callable[..., Application], failures: list[UserError]
) -> None:
    """The twin that comes with the program is put in its place once more."""
    application = launch()
    application.projects.open_sample()
    qtbot.waitUntil(lambda: application.performing.loading.avatar is not None, timeout=30_000)
    application.projects.close_project()
    flip(application.projects.sample_folder / "runs" / "avatar" / "avatar.safetensors")
    application.projects.open_sample()
    qtbot.waitUntil(lambda: bool(failures), timeout=30_000)
    remedy = application.studio.remedy_of(failures[0])
    assert remedy is not None
    remedy.do()
    qtbot.waitUntil(lambda: application.performing.loading.avatar is not None, timeout=30_000)
    assert len(failures) == 1


def test_a_damaged_twin_can_be_packed_again(
    qtbot: QtBot,
    launch: Callable[..., Application],
    failures: list[UserError],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where what was learned is there; the job is submitted once."""
    application = launch()
    project = Project.create(tmp_path / "ada", "Ada")
    shutil.copytree(load_sample().avatar_dir, project.stage_folder("avatar"))
    flip(project.stage_folder("avatar") / "avatar.safetensors")
    submitted: list[JobSpec] = []
    monkeypatch.setattr(training, "packable", lambda _: {})
    monkeypatch.setattr(training, "can_pack", lambda _: True)
    monkeypatch.setattr(application.studio.queue, "submit", submitted.append)
    application.projects.open(project.folder)
    qtbot.waitUntil(lambda: bool(failures), timeout=30_000)
    remedy = application.studio.remedy_of(failures[0])
    assert remedy is not None
    assert remedy.text == "Pack the twin again"
    remedy.do()
    assert [spec.call for spec in submitted] == [PackJob(project.folder)]


def test_without_what_was_learned_nothing_is_offered(
    qtbot: QtBot, launch: Callable[..., Application], failures: list[UserError], tmp_path: Path
) -> None:
    """The error stands alone, and the action says why it cannot be done."""
    application = launch()
    project = Project.create(tmp_path / "ada", "Ada")
    shutil.copytree(load_sample().avatar_dir, project.stage_folder("avatar"))
    flip(project.stage_folder("avatar") / "avatar.safetensors")
    application.projects.open(project.folder)
    qtbot.waitUntil(lambda: bool(failures), timeout=30_000)
    assert application.studio.remedy_of(failures[0]) is None
    application.training.pack_again()
    qtbot.waitUntil(lambda: len(failures) == 2)
    assert "cannot be packed" in failures[1].what


def test_enter_mends(qtbot: QtBot) -> None:
    """The remedy is the button that Enter presses; the dialog goes with it."""
    from emotalker.engine.errors import UserError

    dialog = ErrorDialog(UserError("Broken.", "A bit is wrong.", "Mend it."), remedy="Pack the twin again")
    qtbot.addWidget(dialog)
    dialog.show()
    assert dialog.remedy.isDefault()
    with qtbot.waitSignal(dialog.remedy_requested):
        dialog.remedy.click()
    assert not dialog.isVisible()
