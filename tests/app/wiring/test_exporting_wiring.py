"""Films out of the window: only with consent, also when it is taken back while they are written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from emotalker.projects import Consent
from emotalker.projects.jobstate import Phase
from emotalker.widgets.export import ExportSettings

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from emotalker.app.main import Application
    from emotalker.engine.errors import UserError


def wish(out: Path) -> ExportSettings:
    """A film that takes a while."""
    return ExportSettings(out, 720, 720, 60.0, "small", "fit", 0.0, None, "plate", True, "still", False, False)


def test_without_consent_no_film_and_taking_it_back_stops_those_under_way(
    qtbot: QtBot, launch: Callable[..., Application], failures: list[UserError], tmp_path: Path
) -> None:
    """Refused with the reason; what runs and what waits is stopped, and no file is left."""
    application = launch()
    session, exporting = application.studio.session, application.exporting
    application.projects.open_sample()
    qtbot.waitUntil(lambda: session.project is not None and session.twin is not None, timeout=60_000)
    session.edit("Take consent back", lambda project: project.set_consent(Consent()))
    assert exporting.export(wish(tmp_path / "a.mp4")) is None
    qtbot.waitUntil(lambda: bool(failures), timeout=5_000)
    assert "consent" in failures[0].what
    assert not application.window.exports.new.isEnabled()

    application.studio.actions["edit.undo"].trigger()
    films = [exporting.export(wish(tmp_path / f"{name}.mp4")) for name in "bc"]
    assert None not in films
    qtbot.waitUntil(lambda: application.queue.states()[-2].done > 0, timeout=90_000)
    session.edit("Take consent back", lambda project: project.set_consent(Consent()))
    qtbot.waitUntil(lambda: all(s.phase.over for s in application.queue.states()), timeout=60_000)
    assert {s.phase for s in application.queue.states()} == {Phase.STOPPED}
    assert not list(tmp_path.glob("*.mp4"))
    assert len(failures) == 1
