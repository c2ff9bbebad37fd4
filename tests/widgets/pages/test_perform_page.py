"""The perform page: what is beside the picture stays as it is while one moves about."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QDoubleSpinBox,
    QScrollArea,
    QSlider,
    QStyle,
    QStyleOptionComboBox,
    QWidget,
)
from pytestqt.qtbot import QtBot

from emotalker.engine.emotion.labels import EMOTIONS
from emotalker.widgets import style
from emotalker.widgets.pages.perform import PerformPage


@pytest.fixture
def page(qtbot: QtBot) -> PerformPage:
    """In a window of the usual size, somewhat happy and sad at a keyframe."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    style.apply(app)
    made = PerformPage()
    qtbot.addWidget(made)
    made.resize(1280, 480)
    made.show()
    qtbot.waitExposed(made)
    shares = {"happy": 0.7, "sad": 0.3}
    made.emotion.set_value([shares.get(name, 0.0) for name in EMOTIONS], 1.5, True)
    made.emotion._fold.setChecked(True)
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow, timeout=5_000)
    return made


def value(control: QWidget) -> float:
    """What a control is set to."""
    if isinstance(control, QComboBox):
        return control.currentIndex()
    assert isinstance(control, QSlider | QDoubleSpinBox)
    return control.value()


def wheel(control: QWidget) -> None:
    """A notch of the wheel towards oneself, over the middle of a control."""
    window = control.window()
    at = control.mapTo(window, control.rect().center())
    QTest.wheelEvent(window.windowHandle(), QPointF(at), QPoint(0, -120))


@pytest.mark.parametrize(
    "name",
    [
        "emotion_choice", "emotion_level", "emotion_level_value", "emotion_second", "emotion_share", "emotion_easing",
        "background",
    ],
)  # fmt: skip
def test_the_wheel_scrolls_and_changes_only_what_has_the_focus(page: PerformPage, name: str) -> None:
    """Whoever scrolls the panel does not change the performance with what passes beneath the mouse."""
    area, control = page.findChild(QScrollArea, "perform_side"), page.findChild(QWidget, name)
    assert isinstance(area, QScrollArea)
    assert isinstance(control, QWidget)
    assert area.verticalScrollBar().maximum() > 100
    page.viewport.setFocus()
    area.ensureWidgetVisible(control)
    before, top = value(control), area.verticalScrollBar().value()
    wheel(control)
    assert value(control) == before
    assert area.verticalScrollBar().value() > top
    assert not control.hasFocus()
    control.setFocus()
    area.ensureWidgetVisible(control)
    wheel(control)
    assert value(control) != before


def test_the_mark_of_an_emotion_is_read_whole(page: PerformPage) -> None:
    """The longest is "Contempt (not recorded)", and the part that matters is at its end."""
    page.emotion.set_recorded([("happy", 1)])
    box = page.findChild(QComboBox, "emotion_choice")
    assert isinstance(box, QComboBox)
    option = QStyleOptionComboBox()
    box.initStyleOption(option)
    kind, part = QStyle.ComplexControl.CC_ComboBox, QStyle.SubControl.SC_ComboBoxEditField
    room = box.style().subControlRect(kind, option, part, box).width()
    assert max(box.fontMetrics().horizontalAdvance(box.itemText(i)) for i in range(box.count())) <= room


def test_a_number_keeps_off_the_border_of_its_box(page: PerformPage) -> None:
    """The intensity begins where the words in the fields around it do, and not on the border."""
    box = page.findChild(QDoubleSpinBox, "emotion_level_value")
    assert isinstance(box, QDoubleSpinBox)
    assert box.lineEdit().textMargins().left() >= 4
