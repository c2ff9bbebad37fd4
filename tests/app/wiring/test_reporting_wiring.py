"""The report in the window: what is missing leads to where it is mended, a report is shown and grows old."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtWidgets import QLabel

from emotalker.app.worker import JobSpec
from emotalker.engine.media import Mp4Writer
from emotalker.projects import Project
from emotalker.projects.evaluate_job import EvaluateJob
from emotalker.projects.jobstate import JobEnd, Phase

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from emotalker.app.main import Application
    from emotalker.engine.errors import UserError


def test_sample_has_nothing_to_be_judged_by(
    qtbot: QtBot, launch: Callable[..., Application], failures: list[UserError]
) -> None:
    """No clips: the page says so and leads to Prepare; asking all the same is refused in words."""
    application = launch()
    window, session = application.window, application.studio.session
    application.projects.open_sample()
    qtbot.waitUntil(lambda: session.project is not None and session.twin is not None, timeout=60_000)
    window.show_page("report")
    page = window.report
    said = [label.text() for label in page.findChildren(QLabel) if label.isVisible()]
    assert "Nothing to judge by" in said
    assert not page.evaluate.isEnabled()
    page.remedy_requested.emit()
    assert window.page == "clips"
    assert application.reporting.evaluate() is None
    qtbot.waitUntil(lambda: bool(failures), timeout=5_000)
    assert "held-out" in failures[0].what


def test_a_report_is_shown_and_told_to_be_old(qtbot: QtBot, launch: Callable[..., Application], tmp_path: Path) -> None:
    """A report whose twin is another one says that it should be made again."""
    application = launch()
    window, session = application.window, application.studio.session
    application.projects.open_sample()
    qtbot.waitUntil(lambda: session.project is not None and session.twin is not None, timeout=60_000)
    assert session.project is not None
    folder = session.project.stage_folder("evaluate")
    folder.mkdir(parents=True)
    figures = {"audio": {"m_ld": 2.0, "f_ld": 2.5}, "settings": {"held_out": ["a"]}, "about": {"made_from": "x"}}
    (folder / "report.json").write_text(json.dumps(figures))
    window.show_page("report")
    said = [label.text() for label in window.report.findChildren(QLabel) if label.isVisible()]
    assert "The lips are 2.0 pixels off, the whole face 2.5 (of 512)" in said
    assert window.report.browser.isEnabled()
    assert window.report.line.text()


def test_a_twin_that_is_not_up_to_date_is_not_offered_to_be_judged(
    qtbot: QtBot, launch: Callable[..., Application], failures: list[UserError], tmp_path: Path
) -> None:
    """Evaluate is off with the reason, the way to Train is one press away, and no word is of a command line."""
    application = launch()
    window, session = application.window, application.studio.session
    application.projects.open_sample()
    qtbot.waitUntil(lambda: session.project is not None and session.twin is not None, timeout=60_000)
    project = session.project
    assert project is not None
    picture, clips = np.zeros((64, 64, 3), np.uint8), [tmp_path / f"happy_level{n}.mp4" for n in (1, 2, 3)]
    clips += [tmp_path / f"sad_level{n}.mp4" for n in (1, 2, 3)]
    for number, clip in enumerate(clips):
        with Mp4Writer(clip, 64, 64, 25.0) as writer:
            for _ in range(8):
                writer.write(picture + np.uint8(20 * number))
    session.edit("Add clips", lambda project: project.add(clips))
    assert project.held_out()
    window.show_page("report")
    page = window.report
    qtbot.waitUntil(lambda: not page.evaluate.isEnabled(), timeout=30_000)
    said = [label.text() for label in page.findChildren(QLabel) if label.isVisible()]
    assert "The twin is not up to date" in said
    assert "Tracking the face has not been run yet" in page.evaluate.toolTip()
    assert application.reporting.evaluate() is None
    qtbot.waitUntil(lambda: bool(failures), timeout=5_000)
    assert "emotalker-cli" not in str(failures[0])
    page.remedy_requested.emit()
    assert window.page == "train"


def test_two_projects_are_judged_one_after_the_other(
    qtbot: QtBot, launch: Callable[..., Application], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asking twice for one project does nothing new; another project waits for its turn, and each knows its own job."""
    application = launch()
    session, reporting = application.studio.session, application.reporting
    application.projects.open_sample()
    qtbot.waitUntil(lambda: session.project is not None and session.twin is not None, timeout=60_000)
    assert session.project is not None
    other = Project.open(shutil.copytree(session.project.folder, tmp_path / "other"))
    submitted: list[Path | None] = []

    def submit(spec: JobSpec) -> int:
        submitted.append(spec.project)
        return len(submitted)

    monkeypatch.setattr(application.studio.queue, "submit", submit)
    monkeypatch.setattr(EvaluateJob, "check", lambda *_: None)
    assert reporting.evaluate() == 1
    assert reporting.evaluate() is None
    first = session.project
    monkeypatch.setattr(reporting, "session", SimpleNamespace(project=other, twin=session.twin))
    assert reporting.evaluate() == 2
    assert submitted == [first.folder, other.folder]
    reporting._ended(1, JobEnd(Phase.FINISHED))
    assert reporting.evaluate() is None
    reporting._ended(2, JobEnd(Phase.FINISHED))
    assert reporting.evaluate() == 3
