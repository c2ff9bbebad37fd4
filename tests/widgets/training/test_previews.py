"""Recording and twin stand side by side, over time, and up close."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from emotalker.widgets.training import PreviewStrip
from emotalker.widgets.training.tiles import tiles_of

Row = Callable[[Path, int], Path]


@pytest.fixture
def strip(qtbot: QtBot) -> PreviewStrip:
    made = PreviewStrip()
    qtbot.addWidget(made)
    made.resize(700, 400)
    made.show()
    return made


def shown(strip: PreviewStrip) -> list[tuple[str, str]]:
    """Names and middle colours of the pictures."""
    return [(name, p.pixelColor(p.rect().center()).name()) for name, p in strip.view._pictures]


def settled(strip: PreviewStrip, qtbot: QtBot, names: list[tuple[str, str]]) -> None:
    qtbot.waitUntil(lambda: shown(strip) == names, timeout=3000)


def test_how_previews_are_cut() -> None:
    """Pairs for the fit, triples for the emotions, halves for tracking; anything else is shown whole."""
    assert tiles_of("fit", 1536, 256).frames == 3
    assert tiles_of("fit", 1536, 256).box(2, 1) == (1280, 0, 256, 256)
    assert tiles_of("emote", 1536, 256).frames == 2
    assert len(tiles_of("emote", 1536, 256).parts) == 3
    assert tiles_of("track", 1024, 512).frames == 1
    assert tiles_of("fit", 1000, 300).parts == ("Preview",)
    assert tiles_of("evaluate", 500, 250).frames == 1


def test_frames_are_chosen_by_their_thumbnails(strip: PreviewStrip, qtbot: QtBot, tmp_path: Path, row: Row) -> None:
    """Recording beside twin, for each fixed frame."""
    strip.add("fit", 100, row(tmp_path / "000100.png", 6))
    settled(strip, qtbot, [("Recorded", "#c00000"), ("Twin", "#00a000")])
    strip._thumbs.button(2).click()
    assert shown(strip) == [("Recorded", "#00b0b0"), ("Twin", "#b000b0")]


def test_the_slider_goes_back_in_time(strip: PreviewStrip, qtbot: QtBot, tmp_path: Path, row: Row) -> None:
    """The newest is shown until an older one is picked; then that one stays."""
    strip.add("fit", 100, row(tmp_path / "000100.png", 2))
    strip.add("fit", 200, row(tmp_path / "000200.png", 4))
    label = strip.findChild(QLabel, "preview_step")
    qtbot.waitUntil(lambda: len(strip._thumbs.buttons()) == 2)
    assert label.text() == "Step 200"
    strip.slider.setValue(0)
    assert label.text() == "Step 100"
    qtbot.waitUntil(lambda: len(strip._thumbs.buttons()) == 0)
    strip.add("fit", 300, row(tmp_path / "000300.png", 2))
    assert label.text() == "Step 100"
    strip.slider.setValue(2)
    strip.add("fit", 400, row(tmp_path / "000400.png", 2))
    assert label.text() == "Step 400"


def test_a_restart_forgets_later_pictures(strip: PreviewStrip, tmp_path: Path, row: Row) -> None:
    """A run that begins anew overwrites its pictures; the old ones would lie."""
    for step in (100, 200, 300):
        strip.add("fit", step, row(tmp_path / f"{step:06d}.png", 2))
    strip.add("fit", 100, row(tmp_path / "000100.png", 2))
    assert strip.slider.maximum() == 0


def test_the_twin_may_follow_voice_or_recording(strip: PreviewStrip, qtbot: QtBot, tmp_path: Path, row: Row) -> None:
    """The emotions are shown as the voice moves them, which is what the twin is for; the other is a choice."""
    strip.add("emote", 100, row(tmp_path / "000100.png", 6))
    settled(strip, qtbot, [("Recorded", "#c00000"), ("Twin, moved by the voice", "#0000c0")])
    strip.driver.setCurrentIndex(0)
    assert shown(strip)[1] == ("Twin, moved like the recording", "#00a000")


def test_a_missing_file_is_said(strip: PreviewStrip, qtbot: QtBot, tmp_path: Path) -> None:
    """A run that was deleted in the meantime leaves words, not an error."""
    strip.add("fit", 100, tmp_path / "gone.png")
    qtbot.waitUntil(lambda: "gone.png" in strip.view._message, timeout=2000)
    assert shown(strip) == []


def test_the_wipe_follows_mouse_and_keys(strip: PreviewStrip, qtbot: QtBot, tmp_path: Path, row: Row) -> None:
    """Left of the handle the recording, right of it the twin."""
    strip.add("fit", 100, row(tmp_path / "000100.png", 2))
    settled(strip, qtbot, [("Recorded", "#c00000"), ("Twin", "#00a000")])
    strip.wipe_button.click()
    assert strip.view.wipe == 0.5
    qtbot.keyClick(strip.view, Qt.Key.Key_Right)
    assert strip.view.wipe == pytest.approx(0.55)
    place = strip.view._places(1)[0]
    at = QPoint(int(place.x() + 0.25 * place.width()), int(place.center().y()))
    qtbot.mouseClick(strip.view, Qt.MouseButton.LeftButton, pos=at)
    assert strip.view.wipe == pytest.approx(0.25, abs=0.02)
    picture = strip.view.grab().toImage()
    y = int(place.y() + 0.2 * place.height())
    assert picture.pixelColor(int(place.x() + 0.1 * place.width()), y) == QColor("#c00000")
    assert picture.pixelColor(int(place.x() + 0.7 * place.width()), y) == QColor("#00a000")
    qtbot.keyClick(strip.view, Qt.Key.Key_End)
    assert strip.view.wipe == 1.0
    strip.wipe_button.click()
    assert strip.view.wipe is None


def test_the_mouth_can_be_looked_at(strip: PreviewStrip, qtbot: QtBot, tmp_path: Path, row: Row) -> None:
    """The close-up shows a part of the picture, larger."""
    strip.add("fit", 100, row(tmp_path / "000100.png", 2))
    settled(strip, qtbot, [("Recorded", "#c00000"), ("Twin", "#00a000")])
    whole = strip.view._source(strip.view._pictures[0][1])
    strip.mouth_button.click()
    part = strip.view._source(strip.view._pictures[0][1])
    assert part.width() < 0.5 * whole.width()
    assert part.center().y() > whole.center().y()


def test_clips_of_the_tracking_go_by_their_names(strip: PreviewStrip, qtbot: QtBot, tmp_path: Path, row: Row) -> None:
    """Tracking has a picture per clip instead of steps."""
    strip.add("track", 0, row(tmp_path / "happy_level1.png", 2))
    strip.add("track", 1, row(tmp_path / "sad_level2.png", 2))
    assert strip.findChild(QLabel, "preview_step").text() == "sad level2 (2 of 2)"
    settled(strip, qtbot, [("Seen points", "#c00000"), ("Fitted head", "#00a000")])
    strip.clear()
    assert strip.stages() == []
    assert "first pictures" in strip.view._message
