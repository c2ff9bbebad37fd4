"""The strip of Live says in plain words how live it is, what is listened to, how loud that is, and what is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QPushButton

from emotalker.widgets import style
from emotalker.widgets.live import LevelMeter, LiveStrip
from emotalker.widgets.live.level_meter import HOLD
from emotalker.widgets.live.strip import DEFAULT, FOLLOW, NONE, STARTING


@pytest.fixture
def strip(qtbot: Any) -> LiveStrip:
    """A strip on the screen."""
    made = LiveStrip()
    qtbot.addWidget(made)
    made.resize(900, 80)
    made.show()
    return made


def sources(strip: LiveStrip) -> QComboBox:
    """What can be listened to."""
    found = strip.findChild(QComboBox, "live_source")
    assert isinstance(found, QComboBox)
    return found


def button(strip: LiveStrip, name: str) -> QPushButton:
    """A button of the strip."""
    found = strip.findChild(QPushButton, name)
    assert isinstance(found, QPushButton)
    return found


def choose(strip: LiveStrip, text: str) -> None:
    """Choose as a person does."""
    box = sources(strip)
    box.setCurrentIndex(box.findText(text))
    box.activated.emit(box.currentIndex())


def test_the_delay_is_said_in_words(strip: LiveStrip) -> None:
    """Nothing is claimed before the first picture; then the delay, to ten milliseconds."""
    assert strip.state == STARTING
    strip.show_live(None)
    assert strip.state == STARTING
    strip.show_live(257.3)
    assert strip.state == "Live – 260 ms"
    assert strip.words == ""
    strip.show_live(261.0, "Is it muted?")
    assert strip.words == "Is it muted?"


def test_trouble_says_what_to_do(strip: LiveStrip, qtbot: Any) -> None:
    """The words stay on the page, trying again is one press, and both go when it is live again."""
    again = button(strip, "live_again")
    assert again.isHidden()
    strip.show_trouble("No microphone was found. Connect one.")
    assert strip.state == "Not live"
    assert strip.words == "No microphone was found. Connect one."
    with qtbot.waitSignal(strip.retried, timeout=1000):
        qtbot.mouseClick(again, Qt.MouseButton.LeftButton)
    strip.show_live(240.0)
    assert again.isHidden()
    assert strip.words == ""


def test_choosing_a_microphone(strip: LiveStrip, qtbot: Any) -> None:
    """The system's, or one by its name; the same one again is no change."""
    said: list[str] = []
    strip.microphone_chosen.connect(said.append)
    strip.set_microphones(["Desk", "Headset"], "Headset")
    assert sources(strip).currentText() == "Headset"
    choose(strip, "Headset")
    choose(strip, "Desk")
    choose(strip, DEFAULT)
    assert said == ["Desk", ""]
    strip.set_microphones(["Desk"], "Unplugged")
    assert sources(strip).currentText() == DEFAULT
    strip.set_microphones([], "Desk")
    assert sources(strip).currentText() == NONE


def test_following_a_file(strip: LiveStrip, qtbot: Any) -> None:
    """The last entry asks for a file; until one is chosen nothing else is shown as chosen; then the file is."""
    strip.set_microphones(["Desk"], "Desk")
    with qtbot.waitSignal(strip.file_requested, timeout=1000):
        choose(strip, FOLLOW)
    assert sources(strip).currentText() == "Desk"
    strip.set_microphones(["Desk"], "Desk", "voice.wav")
    assert sources(strip).currentText() == "voice.wav"
    with qtbot.waitSignal(strip.microphone_chosen, timeout=1000) as chosen:
        choose(strip, "Desk")
    assert chosen.args == ["Desk"]


def test_stop_is_one_press(strip: LiveStrip, qtbot: Any) -> None:
    """And its tooltip names the key."""
    stop = button(strip, "live_stop")
    assert "Esc" in stop.toolTip()
    with qtbot.waitSignal(strip.stopped, timeout=1000):
        qtbot.mouseClick(stop, Qt.MouseButton.LeftButton)


def test_nothing_moves_while_the_number_changes(strip: LiveStrip) -> None:
    """Two digits or four: the meter beside it keeps its place."""
    places = set()
    for ms in (90.0, 260.0, 1270.0):
        strip.show_live(ms)
        strip.layout().activate()
        places.add(strip.meter.geometry().left())
    assert len(places) == 1


def test_loudness_in_length_colour_and_words(qtbot: Any) -> None:
    """Louder is longer; quiet, enough and too loud differ in words too, not in colour alone."""
    meter = LevelMeter()
    qtbot.addWidget(meter)
    meter.resize(200, 14)
    said, lengths = [], []
    for level in (-90.0, -45.0, -20.0, -1.0):
        meter.clear()
        meter.set_level(level)
        said.append(meter.words)
        lengths.append(filled(meter))
    assert said == ["silent", "quiet", "loud enough", "too loud"]
    assert lengths[0] == 0
    assert lengths == sorted(lengths)
    assert len(set(lengths)) == 4
    assert meter.accessibleDescription() == "too loud"


def filled(meter: LevelMeter) -> int:
    """Pixels of the bar along the middle, a row above the marks."""
    image, c = meter.grab().toImage(), style.colours()
    row = image.height() // 2 - 1
    colours = {colour.name() for colour in (c.good, c.warn, c.bad)}
    return sum(image.pixelColor(x, row).name() in colours for x in range(image.width()))


def test_the_bar_falls_slowly_and_the_peak_stays(qtbot: Any) -> None:
    """A syllable can be read; a second later it is gone."""
    meter = LevelMeter()
    qtbot.addWidget(meter)
    meter.resize(200, 14)
    meter.set_level(-6.0)
    loud = filled(meter)
    meter.set_level(-60.0)
    assert 0 < filled(meter) < loud
    for _ in range(30 + HOLD):
        meter.set_level(-60.0)
    assert filled(meter) == 0
