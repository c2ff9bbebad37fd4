"""Opening, duplicating and throwing away projects, where things are not as they were."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QFile
from PySide6.QtWidgets import QToolButton

from emotalker.app.commands.person import Rename
from emotalker.app.wiring import projects as wiring
from emotalker.engine.errors import UserError
from emotalker.projects import Project

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from emotalker.app.main import Application


def test_opening_the_open_project_keeps_its_undo(launch: Callable[..., Application], tmp_path: Path) -> None:
    """A click on its card in the gallery goes back to it as it was left."""
    application = launch()
    folder = Project.create(tmp_path / "ada", "Ada").folder
    assert application.projects.open(folder)
    application.studio.do(Rename("Grace"))
    application.window.show_page("home")
    assert application.projects.open(folder)
    assert application.window.page == "clips"
    assert application.studio.session.undo.undoText() == "Rename to Grace"


def test_a_project_that_is_gone_is_not_duplicated(
    qtbot: QtBot, launch: Callable[..., Application], failures: list[UserError], tmp_path: Path
) -> None:
    """Its card says that it is gone; the sample is not opened in its place again and again."""
    application = launch()
    application.projects.duplicate(tmp_path / "gone")
    assert application.studio.queue.states() == ()
    qtbot.waitUntil(lambda: application.studio.tasks.running == 0, timeout=60_000)
    assert application.studio.session.project is None
    assert failures == []


def test_what_the_trash_does_not_take_stays_in_the_gallery(
    qtbot: QtBot,
    launch: Callable[..., Application],
    failures: list[UserError],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It is still on the disk, so it can still be opened."""
    application = launch()
    folder = Project.create(tmp_path / "ada", "Ada").folder
    application.projects.open(folder)
    monkeypatch.setattr(wiring, "confirm", lambda *_: True)
    monkeypatch.setattr(QFile, "moveToTrash", lambda *_: False)
    application.projects.trash(folder)
    qtbot.waitUntil(lambda: len(failures) == 1)
    assert application.settings.values.recent == [str(folder)]
    assert application.studio.session.project is None


def test_an_answer_each_time(
    qtbot: QtBot, launch: Callable[..., Application], failures: list[UserError], tmp_path: Path
) -> None:
    """Who presses Train twice without clips is told twice: a button that does nothing looks broken."""
    application = launch()
    application.projects.open(Project.create(tmp_path / "ada", "Ada").folder)
    for _ in range(2):
        application.training.start("draft")
    qtbot.waitUntil(lambda: len(failures) == 2)
    assert failures[0].what == failures[1].what == "The consent of the person shown is missing."


def test_one_check_that_ends_leaves_the_marks_of_the_next(
    qtbot: QtBot, launch: Callable[..., Application], tmp_path: Path
) -> None:
    """Clips added in two goes are checked by two jobs; another project shows none of them."""
    application = launch()
    wiring_, queue = application.projects, application.studio.queue
    first, other = (Project.create(tmp_path / name, name).folder for name in ("ada", "grace"))
    wiring_.open(first)
    wiring_.check(["a"])
    wiring_.check(["b"])
    assert wiring_._checking == {"a", "b"}
    qtbot.waitUntil(lambda: queue.states()[0].phase.over, timeout=20_000)
    if not queue.states()[1].phase.over:
        assert wiring_._checking == {"b"}
    wiring_.open(other)
    assert wiring_._checking == set()
    qtbot.waitUntil(lambda: all(s.phase.over for s in queue.states()), timeout=20_000)
    wiring_.open(first)
    assert wiring_._checking == set()


def test_finished_steps_are_ticked_at_once(launch: Callable[..., Application], tmp_path: Path) -> None:
    """A project that is opened with its twin shows what is done, not only after the first edit."""
    application = launch()
    project = Project.create(tmp_path / "ada", "Ada")
    application.studio.session.open(project)
    step = application.window.workflow.findChild(QToolButton, "step_train")
    assert step is not None
    assert "done" not in step.accessibleName()
    folder = project.folder / "runs" / "avatar"
    folder.mkdir(parents=True)
    (folder / "avatar.json").write_text("{}")
    application.studio.session.refresh_twin()
    assert "done" in step.accessibleName()
