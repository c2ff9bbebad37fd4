"""What shall the film be like: presets fill the fields, sizes are estimated, nonsense cannot be accepted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from emotalker.engine.export.format import FORMATS
from emotalker.projects.jobstate import JobState, Phase
from emotalker.widgets.export import ExportDialog, ExportFacts, ExportPage, FilmRow
from emotalker.widgets.export import dialog as dialog_module
from emotalker.widgets.export.dialog import free_name
from emotalker.widgets.export.page import film_words

FACTS = ExportFacts("Ada", Path("films"), 12.0, (1.0, 4.0), "plate", True, 10**11)


@pytest.fixture
def dialog(qtbot: QtBot, tmp_path: Path) -> ExportDialog:
    """A dialog about a voice of 12 s with marks."""
    made = ExportDialog(replace(FACTS, folder=tmp_path))
    qtbot.addWidget(made)
    return made


def choose(box: object, data: object) -> None:
    """As a user picks an entry."""
    index = box.findData(data)  # type: ignore[attr-defined]
    assert index >= 0, data
    box.setCurrentIndex(index)  # type: ignore[attr-defined]
    box.activated.emit(index)  # type: ignore[attr-defined]


def test_every_preset_fills_the_fields(dialog: ExportDialog) -> None:
    """And changing the size by hand makes it another size, or finds the preset again."""
    for known in FORMATS:
        choose(dialog.format, known.name)
        chosen = dialog.settings()
        assert (chosen.width, chosen.height) == (known.width, known.height)
        assert (chosen.fps, chosen.quality, chosen.framing) == (known.fps, known.quality, known.framing)
    dialog.width_box.setValue(700)
    assert dialog.format.currentData() == "custom"
    dialog.width_box.setValue(1920)
    dialog.height_box.setValue(1080)
    assert dialog.format.currentData() == "1080p"


def test_ranges(dialog: ExportDialog) -> None:
    """Marks are proposed when there are some; all of it, and own seconds, can be chosen."""
    assert (dialog.settings().start, dialog.settings().end) == (1.0, 4.0)
    choose(dialog.range, "all")
    assert (dialog.settings().start, dialog.settings().end) == (0.0, None)
    choose(dialog.range, "own")
    dialog.start.setValue(2.0)
    dialog.end.setValue(1.0)
    assert not dialog.export.isEnabled()
    assert "empty" in dialog.size_line.text()
    dialog.end.setValue(5.5)
    assert dialog.export.isEnabled()
    assert (dialog.settings().start, dialog.settings().end) == (2.0, 5.5)


def test_the_estimate_follows_the_choices_and_the_disk_counts(qtbot: QtBot, tmp_path: Path) -> None:
    """Larger films say so; one that does not fit on the disk cannot be exported, in words."""
    dialog = ExportDialog(replace(FACTS, folder=tmp_path, free_bytes=1_500_000))
    qtbot.addWidget(dialog)
    choose(dialog.format, "quick")
    small = dialog.estimate()
    assert dialog.export.isEnabled()
    choose(dialog.format, "master")
    assert dialog.estimate() > 5 * small
    assert not dialog.export.isEnabled()
    assert "not enough" in dialog.size_line.text()


def test_see_through_films_are_folders_of_pictures(dialog: ExportDialog) -> None:
    """The name loses its ending, the badge has no place, and back again."""
    choose(dialog.background, "transparent")
    assert dialog.settings().alpha
    assert dialog.settings().out.suffix == ""
    assert not dialog.badge.isEnabled()
    choose(dialog.background, "plate")
    assert not dialog.settings().alpha
    assert dialog.settings().out.suffix == ".mp4"


def test_a_place_where_no_film_can_be_is_told_at_once(dialog: ExportDialog, tmp_path: Path) -> None:
    """Beside the field and before anything is pressed; the button waits for a place that can be."""
    (tmp_path / "a file").touch()
    for place, said in (
        (str(tmp_path), "folder"),
        ("", "Type a name"),
        (str(tmp_path.parent / "not there" / "x.mp4"), "There is no folder"),
        (str(tmp_path / "a file" / "x.mp4"), "Nothing can be written"),
        ("film.avi", "not as AVI"),
    ):
        dialog.place.setText(place)
        assert said in dialog.place_line.text(), place
        assert not dialog.export.isEnabled()
    dialog.place.setText("film.mp4")
    assert dialog.place_line.isHidden()
    assert dialog.export.isEnabled()
    assert not [path for path in tmp_path.iterdir() if path.name != "a file"], "trying leaves nothing behind"


def test_sides_are_even(dialog: ExportDialog, qtbot: QtBot) -> None:
    """An odd side that is typed becomes the next even one, as films have it."""
    for box in (dialog.width_box, dialog.height_box):
        box.selectAll()
        qtbot.keyClicks(box, "301")
        box.interpretText()  # as it does when the focus goes elsewhere
        assert box.text() == "302 px"
    assert (dialog.settings().width, dialog.settings().height) == (302, 302)
    assert dialog.format.currentData() == "custom"


def test_the_name_is_made_whole(dialog: ExportDialog, tmp_path: Path) -> None:
    """Without a folder it goes to the other films, without an ending it gets one, and dots in names stay."""
    dialog.place.setText("Ada v1.2")
    assert dialog.settings().out == tmp_path / "Ada v1.2.mp4"
    choose(dialog.background, "transparent")
    assert dialog.settings().out == tmp_path / "Ada v1.2"
    choose(dialog.background, "plate")
    assert dialog.place.text() == "Ada v1.2.mp4"


def test_no_film_is_replaced_without_a_question(
    dialog: ExportDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that is there is asked about; one that waits in the queue is not to be had at all."""
    asked: list[str] = []
    monkeypatch.setattr(dialog_module, "confirm", lambda *args: bool(asked.append(args[1])))
    (tmp_path / "there.mp4").touch()
    dialog.place.setText("there.mp4")
    dialog.export.click()
    assert (asked, dialog.result()) == (["Replace the film?"], 0)
    monkeypatch.setattr(dialog_module, "confirm", lambda *_: True)
    dialog.export.click()
    assert dialog.result()


