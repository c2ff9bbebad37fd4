"""The clips page shows a manifest and asks for every change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QLabel
from pytestqt.qtbot import QtBot

from emotalker.engine.media import Mp4Writer
from emotalker.projects.document import CheckSummary, ClipEntry, Consent, Manifest
from emotalker.widgets.clips import ClipsPage
from emotalker.widgets.clips.model import Column
from emotalker.widgets.clips.pictures import small_picture


def _clip(name: str, emotion: str, level: float, **changes: object) -> ClipEntry:
    entry = ClipEntry(name, f"{name}.mp4", emotion, level, name, 1, 1, 35 / 3, 640, 480, 25.0, True)
    return msgspec.structs.replace(entry, **changes)


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    """Four clips, one of which is not there."""
    clips = [
        _clip("neutral", "neutral", 0.0),
        _clip("happy1", "happy", 1.0, check=CheckSummary("green")),
        _clip("happy2", "happy", 2.0, check=CheckSummary("yellow", ["The sound is low: speak nearer."])),
        _clip("gone", "sad", 3.0),
    ]
    for clip in clips[:3]:
        (tmp_path / clip.file).write_bytes(b"x")
    return Manifest(id="1", name="Ada", created="now", clips=clips, hold_out=["happy1"])


@pytest.fixture
def page(qtbot: QtBot, tmp_path: Path, manifest: Manifest, monkeypatch: pytest.MonkeyPatch) -> ClipsPage:
    monkeypatch.setattr("emotalker.widgets.clips.page.small_picture", lambda path, side: None)
    page = ClipsPage()
    qtbot.addWidget(page)
    page.resize(1280, 700)
    page.set_project(tmp_path, manifest)
    page.show()
    qtbot.waitExposed(page)
    return page


def _cell(page: ClipsPage, clip: str, column: Column) -> str:
    return str(page.model.index(page.model.row_of(clip), column).data())


def _said(page: ClipsPage) -> str:
    return "\n".join(label.text() for label in page.details.findChildren(QLabel) if label.isVisible())


def test_rows_say_what_is_known(page: ClipsPage) -> None:
    """Labels, length and the light with its word; a missing file says so."""
    assert [_cell(page, "happy2", c) for c in (Column.EMOTION, Column.LEVEL, Column.LENGTH, Column.CHECK)] == [
        "Happy", "2", "12 s", "Usable",
    ]  # fmt: skip
    assert _cell(page, "neutral", Column.LEVEL) == "–"
    assert _cell(page, "neutral", Column.CHECK) == "Not checked"
    assert _cell(page, "gone", Column.CHECK) == "File missing"
    page.set_checking({"neutral"})
    assert _cell(page, "neutral", Column.CHECK) == "Checking…"
    assert page.toolbar.busy.isVisible()
    assert page.toolbar.relink.isVisible()


def test_details_say_how_to_mend_it(page: ClipsPage, qtbot: QtBot) -> None:
    """Findings as sentences; a missing clip offers to find it."""
    page.select(["happy2"])
    qtbot.waitUntil(lambda: "speak nearer" in _said(page))
    assert "with sound" in _said(page)
    page.select(["gone"])
    with qtbot.waitSignal(page.relink_requested):
        page.details.look_for.click()


def test_the_level_is_edited_in_the_table(page: ClipsPage, qtbot: QtBot) -> None:
    """F2 opens a box from 0 to 3 that takes any number; a neutral clip has no level."""
    index = page.model.index(page.model.row_of("happy2"), Column.LEVEL)
    page.table.setCurrentIndex(index)
    page.table.edit(index)
    box = page.table.findChild(QDoubleSpinBox)
    assert (box.minimum(), box.maximum(), box.singleStep()) == (0.0, 3.0, 0.5)
    box.setValue(1.3)
    with qtbot.waitSignal(page.labels_changed) as changed:
        qtbot.keyClick(box, Qt.Key.Key_Return)
    assert changed.args == [{"happy2": ("happy", 1.3)}]
    neutral = page.model.index(page.model.row_of("neutral"), Column.LEVEL)
    assert not neutral.flags() & Qt.ItemFlag.ItemIsEditable


def test_the_emotion_is_edited_in_the_table(page: ClipsPage, qtbot: QtBot) -> None:
    """Choosing one in the list is enough; a clip that was neutral gets the middle of the scale."""
    index = page.model.index(page.model.row_of("neutral"), Column.EMOTION)
    page.table.edit(index)
    box = next(b for b in page.table.findChildren(QComboBox) if b.isVisible())
    box.setCurrentIndex(box.findData("angry"))
    with qtbot.waitSignal(page.labels_changed) as changed:
        box.activated.emit(box.currentIndex())
    assert changed.args == [{"neutral": ("angry", 2.0)}]


def test_several_clips_are_labelled_together(page: ClipsPage, qtbot: QtBot) -> None:
    """One edit, one signal, so one undo."""
    page.select(["happy1", "happy2"])
    box = page.details.emotion
    box.setCurrentIndex(box.findData("sad"))
    with qtbot.waitSignal(page.labels_changed) as changed:
        box.activated.emit(box.currentIndex())
    assert changed.args == [{"happy1": ("sad", 1.0), "happy2": ("sad", 2.0)}]
    index = page.model.index(page.model.row_of("happy1"), Column.LEVEL)
    with qtbot.waitSignal(page.labels_changed) as changed:
        page.model.setData(index, 2.5)
    assert changed.args == [{"happy1": ("happy", 2.5), "happy2": ("happy", 2.5)}]


def test_the_selection_outlives_a_refresh(page: ClipsPage, qtbot: QtBot, tmp_path: Path, manifest: Manifest) -> None:
    """A check that comes in does not throw the user out of the row."""
    page.select(["happy2"])
    clips = [msgspec.structs.replace(c, check=CheckSummary("red", ["No face."])) for c in manifest.clips]
    page.set_project(tmp_path, msgspec.structs.replace(manifest, clips=clips))
    assert page.selected() == ["happy2"]
    qtbot.waitUntil(lambda: "No face." in _said(page))


def test_held_out_is_ticked(page: ClipsPage, qtbot: QtBot) -> None:
    """The whole list goes out, in the order of the table."""
    index = page.model.index(page.model.row_of("neutral"), Column.HELD_OUT)
    with qtbot.waitSignal(page.hold_out_changed) as changed:
        page.model.setData(index, Qt.CheckState.Checked, Qt.ItemDataRole.CheckStateRole)
    assert changed.args == [["neutral", "happy1"]]
    page.table.setCurrentIndex(page.model.index(page.model.row_of("happy1"), Column.NAME))
    with qtbot.waitSignal(page.hold_out_changed) as changed:
        qtbot.keyClick(page.table, Qt.Key.Key_Space)
    assert changed.args == [[]]


def test_remove_and_check(page: ClipsPage, qtbot: QtBot) -> None:
    """Remove needs a selection; check takes the selected ones or all that are there."""
    assert not page.toolbar.remove.isEnabled()
    with qtbot.waitSignal(page.check_requested) as asked:
        page.toolbar.check.click()
    assert asked.args == [["neutral", "happy1", "happy2"]]
    page.select(["happy1"])
    with qtbot.waitSignal(page.remove_requested) as removed:
        qtbot.keyClick(page.table, Qt.Key.Key_Delete)
    assert removed.args == [["happy1"]]


def test_how_much_is_enough(page: ClipsPage) -> None:
    """The line below says it for all emotions, the tab for each."""
    assert page.summary.text().startswith("4 clips, 47 s.")
    page.tabs.setCurrentWidget(page.amounts)
    said = [label.text() for label in page.amounts.findChildren(QLabel)]
    assert "Happy: 23 s in 2 clips, 1 held out – too little yet" in said


def test_consent_is_asked_for(page: ClipsPage, qtbot: QtBot, tmp_path: Path, manifest: Manifest) -> None:
    """The banner leads to the statement and goes when consent is there."""
    assert page.banner.isVisible()
    page.banner.button.click()
    assert page.tabs.currentWidget() is page.consent
    page.consent.agreed.setChecked(True)
    with qtbot.waitSignal(page.consent_changed) as changed:
        page.consent.give.click()
    consent = changed.args[0]
    assert consent.given
    page.set_project(tmp_path, msgspec.structs.replace(manifest, consent=consent))
    assert not page.banner.isVisible()


def test_the_whole_cell_is_the_box(page: ClipsPage, qtbot: QtBot) -> None:
    """A click beside the tick of a held-out clip counts as one on it; two clicks are two."""
    index = page.model.index(0, Column.HELD_OUT)
    page.table.scrollTo(index)
    corner = page.table.visualRect(index).topLeft() + QPoint(3, 3)
    before = page.model.held_out
    with qtbot.waitSignal(page.hold_out_changed) as changed:
        qtbot.mouseClick(page.table.viewport(), Qt.MouseButton.LeftButton, pos=corner)
    assert set(changed.args[0]) ^ before == {page.model.clips[0].id}


def test_without_clips_it_says_what_to_do(
    page: ClipsPage, qtbot: QtBot, tmp_path: Path, manifest: Manifest, drop_files: Callable[..., None]
) -> None:
    """One button, and dropped files arrive."""
    page.set_project(tmp_path, msgspec.structs.replace(manifest, clips=[], consent=Consent()))
    assert page.empty.isVisible()
    with qtbot.waitSignal(page.add_requested):
        page.empty.button.click()
    with qtbot.waitSignal(page.files_dropped) as dropped:
        drop_files(page, tmp_path / "a.mp4")
    assert dropped.args == [[tmp_path / "a.mp4"]]
    page.set_project(None, None)
    assert not page.isEnabled()


def test_a_narrow_page_keeps_what_matters(page: ClipsPage, qtbot: QtBot) -> None:
    """Length and size of the picture are in the details too; nothing needs scrolling sideways."""
    page.resize(850, 420)
    qtbot.waitUntil(lambda: page.table.isColumnHidden(Column.PICTURE))
    qtbot.waitUntil(lambda: not page.table.horizontalScrollBar().isVisible())
    for panel in (page.details, page.amounts, page.consent):
        page.tabs.setCurrentWidget(panel)
        area = getattr(panel, "area", panel)
        qtbot.waitUntil(lambda: area.widget().width() <= area.viewport().width())  # noqa: B023
    header = page.table.horizontalHeader()
    for column in Column:
        if not page.table.isColumnHidden(column) and column is not Column.NAME:
            assert header.sectionSize(column) >= header.sectionSizeHint(column)


def test_pictures_come_from_the_clip(qtbot: QtBot, tmp_path: Path) -> None:
    """Read in the thread and shown in the row."""
    path = tmp_path / "red.mp4"
    with Mp4Writer(path, 64, 64, 25.0) as writer:
        for _ in range(6):
            writer.write(np.full((64, 64, 3), (220, 20, 20), np.uint8))
    image = small_picture(path, 32)
    assert image is not None
    colour = image.pixelColor(16, 16)
    assert colour.red() > 180
    assert colour.green() < 70
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    assert small_picture(tmp_path / "bad.mp4", 32) is None
    page = ClipsPage()
    qtbot.addWidget(page)
    clip = _clip("red", "happy", 1.0)
    page.set_project(tmp_path, Manifest(id="1", name="Ada", created="now", clips=[clip]))
    qtbot.waitUntil(lambda: page.model.has_picture("red"), timeout=5000)


def test_a_check_that_comes_in_leaves_a_half_filled_form_alone(
    page: ClipsPage, tmp_path: Path, manifest: Manifest
) -> None:
    """Clips are checked right after they were added, just when the consent is being typed."""
    page.consent.name.setText("Ada Love")
    page.consent.agreed.setChecked(True)
    checked = [msgspec.structs.replace(c, check=CheckSummary("green")) for c in manifest.clips]
    page.set_project(tmp_path, msgspec.structs.replace(manifest, clips=checked))
    assert (page.consent.name.text(), page.consent.agreed.isChecked()) == ("Ada Love", True)
    page.set_project(tmp_path / "other", msgspec.structs.replace(manifest, name="Grace"))
    assert (page.consent.name.text(), page.consent.agreed.isChecked()) == ("Grace", False)
