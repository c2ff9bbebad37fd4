"""The gallery shows what it is given at once, fills in the rest, and asks for everything by signals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QAbstractButton, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from emotalker.projects import Project
from emotalker.projects.catalog import ProjectCard, card_of
from emotalker.widgets.gallery import GalleryPage
from emotalker.widgets.gallery.card import TwinCard
from emotalker.widgets.gallery.words import last_used, order


@pytest.fixture
def page(qtbot: QtBot) -> GalleryPage:
    page = GalleryPage()
    qtbot.addWidget(page)
    page.resize(1000, 700)
    page.show()
    qtbot.waitExposed(page)
    return page


def _card(name: str, modified: float = 1.0, **changes: object) -> ProjectCard:
    card = ProjectCard(Path(f"/nowhere/{name}"), name, "Ready to perform", "ready", bytes=1000, modified=modified)
    return replace(card, **changes)  # type: ignore[arg-type]


def _row(path: Path) -> Path:
    """A row of previews: black recordings, green renders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = QImage(96, 16, QImage.Format.Format_RGB888)
    image.fill(QColor("black"))
    painter = QPainter(image)
    painter.fillRect(16, 0, 16, 16, QColor("#00ff00"))
    painter.end()
    assert image.save(str(path))
    return path


def test_the_first_start_offers_the_sample(page: GalleryPage, qtbot: QtBot) -> None:
    """Without a project of one's own there are two ways to begin, the sample first."""
    page.set_cards([_card("Sample twin", sample=True)])
    assert page.welcome.isVisible()
    with qtbot.waitSignal(page.sample_requested):
        qtbot.mouseClick(page.welcome.try_sample, Qt.MouseButton.LeftButton)
    with qtbot.waitSignal(page.new_requested):
        qtbot.mouseClick(page.welcome.new, Qt.MouseButton.LeftButton)
    page.set_cards([])
    assert not page.welcome.try_sample.isVisible()
    assert page.welcome.new.property("role") == "primary"


def test_sample_first_then_the_last_used(page: GalleryPage) -> None:
    """The order does not depend on the order given."""
    page.set_cards([_card("old", 5), _card("new", 9), _card("Sample twin", 1, sample=True)])
    assert [c.card.name for c in page.cards()] == ["Sample twin", "new", "old"]
    assert order([_card("b", 1), _card("a", 1)])[0].name == "a"


def test_covers_and_sizes_follow(page: GalleryPage, qtbot: QtBot, tmp_path: Path) -> None:
    """Of a row of previews the render is shown; the size is counted in the thread."""
    project = Project.create(tmp_path / "ada", "Ada")
    _row(project.folder / "runs/fit/previews/000100.png")
    page.set_cards([card_of(project.folder)])
    (card,) = page.cards()
    qtbot.waitUntil(lambda: "bytes" in card.about.text() or "KB" in card.about.text(), timeout=5000)
    qtbot.waitUntil(lambda: card.cover.has_picture, timeout=5000)
    middle = card.cover.grab().toImage().pixelColor(card.cover.rect().center())
    assert (middle.red(), middle.green() > 200, middle.blue()) == (0, True, 0)


def test_search_narrows(page: GalleryPage) -> None:
    """Words may come in any order; what finds nothing says so."""
    page.set_cards([_card("Ada Lind"), _card("Bea")])
    page.search.setText("lind ada")
    assert [c.card.name for c in page.cards()] == ["Ada Lind"]
    page.search.setText("zzz")
    assert page.cards() == []
    assert page._nothing.isVisible()
    page.search.clear()
    assert len(page.cards()) == 2


def test_keys_move_open_rename_and_throw_away(page: GalleryPage, qtbot: QtBot) -> None:
    """The whole page works without a mouse."""
    page.set_cards([_card("a", 3), _card("b", 2)])
    first, second = page.cards()
    page.activateWindow()
    first.setFocus()
    qtbot.waitUntil(first.hasFocus)
    qtbot.keyClick(first, Qt.Key.Key_Right)
    assert second.hasFocus()
    with qtbot.waitSignal(page.open_requested) as opened:
        qtbot.keyClick(second, Qt.Key.Key_Return)
    assert opened.args == [second.card.folder]
    with qtbot.waitSignal(page.trash_requested) as trashed:
        qtbot.keyClick(second, Qt.Key.Key_Delete)
    assert trashed.args == [second.card.folder]
    qtbot.keyClick(second, Qt.Key.Key_F2)
    second.editor.setText("Eve")
    with qtbot.waitSignal(page.rename_requested) as renamed:
        qtbot.keyClick(second.editor, Qt.Key.Key_Return)
    assert renamed.args == [second.card.folder, "Eve"]
    qtbot.keyClick(second, Qt.Key.Key_Home)
    assert page.new_card.hasFocus()