def test_two_films_in_a_row_get_two_names(qtbot: QtBot, tmp_path: Path) -> None:
    """The first is not on the disk yet when the second is asked for."""
    waiting = tmp_path / "Ada.mp4"
    dialog = ExportDialog(replace(FACTS, folder=tmp_path, taken=frozenset({waiting})))
    qtbot.addWidget(dialog)
    assert dialog.settings().out == tmp_path / "Ada 2.mp4"
    dialog.place.setText("Ada.mp4")
    assert not dialog.export.isEnabled()
    assert "is being written" in dialog.place_line.text()


def test_names_do_not_collide(tmp_path: Path) -> None:
    """The proposed name is free, and made of the person's name without what file systems refuse."""
    assert free_name(tmp_path, "Ada / Grace?", ".mp4").name == "Ada  Grace.mp4"
    (tmp_path / "Ada.mp4").touch()
    assert free_name(tmp_path, "Ada", ".mp4").name == "Ada 2.mp4"
    assert free_name(tmp_path, "///", ".mp4").name == "film.mp4"


def test_the_page_shows_what_can_be_done_with_each_film(qtbot: QtBot) -> None:
    """Running films can be stopped, finished ones played and shown, failed ones only taken out."""
    page = ExportPage()
    qtbot.addWidget(page)
    page.show()
    states = {phase: JobState(3, "export", "w", phase, done=5, total=10, share=0.5) for phase in Phase}
    path = Path("/x/a.mp4")
    shown = {
        Phase.RUNNING: {"film_stop"},
        Phase.QUEUED: {"film_stop"},
        Phase.FINISHED: {"film_play", "film_folder", "film_close"},
        Phase.FAILED: {"film_close"},
        Phase.STOPPED: {"film_close"},
    }
    for phase, wanted in shown.items():
        page.set_films([FilmRow(3, path, states[phase])])
        card = page._rows[(3, str(path))]
        visible = {b.objectName() for b in (card.stop, card.play, card.folder, card.remove) if b.isVisible()}
        assert visible == wanted, phase
        assert film_words(FilmRow(3, path, states[phase]))
    page.set_films([])
    assert not page._rows


def test_without_consent_the_page_says_why_and_leads_there(qtbot: QtBot) -> None:
    """The button is off, the reason is there, and the way to mend it is one click away."""
    page = ExportPage()
    qtbot.addWidget(page)
    page.show()
    page.set_ready(False, "Films are written only with the consent of the person shown.", True)
    assert not page.new.isEnabled()
    assert "consent" in page.reason.text()
    with qtbot.waitSignal(page.consent_requested):
        page.consent.click()
    page.set_ready(True, "", False)
    assert page.new.isEnabled()
    assert not page.consent.isVisible()
