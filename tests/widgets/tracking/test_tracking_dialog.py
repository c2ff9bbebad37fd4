"""The tracking dialog: every frame can be looked at, drawn off the window's thread, and problems are said."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from emotalker.engine.errors import UserError
from emotalker.widgets.tracking import TrackingDialog
from emotalker.widgets.tracking.curve import ConfidenceCurve

COUNT = 40


class Clip:
    """Frames whose shade is their number; the face is lost from the 31st on."""

    def __init__(self, problems: Sequence[str] = ()) -> None:
        self.problems = problems
        self.count = COUNT
        self.confidence: NDArray[np.float32] = np.where(np.arange(COUNT) < 30, 0.9, 0.2).astype(np.float32)
        self.drawn: list[tuple[int, threading.Thread]] = []
        self.gate = threading.Event()
        self.gate.set()

    def frame(self, index: int) -> NDArray[np.uint8]:
        assert self.gate.wait(10)
        self.drawn.append((index, threading.current_thread()))
        return np.full((20, 40, 3), index, np.uint8)


@pytest.fixture
def show(qtbot: QtBot) -> Callable[[Callable[[], Clip]], TrackingDialog]:
    """Shows the dialog of a clip."""

    def made(open_clip: Callable[[], Clip]) -> TrackingDialog:
        dialog = TrackingDialog("happy_level2", open_clip)
        qtbot.addWidget(dialog)
        dialog.show()
        qtbot.waitExposed(dialog)
        return dialog

    return made


def shade(dialog: TrackingDialog) -> int:
    """Number of the frame in the picture; -1 before the first."""
    image = dialog.picture.image
    return -1 if image.isNull() else image.pixelColor(3, 3).red()


def test_it_begins_where_the_tracker_was_least_sure(
    qtbot: QtBot, show: Callable[[Callable[[], Clip]], TrackingDialog]
) -> None:
    """That frame is drawn, in another thread, and what the tracker says is read."""
    clip = Clip(["The face was lost in 10 of 40 frames."])
    dialog = show(lambda: clip)
    qtbot.waitUntil(lambda: shade(dialog) == 30)
    assert dialog.slider is not None
    assert dialog.slider.value == 31
    assert dialog.message.text() == "The face was lost in 10 of 40 frames."
    assert "10 frames below" in dialog.curve.accessibleName()
    assert all(thread is not threading.main_thread() for _, thread in clip.drawn)


def test_keys_and_the_curve_go_through_the_clip(
    qtbot: QtBot, show: Callable[[Callable[[], Clip]], TrackingDialog]
) -> None:
    """Arrow keys one by one, a click in the curve to the frame there, nothing beyond the ends."""
    clip = Clip()
    dialog = show(lambda: clip)
    qtbot.waitUntil(lambda: shade(dialog) == 30)
    assert dialog.slider is not None
    qtbot.keyClick(dialog.slider.slider, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: shade(dialog) == 31)
    qtbot.mouseClick(dialog.curve, Qt.MouseButton.LeftButton, pos=QPoint(dialog.curve.width() - 1, 5))
    qtbot.waitUntil(lambda: shade(dialog) == COUNT - 1)
    dialog.go_to(COUNT + 5)
    assert dialog.frame == COUNT - 1
    dialog.go_to(-3)
    qtbot.waitUntil(lambda: shade(dialog) == 0)
    assert dialog.slider.value == 1


def test_frames_in_between_are_left_out(qtbot: QtBot, show: Callable[[Callable[[], Clip]], TrackingDialog]) -> None:
    """A fast drag draws the last one it came to, not all of them one after the other."""
    clip = Clip()
    dialog = show(lambda: clip)
    qtbot.waitUntil(lambda: shade(dialog) == 30)
    clip.drawn.clear()
    clip.gate.clear()
    for frame in range(20):
        dialog.go_to(frame)
    clip.gate.set()
    qtbot.waitUntil(lambda: shade(dialog) == 19)
    assert [index for index, _ in clip.drawn] == [0, 19]


def test_a_track_that_cannot_be_read_is_told(
    qtbot: QtBot, show: Callable[[Callable[[], Clip]], TrackingDialog]
) -> None:
    """In the dialog itself, with what to do."""

    def fail() -> Clip:
        raise UserError("The track is damaged.", "Its end is missing.", "Train again.")

    dialog = show(fail)
    qtbot.waitUntil(lambda: "damaged" in dialog.message.text())
    assert "Train again." in dialog.message.text()
    assert dialog.slider is None
    dialog.go_to(3)
    assert shade(dialog) == -1


def test_the_curve_shows_where_the_face_was_lost(qtbot: QtBot) -> None:
    """The marks are where the confidence is low, and the line is at the frame."""
    curve = ConfidenceCurve()
    qtbot.addWidget(curve)
    curve.resize(408, 60)
    curve.set_values(Clip().confidence)
    before = curve.grab().toImage()
    assert before.pixelColor(380, 5) != before.pixelColor(100, 5)
    curve.set_frame(10)
    after = curve.grab().toImage()
    assert after.pixelColor(round(4 + 10 * 400 / 39), 5) != before.pixelColor(round(4 + 10 * 400 / 39), 5)
