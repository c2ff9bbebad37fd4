"""The steps from clips to film: where one is, what is done, what can be reached."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from emotalker.widgets.pages.workflow import STEPS, WorkflowBar, _Title


def button(bar: WorkflowBar, page: str) -> QToolButton:
    """The button of a step."""
    found = bar.findChild(QToolButton, f"step_{page}")
    assert isinstance(found, QToolButton)
    return found


def test_a_click_asks_for_the_page_and_presses_nothing_itself(qtbot: QtBot) -> None:
    """The page decides what is pressed: a refused change leaves the bar as it was."""
    bar = WorkflowBar()
    qtbot.addWidget(bar)
    bar.set_enabled(frozenset(s.page for s in STEPS))
    bar.set_page("home")
    with qtbot.waitSignal(bar.page_requested) as asked:
        qtbot.mouseClick(button(bar, "train"), Qt.MouseButton.LeftButton)
    assert asked.args == ["train"]
    assert not button(bar, "train").isChecked()
    bar.set_page("train")
    assert button(bar, "train").isChecked()
    assert not button(bar, "home").isChecked()


def test_what_is_done_is_said_in_words_too(qtbot: QtBot) -> None:
    """A tick alone would be colour and shape only; who hears the window hears "done"."""
    bar = WorkflowBar()
    qtbot.addWidget(bar)
    bar.set_done(frozenset({"clips"}))
    assert button(bar, "clips").accessibleName() == "Prepare, done"
    assert "done" in button(bar, "clips").toolTip()
    bar.set_done(frozenset())
    assert button(bar, "clips").accessibleName() == "Prepare"


def test_arrows_go_along_the_steps_that_can_be_reached(qtbot: QtBot) -> None:
    """By keyboard as by mouse; what is disabled is passed over."""
    bar = WorkflowBar()
    qtbot.addWidget(bar)
    bar.set_enabled(frozenset({"home", "perform"}))
    button(bar, "home").setFocus()
    qtbot.keyClick(button(bar, "home"), Qt.Key.Key_Right)
    assert bar.focusWidget() is button(bar, "perform")
    qtbot.keyClick(button(bar, "perform"), Qt.Key.Key_Right)
    assert bar.focusWidget() is button(bar, "home")


def test_a_long_name_loses_its_end(qtbot: QtBot) -> None:
    """In the smallest window one still reads how the name begins; the tooltip has all of it."""
    bar = WorkflowBar()
    qtbot.addWidget(bar)
    name = "Augusta Ada King, Countess of Lovelace"
    bar.set_title(name)
    bar.show()
    title = bar.findChild(_Title, "project_title")
    assert isinstance(title, _Title)
    bar.resize(2000, 50)
    assert title.shown == name
    title.resize(title.fontMetrics().horizontalAdvance("Augusta Ada King"), 30)
    assert title.shown.startswith("Augusta")
    assert title.shown.endswith("…")
    image = title.grab().toImage()
    title.setText(title.shown)
    assert title.grab().toImage() == image
    assert title.toolTip() == name
