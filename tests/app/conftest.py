"""The whole application in a test: its own settings and projects, errors recorded instead of shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from emotalker.app.main import Application
    from emotalker.engine.errors import UserError


@pytest.fixture
def failures() -> list[UserError]:
    """What the application told as failed; a test that expects nothing else asserts it is empty."""
    return []


@pytest.fixture
def launch(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failures: list[UserError]
) -> Iterator[Callable[..., Application]]:
    """Starts the application; it is closed again when the test ends, also when it fails."""
    from PySide6.QtWidgets import QApplication

    from emotalker.app.main import Application
    from emotalker.app.wiring.shell import ShellWiring

    def record(_self: ShellWiring, error: UserError, _details: str) -> None:
        failures.append(error)

    monkeypatch.setattr(ShellWiring, "_failed", record)
    running: list[Application] = []

    def start(folders: list[Path] | None = None, *, first_run: bool = False) -> Application:
        qt = QApplication.instance()
        assert isinstance(qt, QApplication)
        application = Application(qt, folders, first_run=first_run)
        running.append(application)
        application.settings.set(projects_folder=str(tmp_path / "projects"))
        application.start()
        qtbot.waitExposed(application.window)
        return application

    yield start
    for application in running:
        application.shell.closing = True
        application.window.close()
        application.close()
        application.window.deleteLater()
        application.studio.deleteLater()
