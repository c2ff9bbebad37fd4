"""Tracks and verdicts on the disk come to the clips page and the train page."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication

from emotalker.app.wiring import tracking
from emotalker.engine.media import Mp4Writer
from emotalker.projects import Project
from emotalker.widgets.clips.model import HINT_ROLE, Column
from emotalker.widgets.tracking import TrackingDialog

if TYPE_CHECKING:
    import pytest
    from pytestqt.qtbot import QtBot

    from emotalker.app.main import Application
    from emotalker.engine.errors import UserError


class Clip:
    """Two frames."""

    count, problems = 2, ()
    confidence = np.ones(2, np.float32)

    def frame(self, index: int) -> np.ndarray:
        return np.zeros((8, 16, 3), np.uint8)


def trained(folder: Path, names: tuple[str, ...]) -> Project:
    """A project with clips, tracks and what the fit said about the first."""
    project = Project.create(folder, "Ada")
    for number, name in enumerate(names):
        film = folder / f"{name}.mp4"
        with Mp4Writer(film, 64, 64, 25.0) as writer:
            for _ in range(4):
                writer.write(np.full((64, 64, 3), 50 + 40 * number, np.uint8))
        project.add([film])
    track = project.stage_folder("track") / "clips" / names[0]
    track.mkdir(parents=True)
    (track / "track.safetensors").write_bytes(b"")
    row = {"clip": names[0], "region": "mouth", "error": 0.3, "text": "The mouth of clip happy2 is blurred because …"}
    fit = project.stage_folder("fit")
    fit.mkdir(parents=True)
    (fit / "done.json").write_text(json.dumps({"verdicts": [row]}))
    return project


def test_verdicts_and_tracking(
    qtbot: QtBot,
    launch: Callable[..., Application],
    failures: list[UserError],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A hint below the name, the sentence in the details and on the card, and the dialog from both pages."""
    project = trained(tmp_path / "ada", ("happy2", "sad1"))
    monkeypatch.setattr(tracking, "_open", lambda _project, _clip: Clip())
    application = launch()
    application.projects.open(project.folder)
    page, window = application.window.clips, application.window
    window.show_page("clips")
    qtbot.waitUntil(lambda: page.model.verdict_of("happy2") is not None)
    assert page.model.index(0, Column.NAME).data(HINT_ROLE) == "mouth blurred"
    page.select(["sad1"])
    assert page.details.tracking.isHidden()
    page.select(["happy2"])
    assert not page.details.tracking.isHidden()
    assert not window.train.verdicts.isHidden()
    for ask in (
        page.details.tracking.click,
        lambda: window.train.verdicts.tracking_requested.emit("happy2"),
        application.studio.actions["clips.tracking"].trigger,
    ):
        seen: list[str] = []

        def look(seen: list[str] = seen) -> None:
            dialog = QApplication.activeModalWidget()
            assert isinstance(dialog, TrackingDialog)
            seen.append(dialog.windowTitle())
            dialog.reject()

        QTimer.singleShot(150, look)
        ask()
        assert seen == ["Tracking of happy2"]
    page.select(["sad1"])
    application.studio.actions["clips.tracking"].trigger()
    qtbot.waitUntil(lambda: bool(failures))
    assert failures[0].what == "sad1 is not tracked yet."
    application.projects.close_project()
    assert window.train.verdicts.isHidden()
