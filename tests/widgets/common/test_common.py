"""The small widgets do what pages rely on."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QEvent, QPoint, QRect, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QLabel, QPushButton, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from emotalker.engine.errors import UserError
from emotalker.widgets import style
from emotalker.widgets.common import (
    Busy,
    Card,
    EmptyState,
    ErrorDialog,
    FlowLayout,
    IconLabel,
    LabelledSlider,
    ToastStack,
    TrafficLight,
    WrapLabel,
    confirm,
)
from emotalker.widgets.common.toasts import MOST, seconds_for


@pytest.fixture(autouse=True)
def dressed(qapp: QApplication) -> None:
    """The dark theme."""
    style.apply(qapp)


@pytest.fixture
def window(qtbot: QtBot) -> QWidget:
    """A window of 800 by 600."""
    made = QWidget()
    qtbot.addWidget(made)
    made.resize(800, 600)
    made.show()
    return made


@pytest.fixture
def slider(qtbot: QtBot) -> LabelledSlider:
    """Intensity from 0 to 3."""
    made = LabelledSlider("Intensity", 0.0, 3.0, 1.0, tooltip="How strong")
    qtbot.addWidget(made)
    made.resize(400, 40)
    made.show()
    return made


@pytest.fixture
def heard(slider: LabelledSlider) -> dict[str, list[float]]:
    """What a slider says."""
    said: dict[str, list[float]] = {"live": [], "end": []}
    slider.value_changed.connect(said["live"].append)
    slider.edited.connect(said["end"].append)
    return said


def test_a_drag_is_live_and_ends_once(slider: LabelledSlider, heard: dict[str, list[float]]) -> None:
    """Undo gets one step for a drag, playback every value."""
    bar = slider.slider
    QTest.mousePress(bar, Qt.MouseButton.LeftButton, pos=QPoint(bar.width() // 2, bar.height() // 2))
    for x in range(bar.width() // 2, bar.width(), 10):
        QTest.mouseMove(bar, QPoint(x, bar.height() // 2))
    QTest.mouseRelease(bar, Qt.MouseButton.LeftButton, pos=QPoint(bar.width() - 1, bar.height() // 2))
    assert heard["live"][0] == pytest.approx(1.5, abs=0.1)
    assert len(heard["end"]) == 1
    assert heard["end"][0] == slider.value == heard["live"][-1]
    assert slider.box.value() == pytest.approx(slider.value, abs=0.01)


def test_keys_step_in_whole_steps(slider: LabelledSlider, heard: dict[str, list[float]]) -> None:
    """Three keys of 0.1 are 1.3 and not 1.2999."""
    slider.slider.setFocus()
    for _ in range(3):
        QTest.keyClick(slider.slider, Qt.Key.Key_Right)
    assert slider.value == pytest.approx(1.3, abs=1e-9)
    QTest.keyClick(slider.slider, Qt.Key.Key_PageDown)
    assert slider.value == pytest.approx(0.3, abs=1e-9)
    QTest.keyClick(slider.slider, Qt.Key.Key_End)
    assert slider.value == 3.0
    assert heard["end"] == pytest.approx([1.1, 1.2, 1.3, 0.3, 3.0])


def test_double_click_resets_and_the_box_edits(slider: LabelledSlider, heard: dict[str, list[float]]) -> None:
    """The way back is where the hand is; a typed value counts when it is finished."""
    slider.box.setFocus()
    slider.box.selectAll()
    QTest.keyClicks(slider.box, "2.5")
    assert heard["end"] == []
    QTest.keyClick(slider.box, Qt.Key.Key_Return)
    assert heard["end"] == [2.5]
    QTest.mouseDClick(slider.slider, Qt.MouseButton.LeftButton)
    assert slider.value == 1.0
    assert heard["end"] == [2.5, 1.0]


def test_a_value_from_outside_is_silent(slider: LabelledSlider, heard: dict[str, list[float]]) -> None:
    """What the document says must not come back as an edit."""
    slider.set_value(9.0)
    assert slider.value == 3.0
    assert slider.slider.value() == slider.slider.maximum()
    assert heard == {"live": [], "end": []}


def test_an_empty_range_is_refused() -> None:
    """A fault of the caller, found at once."""
    with pytest.raises(ValueError, match="empty"):
        LabelledSlider("Nothing", 1.0, 1.0, 1.0)


def test_toasts_stack_in_the_corner_and_leave(window: QWidget, qtbot: QtBot) -> None:
    """Newest at the bottom, the oldest goes when there are too many, all inside the window."""
    stack = ToastStack(window)
    for number in range(MOST + 2):
        stack.show_toast(f"Message {number}")
    assert [t.text for t in stack.toasts] == [f"Message {n}" for n in range(2, MOST + 2)]
    window.resize(500, 400)
    qtbot.waitUntil(lambda: stack.geometry().right() < 500)
    box = stack.geometry()
    assert window.rect().contains(box)
    assert window.width() - box.right() <= style.space(3)
    assert window.height() - box.bottom() <= style.space(3)
    for toast in stack.toasts:
        toast.closer.click()
    assert not stack.isVisible()


def test_toasts_keep_to_their_area(window: QWidget) -> None:
    """What must stay in sight is left free, also when the area changes."""
    area = QRect(10, 20, 700, 300)
    stack = ToastStack(window, lambda: area)
    stack.show_toast("Saved.")
    assert area.contains(stack.geometry())
    area.setHeight(200)
    stack.reposition()
    assert area.contains(stack.geometry())


def test_the_same_toast_is_shown_once(window: QWidget) -> None:
    """A message that repeats does not fill the corner."""
    stack = ToastStack(window)
    assert stack.show_toast("The disk is full.", "warning") is stack.show_toast("The disk is full.", "warning")
    assert len(stack.toasts) == 1


def test_a_toast_acts_and_goes(window: QWidget, qtbot: QtBot) -> None:
    """Its button does one thing; afterwards it is in the way."""
    done = []
    stack = ToastStack(window)
    toast = stack.show_toast("The film is ready.", "good", "Show in folder", lambda: done.append(1))
    assert toast.accessibleName() == "The film is ready."
    assert toast.action is not None
    toast.action.click()
    assert done == [1]
    assert stack.toasts == ()


def test_a_toast_hides_itself_but_not_while_it_is_read(window: QWidget, qtbot: QtBot) -> None:
    """Time runs only without the mouse on it."""
    stack = ToastStack(window)
    toast = stack.show_toast("Saved.")
    clock = toast.findChild(QTimer)
    assert clock.isActive()
    QApplication.sendEvent(toast, QEvent(QEvent.Type.Leave))
    clock.setInterval(10)
    clock.start()
    qtbot.waitUntil(lambda: stack.toasts == ())
    assert seconds_for("A long sentence " * 5, "warning", False) > seconds_for("Short.", "info", False)


def test_a_long_toast_is_not_cut_off(window: QWidget) -> None:
    """The text wraps and the message grows with it."""
    stack = ToastStack(window)
    toast = stack.show_toast("The program was not closed properly last time. Your project is open as it was saved." * 2)
    QTest.qWait(10)
    label = toast.findChild(WrapLabel)
    assert label.height() >= label.heightForWidth(label.width())


def test_a_button_leaves_a_toast_its_width(window: QWidget) -> None:
    """A long button does not squeeze the sentence into a word or two a line."""
    stack = ToastStack(window)
    text = "The program was not closed properly last time."
    heights = []
    for action in ("", "Report a problem…"):
        toast = stack.show_toast(text, "warning", action)
        QTest.qWait(10)
        label = toast.findChild(WrapLabel)
        assert label.height() >= label.heightForWidth(label.width())
        heights.append(label.heightForWidth(label.width()))
    assert heights[0] == heights[1]


def test_the_error_dialog_reads_what_why_and_what_to_do(qtbot: QtBot) -> None:
    """Three readable parts, details folded, and a way to report."""
    dialog = ErrorDialog(UserError("It did not work.", "The disk is full.", "Free some space."), "Traceback: line 1")
    qtbot.addWidget(dialog)
    dialog.show()
    texts = [label.text() for label in dialog.findChildren(QLabel)]
    assert {"It did not work.", "The disk is full.", "Free some space."} <= set(texts)
    assert dialog.focusWidget() is dialog.close_button, "Enter closes, it does not report"
    assert "disk is full" in dialog.accessibleDescription()
    assert not dialog.details.isVisible()
    height = dialog.height()
    dialog.unfold.click()
    assert dialog.details.isVisible()
    assert dialog.height() > height
    with qtbot.waitSignal(dialog.report_requested):
        dialog.report.click()
    assert dialog.result() == QDialog.DialogCode.Accepted


def test_an_error_without_details_has_nothing_to_unfold(qtbot: QtBot) -> None:
    """An empty box would only puzzle; text as long as a page still fits on the screen."""
    dialog = ErrorDialog(UserError("It did not work. " * 40, "Why not. " * 300, "Do this. " * 100))
    qtbot.addWidget(dialog)
    dialog.show()
    assert not dialog.unfold.isVisible()
    assert dialog.height() <= QApplication.primaryScreen().availableSize().height()


@pytest.mark.parametrize(("name", "agreed"), [("confirm_action", True), ("confirm_cancel", False)])
def test_confirm_asks_with_the_safe_answer_first(window: QWidget, name: str, agreed: bool) -> None:
    """Return and Escape do no harm; only the named button does it."""
    seen = []

    def answer() -> None:
        dialog = QApplication.activeModalWidget()
        # asked of the dialog: another test's window on the same screen may be the active one
        focused = dialog.focusWidget()
        dialog.findChild(QPushButton, name).click()
        seen.append(type(focused).__name__ + focused.objectName())

    QTimer.singleShot(200, window, answer)
    assert confirm(window, "Delete for good?", "It cannot be undone.", "Delete") is agreed
    assert seen == ["QPushButtonconfirm_cancel"]


def test_the_light_says_its_colour_in_words(qtbot: QtBot) -> None:
    """Icon and word, for those who see no colour."""
    light = TrafficLight()
    qtbot.addWidget(light)
    pictures = []
    for colour in ("green", "yellow", "red"):
        light.set_light(colour)
        assert light.accessibleName() == light.text
        pictures.append(light.findChild(IconLabel).pixmap().toImage())
    assert light.text == "Not usable"
    assert pictures[0] != pictures[1] != pictures[2]
    light.set_light("red", "Too dark")
    assert light.text == "Too dark"
    light.set_light(None)
    assert light.text == "Not checked"


def test_icons_in_labels_follow_the_theme(qtbot: QtBot, qapp: QApplication) -> None:
    """A picture is drawn once; the theme may change later."""
    label = IconLabel("play")
    qtbot.addWidget(label)
    before = label.pixmap().toImage()
    style.apply(qapp, "light")
    assert label.pixmap().toImage() != before
    style.apply(qapp)


def test_an_empty_page_offers_the_next_step(qtbot: QtBot) -> None:
    """One button, and none where there is nothing to do."""
    empty = EmptyState("clips", "No clips yet", "Drop videos here.", "Add clips…")
    qtbot.addWidget(empty)
    empty.show()
    with qtbot.waitSignal(empty.clicked):
        empty.button.click()
    silent = EmptyState("export", "No films yet", "Export one.")
    qtbot.addWidget(silent)
    silent.show()
    assert not silent.button.isVisible()


def test_a_card_holds_widgets_and_text_wraps(qtbot: QtBot) -> None:
    """Nothing is cut off when the card is narrow."""
    card = Card("Heading", "A muted line that is long enough to be wrapped in a narrow card.")
    qtbot.addWidget(card)
    card.body.addWidget(QLabel("Inside"))
    card.resize(160, 400)
    card.show()
    for label in card.findChildren(WrapLabel):
        assert label.height() >= label.heightForWidth(label.width())


def test_flow_begins_a_new_row_where_the_width_ends(qtbot: QtBot) -> None:
    """All items are inside, in order, and none overlaps."""
    box = QWidget()
    qtbot.addWidget(box)
    flow = FlowLayout()
    outer = QVBoxLayout(box)
    outer.addLayout(flow)
    buttons = [QPushButton(f"Button {n}") for n in range(7)]
    for button in buttons:
        flow.addWidget(button)
    box.resize(260, 300)
    box.show()
    places = [b.geometry() for b in buttons]
    assert all(box.rect().contains(p) for p in places)
    assert len({p.y() for p in places}) > 1
    assert not any(a.intersects(b) for i, a in enumerate(places) for b in places[:i])
    assert flow.heightForWidth(200) > flow.heightForWidth(900)


def test_busy_turns_only_while_it_is_seen(qtbot: QtBot) -> None:
    """A hidden spinner costs nothing."""
    busy = Busy()
    qtbot.addWidget(busy)
    clock = busy.findChild(QTimer)
    assert not clock.isActive()
    busy.show()
    before = busy.grab().toImage()
    qtbot.waitUntil(lambda: busy.grab().toImage() != before)
    busy.hide()
    assert not clock.isActive()
