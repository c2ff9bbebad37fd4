"""The report page: what stands where there is nothing, findings in words, tables that can be read."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from PySide6.QtGui import QPixmap
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from emotalker.widgets.report import ReportPage, ReportState
from emotalker.widgets.report.parts import WIDEST, FigureTable, FindingCard, Picture

OURS = {"psnr": 31.0, "psnr_face": 28.0, "m_ld": 2.4, "f_ld": 2.9, "sync": 0.444, "sync_wrong": 0.1}
REPORT = {
    "audio": OURS,
    "recorded": {"sync": 0.5, "sync_wrong": 0.1},
    "settings": {"held_out": ["happy"]},
    "about": {"made": "today"},
    "twin": {"tile": "emotions.png"},
}


def said(page: ReportPage) -> list[str]:
    """All words on it that can be seen."""
    return [label.text() for label in page.findChildren(QLabel) if label.isVisibleTo(page)]


def test_without_a_report_it_says_what_to_do(qtbot: QtBot) -> None:
    """The reason, and a button that mends it."""
    page = ReportPage()
    qtbot.addWidget(page)
    page.set_state(ReportState(missing=("No clip is held out", "Tick one."), remedy="Go to Prepare"))
    assert "No clip is held out" in said(page)
    assert not page.evaluate.isEnabled()
    assert not page.browser.isEnabled()
    assert page._empty is not None
    with qtbot.waitSignal(page.remedy_requested):
        page._empty.button.click()
    page.set_state(ReportState(remedy="Evaluate"))
    assert "Not judged yet" in said(page)
    with qtbot.waitSignal(page.evaluate_requested) as asked:
        page.evaluate.click()
    assert asked.args == [False]


def test_an_old_report_stays_with_the_reason_and_a_way_to_mend_it(qtbot: QtBot, tmp_path: Path) -> None:
    """The reason stands beside the old report, with a button, since the page's middle is taken."""
    page = ReportPage()
    qtbot.addWidget(page)
    page.show()
    stale = ("The twin is not up to date", "Train.")
    page.set_state(ReportState(REPORT, tmp_path, missing=stale, remedy="Go to Train"))
    assert not page.evaluate.isEnabled()
    assert page.evaluate.toolTip() == "The twin is not up to date: Train."
    assert "The twin is not up to date: Train." in page.line.text()
    with qtbot.waitSignal(page.remedy_requested):
        page.remedy.click()
    page.set_state(ReportState(REPORT, tmp_path, remedy="Evaluate"))
    assert not page.remedy.isVisible()


def test_findings_tables_and_pictures(qtbot: QtBot, tmp_path: Path) -> None:
    """Words first; the pictures that exist; nothing stale after another report."""
    picture = QPixmap(320, 80)
    picture.fill()
    assert picture.save(str(tmp_path / "emotions.png"))
    page = ReportPage()
    qtbot.addWidget(page)
    page.resize(1200, 800)
    page.show()
    page.set_state(ReportState(REPORT, tmp_path))
    assert "The lips follow the sound: 86 % of the recording" in said(page)
    cards = page.findChildren(FindingCard)
    assert cards[0].accessibleName().endswith("(good)")
    assert len(page.findChildren(Picture)) == 1
    tables = {table.accessibleName(): table for table in page.findChildren(FigureTable)}
    assert tables["Motion"].item(1, 1).text() == "2.40"
    page.ablations.setChecked(True)
    with qtbot.waitSignal(page.evaluate_requested) as asked:
        page.evaluate.click()
    assert asked.args == [True]
    page.set_state(ReportState(REPORT, tmp_path, outdated=True))
    assert page.findChildren(FindingCard) == cards, "the same report is not built anew"
    assert "trained again since" in page.line.text()
    page.set_state(ReportState(REPORT, tmp_path, busy="Running: 3 of 9 frames."))
    assert page.line.text() == "Running: 3 of 9 frames."
    assert not page.evaluate.isEnabled()


def test_cards_stand_in_as_many_columns_as_there_is_room_for(qtbot: QtBot, tmp_path: Path) -> None:
    """One below the other in a narrow window."""
    page = ReportPage()
    qtbot.addWidget(page)
    page.set_state(ReportState(REPORT, tmp_path))
    page.show()
    columns = []
    for width in (500, 1300):
        page.resize(width, 600)
        qtbot.wait(20)
        columns.append(len({card.x() for card in page.findChildren(FindingCard)}))
    assert columns == [1, 3]


def test_rows_of_a_picture_are_named_as_they_are(qtbot: QtBot, tmp_path: Path) -> None:
    """A row for each way the twin was driven, the same words as in the whole report."""
    picture = QPixmap(320, 80)
    picture.fill()
    picture.save(str(tmp_path / "tiles_happy.png"))
    page = ReportPage()
    qtbot.addWidget(page)
    page.show()
    page.set_state(ReportState({**REPORT, "tracked": {}, "unrefined": {}}, tmp_path))
    rows = "recorded, driven by the tracked face, driven by landmarks alone, driven by the voice"
    assert f"happy; rows from above: {rows}" in said(page)


def test_picture_keeps_its_place_and_is_decoded_beside_the_window(qtbot: QtBot, tmp_path: Path) -> None:
    """Opening the page does not wait for megabytes of PNG; very wide ones are kept smaller; damaged ones vanish."""
    picture = QPixmap(4 * WIDEST, 40)
    picture.fill()
    picture.save(str(tmp_path / "p.png"))
    shown = Picture(tmp_path / "p.png", "a picture")
    qtbot.addWidget(shown)
    assert shown.image.isNull()
    assert shown.heightForWidth(WIDEST) == 10
    qtbot.waitUntil(lambda: not shown.image.isNull())
    assert (shown.image.width(), shown.image.height()) == (WIDEST, 10)
    assert shown.heightForWidth(WIDEST) == 10
    whole = (tmp_path / "p.png").read_bytes()
    (tmp_path / "p.png").write_bytes(whole[:60])
    damaged = Picture(tmp_path / "p.png", "a damaged picture")
    qtbot.addWidget(damaged)
    qtbot.waitUntil(lambda: damaged.heightForWidth(WIDEST) == 0)


def test_a_picture_still_decoded_when_the_program_ends_says_nothing(tmp_path: Path) -> None:
    """Closing right after the page was opened leaves no word in the log, and does not hang."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom PySide6.QtGui import QPixmap\n"
        "from PySide6.QtWidgets import QApplication\napp = QApplication([])\n"
        "from emotalker.widgets.report.parts import Picture\n"
        "made = QPixmap(1500, 1500)\nmade.fill()\nmade.save(sys.argv[1])\n"
        "pictures = [Picture(Path(sys.argv[1]), 'a picture') for _ in range(12)]\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "p.png")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_picture_is_never_larger_than_it_is(qtbot: QtBot, tmp_path: Path) -> None:
    """And takes no room when its file is gone."""
    picture = QPixmap(100, 50)
    picture.fill()
    picture.save(str(tmp_path / "p.png"))
    shown = Picture(tmp_path / "p.png", "a picture")
    qtbot.addWidget(shown)
    assert shown.heightForWidth(60) == 30
    assert shown.heightForWidth(900) == 50
    gone = Picture(tmp_path / "gone.png", "gone")
    qtbot.addWidget(gone)
    assert gone.heightForWidth(100) == 0