def test_escape_leaves_the_name(page: GalleryPage, qtbot: QtBot) -> None:
    """Nothing is renamed, and an empty name neither."""
    page.set_cards([_card("a")])
    (card,) = page.cards()
    card.start_rename()
    card.editor.setText("other")
    with qtbot.assertNotEmitted(page.rename_requested):
        qtbot.keyClick(card.editor, Qt.Key.Key_Escape)
        card.start_rename()
        card.editor.setText("  ")
        qtbot.keyClick(card.editor, Qt.Key.Key_Return)
    assert card.name.isVisible()
    assert card.name.text() == "a"


def test_the_menu_asks_for_the_rest(page: GalleryPage, qtbot: QtBot) -> None:
    """Duplicate and show in folder; of the sample one cannot rename or throw away."""
    page.set_cards([_card("a"), _card("Sample twin", sample=True)])
    sample, card = page.cards()
    actions = {a.text(): a for a in card.menu.actions()}
    with qtbot.waitSignals([page.duplicate_requested, page.show_in_folder_requested]):
        actions["Duplicate"].trigger()
        actions["Show in folder"].trigger()
    off = {a.text() for a in sample.menu.actions() if not a.isEnabled()}
    assert off == {"Rename", "Move to trash…"}


def test_a_sample_that_was_never_opened_has_no_size(page: GalleryPage, qtbot: QtBot, tmp_path: Path) -> None:
    """Nothing is on the disk yet; "0 bytes" would be no help."""
    card = ProjectCard(tmp_path / "sample", "Sample twin", "Ready to perform", "ready", sample=True)
    for _ in range(2):
        page.set_cards([card])
        qtbot.wait(100)
        assert all("0 bytes" not in shown.about.text() for shown in page.findChildren(TwinCard))


def test_a_missing_project_cannot_be_opened(page: GalleryPage, qtbot: QtBot) -> None:
    """But it can be taken off the list."""
    page.set_cards([_card("gone", kind="missing", state="Missing: the folder was moved or deleted")])
    (card,) = page.cards()
    assert not card.findChild(QPushButton, "twin_card_open").isEnabled()
    with qtbot.assertNotEmitted(page.open_requested):
        qtbot.keyClick(card, Qt.Key.Key_Return)
    assert "Remove from this list" in {a.text() for a in card.menu.actions() if a.isEnabled()}


def test_dropped_files_begin_a_twin(
    page: GalleryPage, qtbot: QtBot, tmp_path: Path, drop_files: Callable[..., None]
) -> None:
    """Videos are passed on; the folder of a project is opened."""
    with qtbot.waitSignal(page.files_dropped) as dropped:
        drop_files(page, tmp_path / "a.mp4", tmp_path / "b.mp4")
    assert dropped.args == [[tmp_path / "a.mp4", tmp_path / "b.mp4"]]
    project = Project.create(tmp_path / "ada", "Ada")
    with qtbot.waitSignal(page.open_requested) as opened:
        drop_files(page, project.folder)
    assert opened.args == [project.folder]


def test_every_control_says_what_it_is(page: GalleryPage) -> None:
    """Tooltip, accessible name and object name on each."""
    page.set_cards([_card("a")])
    for control in (*page.findChildren(QAbstractButton), *page.findChildren(QLineEdit)):
        assert control.toolTip(), control
        assert control.accessibleName(), control
        assert control.objectName(), control


def test_days_as_people_say_them() -> None:
    """Today, yesterday, days, then the date."""
    now = 1_700_000_000.0
    assert last_used(now, now).startswith("Today")
    assert last_used(now - 86_400, now) == "Yesterday"
    assert last_used(now - 3 * 86_400, now) == "3 days ago"
    assert last_used(now - 30 * 86_400, now).startswith("2023-10-")
    assert last_used(0.0) == ""
