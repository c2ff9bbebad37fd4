"""A project that another window has open: asked, read only or anyway; and files that move while the window is open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtCore import QEvent, QTimer
from PySide6.QtWidgets import QApplication, QMessageBox

from emotalker.engine.media import Mp4Writer
from emotalker.projects import Project
from emotalker.projects.opened import OPEN

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from emotalker.app.main import Application
    from emotalker.engine.errors import UserError


@pytest.fixture
def ada(tmp_path: Path) -> Project:
    """A project that a window on another computer has open."""
    project = Project.create(tmp_path / "ada", "Ada")
    (project.folder / OPEN).write_text("17 1.0 elsewhere\n")
    return project


def answer(text: str) -> None:
    """Press a button of the question that comes."""

    def press() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        next(b for b in box.buttons() if b.text() == text).click()

    QTimer.singleShot(100, press)


def test_read_only(qtbot: QtBot, launch: Callable[..., Application], failures: list[UserError], ada: Project) -> None:
    """It can be looked at; a change is refused and told, and the other window's mark stays."""
    application = launch()
    answer("Open read only")
    assert application.projects.open(ada.folder)
    assert "(read only)" in application.window.windowTitle()
    application.projects._rename(ada.folder, "Grace")
    qtbot.waitUntil(lambda: bool(failures))
    assert "read only" in failures[0].what
    assert Project.open(ada.folder).manifest.name == "Ada"
    assert application.training.ready() == (False, "The project is open read only: another window has it open.")
    application.training.start("draft")
    application.projects.check(["happy2"])
    qtbot.waitUntil(lambda: len(failures) == 3)
    assert all("read only" in error.what for error in failures)
    assert not application.studio.queue.states()
    application.projects.close_project()
    assert "elsewhere" in (ada.folder / OPEN).read_text()


def test_anyway_and_not_at_all(qtbot: QtBot, launch: Callable[..., Application], ada: Project) -> None:
    """Cancel leaves what was open; anyway takes the mark over and gives it back at the end."""
    application = launch()
    answer("Cancel")
    assert not application.projects.open(ada.folder)
    assert application.studio.session.project is None
    answer("Open anyway")
    assert application.projects.open(ada.folder)
    assert "elsewhere" not in (ada.folder / OPEN).read_text()
    application.projects._rename(ada.folder, "Grace")
    assert Project.open(ada.folder).manifest.name == "Grace"
    application.projects.close_project()
    assert not (ada.folder / OPEN).exists()


def test_a_clip_that_is_moved_is_noticed_when_the_window_comes_back(
    qtbot: QtBot, launch: Callable[..., Application], tmp_path: Path
) -> None:
    """Without any search: the table, the button and what may be trained say so, and it is taken back as well."""
    import numpy as np

    film = tmp_path / "happy_level2.mp4"
    with Mp4Writer(film, 64, 64, 25.0) as writer:
        for _ in range(8):
            writer.write(np.full((64, 64, 3), 90, np.uint8))
    project = Project.create(tmp_path / "bob", "Bob")
    project.add([film])
    application = launch()
    application.projects.open(project.folder)
    page = application.window.clips
    application.window.show_page("clips")
    assert page.model.missing == frozenset()
    moved = film.rename(tmp_path / "elsewhere.mp4")
    application.window.activateWindow()
    qtbot.waitUntil(application.window.isActiveWindow)
    QApplication.sendEvent(application.window, QEvent(QEvent.Type.ActivationChange))
    assert page.model.missing == {"happy_level2"}
    assert not page.toolbar.relink.isHidden()
    assert "cannot be found" in application.training.ready()[1]
    moved.rename(film)
    application.window.show_page("train")
    application.window.show_page("clips")
    assert page.model.missing == frozenset()
    assert page.toolbar.relink.isHidden()
