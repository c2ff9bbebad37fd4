"""The transport bar: every button says what was pressed, and showing the time costs nothing."""

from __future__ import annotations

import time
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QAbstractSlider, QComboBox, QLabel, QToolButton

from emotalker.widgets.transport import TransportBar
from emotalker.widgets.transport.bar import SILENT, clock_ms


@pytest.fixture
def bar(qtbot: Any) -> TransportBar:
    made = TransportBar()
    qtbot.addWidget(made)
    made.set_state(False, 1.0, 3.25, 12.5)
    return made


def button(bar: TransportBar, name: str) -> QToolButton:
    found = bar.findChild(QToolButton, f"transport_{name}")
    assert isinstance(found, QToolButton)
    return found


def test_buttons_tell(bar: TransportBar, qtbot: Any) -> None:
    """Each press is one signal with its value."""
    said: list[object] = []
    bar.play_toggled.connect(lambda: said.append("play"))
    bar.shuttle.connect(said.append)
    bar.seek_requested.connect(said.append)
    bar.mark_in.connect(lambda: said.append("in"))
    bar.mark_out.connect(lambda: said.append("out"))
    bar.loop_toggled.connect(said.append)
    for name in ("start", "back", "play", "fast", "end", "in", "out", "loop", "loop"):
        qtbot.mouseClick(button(bar, name), Qt.MouseButton.LeftButton)
    assert said == [0.0, -1, "play", 1, 12.5, "in", "out", True, False]
    bar.set_loop(True)
    assert button(bar, "loop").isChecked()
    assert said[-1] is False


def test_time_and_state(bar: TransportBar) -> None:
    """Time with thousandths, play or pause, the speed where it is not normal; nothing to press without a voice."""
    shown = bar.findChild(QLabel, "transport_time")
    rate = bar.findChild(QLabel, "transport_rate")
    assert shown.text() == "00:03.250"
    assert button(bar, "play").accessibleName() == "Play"
    bar.set_state(True, -2.0, 65.4321, 3700.0)
    assert (shown.text(), rate.text()) == ("01:05.432", "−2×")
    assert not rate.isHidden()
    assert button(bar, "play").accessibleName() == "Pause"
    assert bar.findChild(QLabel, "transport_duration").text() == "/ 1:01:40.000"
    bar.set_state(True, 1.0, 65.4321, 3700.0)
    assert rate.isHidden()
    bar.set_state(False, 1.0, 0.0, 0.0)
    assert bar.findChild(QLabel, "transport_duration").text() == "/ no voice"
    assert not button(bar, "play").isEnabled()
    assert button(bar, "mute").isEnabled()
    assert clock_ms(59.9996) == "01:00.000"


def test_the_time_keeps_its_place(bar: TransportBar, qtbot: Any) -> None:
    """Digits have one width: nothing moves while the time runs."""
    bar.resize(1200, 40)
    bar.show()
    qtbot.waitExposed(bar)
    places = set()
    for ms in (1111, 8888, 4000, 59_747):
        bar.set_state(True, 1.0, ms / 1000, 60.0)
        bar.layout().activate()
        places.add(bar.findChild(QLabel, "transport_duration").x())
    assert len(places) == 1


def test_showing_the_time_is_cheap(bar: TransportBar) -> None:
    """Thirty calls a second must cost nothing to speak of: less than 0.5 ms each."""
    started = time.perf_counter()
    for n in range(300):
        bar.set_state(True, 1.0, n / 30, 12.5)
    assert (time.perf_counter() - started) / 300 < 0.0005


def test_volume_and_mute(bar: TransportBar, qtbot: Any) -> None:
    """The slider tells shares of one; mute tells 0 and back."""
    said: list[float] = []
    bar.volume_changed.connect(said.append)
    slider = bar.findChild(QAbstractSlider, "transport_volume")
    slider.setValue(40)
    qtbot.mouseClick(button(bar, "mute"), Qt.MouseButton.LeftButton)
    qtbot.mouseClick(button(bar, "mute"), Qt.MouseButton.LeftButton)
    assert said == [0.4, 0.0, 0.4]
    bar.set_volume(0.7)
    assert len(said) == 3
    assert "70 %" in slider.toolTip()


def test_devices(bar: TransportBar) -> None:
    """The chosen one is shown, another is told by name, and without any the bar says that it plays silently."""
    said: list[str] = []
    bar.device_changed.connect(said.append)
    box = bar.findChild(QComboBox, "transport_device")
    bar.set_devices(["Speakers", "Headphones"], "Headphones")
    assert box.currentText() == "Headphones"
    for index in (1, 0):
        box.setCurrentIndex(index)
        box.activated.emit(index)
    assert said == ["Speakers", ""]
    bar.set_devices([], None)
    assert box.currentText() == SILENT
    assert not box.isEnabled()
    assert len(said) == 2


@pytest.mark.parametrize("width", [1280, 850, 560])
def test_it_fits(bar: TransportBar, qtbot: Any, width: int) -> None:
    """Nothing is cut off in a narrow window: sound goes below."""
    bar.resize(width, 90)
    bar.show()
    qtbot.waitExposed(bar)
    for control in (*bar.findChildren(QAbstractButton), *bar.findChildren(QComboBox)):
        right = control.mapTo(bar, control.rect().topRight())
        assert right.x() <= width
        assert control.mapTo(bar, control.rect().bottomLeft()).y() <= bar.height()


def test_every_control_says_what_it_does(bar: TransportBar) -> None:
    """Tooltip, name for screen readers, and name for tests."""
    for kind in (QAbstractButton, QAbstractSlider, QComboBox):
        for control in bar.findChildren(kind):
            if control.objectName().startswith("qt_") or isinstance(control.parent(), QComboBox):
                continue
            if control.metaObject().className() == "QScrollBar":
                continue
            assert control.toolTip(), control
            assert control.accessibleName(), control
            assert control.objectName(), control
