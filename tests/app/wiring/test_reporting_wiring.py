"""The report in the window: what is missing leads to where it is mended, a report is shown and grows old."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QLabel

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
