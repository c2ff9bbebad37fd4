"""The storage page adds up what is ticked and asks for no more than that."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from emotalker.projects.storage import StorageItem
from emotalker.widgets.storage import StoragePage
from emotalker.widgets.storage.page import SizeBar

ITEMS = [
    StorageItem("track", "Tracked frames", "Frames.", 3_000_000, True, "Tracking runs again."),
    StorageItem("old/fit-1", "Earlier run", "Set aside.", 1_000_000, True),
    StorageItem("avatar", "The twin", "What performs.", 4_000_000, False),
]


def test_ticks_and_sums(qtbot: QtBot) -> None:
    """Only what can be deleted has a tick; the button says nothing until something is ticked."""
    page = StoragePage()
    qtbot.addWidget(page)
    page.set_items(ITEMS, 50_000_000_000)
    said = [label.text() for label in page.findChildren(QLabel)]
    assert "This project takes 8 MB. 50 GB are free on its disk." in said
    assert "Tracking runs again." in said
    assert set(page.ticks) == {"track", "old/fit-1"}
    assert sorted(bar.share for bar in page.findChildren(SizeBar)) == [0.125, 0.375, 0.5]
    assert not page.delete.isEnabled()
    page.ticks["old/fit-1"].setChecked(True)
    assert any(label.text() == "1 MB will be free." for label in page.findChildren(QLabel))
    with qtbot.waitSignal(page.delete_requested) as asked:
        page.delete.click()
    assert asked.args == [["old/fit-1"]]


def test_ticks_outlive_a_refresh(qtbot: QtBot) -> None:
    """What is gone is forgotten, what is still there stays ticked."""
    page = StoragePage()
    qtbot.addWidget(page)
    page.set_items(ITEMS)
    for tick in page.ticks.values():
        tick.setChecked(True)
    page.set_items(ITEMS[1:])
    assert page.chosen() == ["old/fit-1"]
    page.set_items([])
    assert not page.delete.isEnabled()
