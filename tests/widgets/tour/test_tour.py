"""The tour shows its steps beside their widgets, obeys the keyboard and stays out of the way."""

import pytest
from PySide6.QtCore import QPoint, QRect, QSize, Qt
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from emotalker.widgets.tour import Tour, TourStep, place_card

STEPS = [
    TourStep("left_part", "First", "This is on the left."),
    TourStep("right_part", "Second", "This is on the right, and there is more to say about it than fits in one line."),
    TourStep("nowhere", "Third", "This is nowhere."),
]
AREA = QRect(0, 0, 800, 600)


@pytest.fixture
def window(qtbot):
    window = QWidget()
    row = QHBoxLayout()
    for name in ("left_part", "right_part"):
        part = QPushButton(name)
        part.setObjectName(name)
        row.addWidget(part)
    column = QVBoxLayout(window)
    column.addLayout(row)
    column.addStretch(1)
    window.resize(800, 500)
    qtbot.addWidget(window)
    window.show()
    qtbot.waitExposed(window)
    return window


def part(window, name):
    return window.findChild(QWidget, name)


def geometry_in(window, widget):
    return QRect(widget.mapTo(window, QPoint(0, 0)), widget.size())


def test_it_goes_through_its_steps_and_says_that_it_was_seen(window, qtbot):
    """Next shows each step beside its widget, with its words; after the last one the tour is over."""
    tour = Tour(window, STEPS)
    assert not tour.card.isVisible()
    tour.start()
    assert tour.card.title.text() == "First"
    assert tour.card.count.text() == "1 of 3"
    assert not tour.card.back.isEnabled()
    assert geometry_in(window, tour.ring).contains(geometry_in(window, part(window, "left_part")).center())
    tour.card.next.click()
    assert geometry_in(window, tour.ring).contains(geometry_in(window, part(window, "right_part")).center())
    tour.card.next.click()
    assert not tour.ring.isVisible()
    assert tour.card.next.text() == "Done"
    with qtbot.waitSignal(tour.finished) as over:
        tour.card.next.click()
    assert over.args == [True]
    assert not tour.card.isVisible()
    assert tour.index == -1


def test_back_and_skip(window, qtbot):
    """Back returns to the step before; skipping says that not all was seen."""
    tour = Tour(window, STEPS)
    tour.start()
    tour.go_on()
    tour.card.back.click()
    assert tour.index == 0
    with qtbot.waitSignal(tour.finished) as over:
        tour.card.skip.click()
    assert over.args == [False]


def test_keyboard_alone_is_enough(window, qtbot):
    """Enter and arrows go through it, Esc ends it, and the focus returns to where it was."""
    before = part(window, "right_part")
    before.setFocus()
    tour = Tour(window, STEPS)
    tour.start()
    assert window.focusWidget() is tour.card
    qtbot.keyClick(tour.card, Qt.Key.Key_Return)
    assert tour.index == 1
    qtbot.keyClick(tour.card, Qt.Key.Key_Left)
    assert tour.index == 0
    qtbot.keyClick(tour.card, Qt.Key.Key_Right)
    assert tour.index == 1
    with qtbot.waitSignal(tour.finished) as over:
        qtbot.keyClick(tour.card, Qt.Key.Key_Escape)
    assert over.args == [False]
    assert window.focusWidget() is before


def test_tab_stays_in_the_card(window, qtbot):
    """It goes round card and buttons in both directions, and Esc ends the tour wherever it has come to."""
    tour = Tour(window, STEPS)
    tour.start()
    visited = []
    for _ in range(3):
        qtbot.keyClick(window.focusWidget(), Qt.Key.Key_Tab)
        visited.append(window.focusWidget())
    assert visited == [tour.card.skip, tour.card.next, tour.card]
    qtbot.keyClick(tour.card, Qt.Key.Key_Backtab)
    assert window.focusWidget() is tour.card.next
    with qtbot.waitSignal(tour.finished):
        qtbot.keyClick(tour.card.next, Qt.Key.Key_Escape)


def test_the_window_can_be_used_meanwhile(window, qtbot):
    """A click on the widget it points at arrives there, not at the ring."""
    tour = Tour(window, STEPS)
    tour.start()
    target = part(window, "left_part")
    centre = geometry_in(window, target).center()
    assert window.childAt(centre) is target
    with qtbot.waitSignal(target.clicked):
        qtbot.mouseClick(target, Qt.MouseButton.LeftButton)
    tour.skip()


def test_card_stays_inside_and_follows_the_window(window, qtbot):
    """When the window changes its size, ring and card follow, all words readable."""
    tour = Tour(window, STEPS)
    tour.start()
    tour.go_on()
    for size in (QSize(500, 300), QSize(1000, 700)):
        window.resize(size)
        qtbot.waitUntil(
            lambda: geometry_in(window, tour.ring).contains(geometry_in(window, part(window, "right_part")).center())
        )
        assert window.rect().contains(geometry_in(window, tour.card))
        text = tour.card.text
        assert text.height() >= text.heightForWidth(text.width())
    tour.skip()


def test_every_control_says_what_it_does(window):
    """Buttons have names for screen readers and tooltips; the card says its step."""
    tour = Tour(window, STEPS)
    tour.start()
    for button in tour.card.findChildren(QPushButton):
        assert all((button.toolTip(), button.accessibleName(), button.objectName()))
    assert "First" in tour.card.accessibleName()
    assert tour.card.accessibleDescription() == STEPS[0].text
    tour.skip()


def test_no_steps_is_over_at_once(window, qtbot):
    """A tour without steps shows nothing."""
    tour = Tour(window, [])
    with qtbot.waitSignal(tour.finished):
        tour.start()
    assert not tour.card.isVisible()


@pytest.mark.parametrize(
    "target",
    [QRect(10, 10, 300, 40), QRect(10, 550, 300, 40), QRect(0, 0, 200, 600), QRect(600, 0, 200, 600), QRect()],
)
def test_card_does_not_cover_what_it_is_about(target):
    """With room on any side the card lies beside the widget, inside the window."""
    size = QSize(320, 150)
    card = QRect(place_card(size, target, AREA, 8), size)
    assert AREA.contains(card)
    assert not card.intersects(target)


def test_card_lies_inside_what_fills_the_window():
    """Where no side has room the card lies at the lower edge of the widget."""
    size = QSize(320, 150)
    card = QRect(place_card(size, AREA, AREA, 8), size)
    assert AREA.contains(card)
    assert card.bottom() > 500
