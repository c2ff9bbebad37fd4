"""The picture of the timeline: it follows the playhead and the theme, and a moving playhead costs nearly nothing."""

from __future__ import annotations

import time

import numpy as np
import pytest
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from emotalker.engine.emotion.curve import EmotionCurve, Keyframe
from emotalker.widgets import style
from emotalker.widgets.timeline import Timeline
from emotalker.widgets.timeline.scale import TimeScale, ruler_label, ruler_step
from emotalker.widgets.timeline.state import RULER


@pytest.fixture
def timeline(timeline: Timeline) -> Timeline:
    """Happy, then sad, then angry to the end."""
    keyframes = (Keyframe.of(1, "happy", 2), Keyframe.of(4, "sad", 1), Keyframe.of(8, "angry", 3))
    timeline.set_curve(EmotionCurve(keyframes))
    return timeline


def test_the_page_turns_while_playing(timeline: Timeline) -> None:
    """The playhead stays in sight, page by page; whoever has scrolled away is left alone."""
    scale = timeline.canvas.state.scale
    scale.zoom(4, timeline.canvas.state.scale.x(0))
    timeline.canvas.scale_changed()
    timeline.set_playing(True)
    starts = set()
    for n in range(300):
        timeline.set_playhead(n / 30)
        assert scale.shows(n / 30)
        starts.add(scale.start)
    assert 4 <= len(starts) <= 6
    scale.scroll_to(0)
    timeline.canvas.scale_changed()
    timeline.set_playhead(9.99)
    assert scale.start == 0


def test_a_moving_playhead_is_cheap(timeline: Timeline) -> None:
    """Moved, it repaints two strips from kept pictures: less than 2 ms in the median, and it is seen."""
    QApplication.processEvents()
    wave, lane = timeline.canvas._wave, timeline.canvas._lane
    taken = []
    for n in range(60):
        started = time.perf_counter()
        timeline.set_playhead(2 + n / 30)
        timeline.canvas.repaint(timeline.canvas._strip(timeline.canvas.state.scale.x(2 + n / 30)))
        QApplication.processEvents()
        taken.append(time.perf_counter() - started)
    assert timeline.canvas._wave is wave
    assert timeline.canvas._lane is lane
    assert float(np.median(taken)) < 0.002


def pixels(timeline: Timeline) -> np.ndarray:
    image = timeline.canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)
    return np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.width(), 4)[..., :3].astype(int)


def test_it_is_drawn(timeline: Timeline) -> None:
    """The wave is where there is sound, the lane has the emotion's colour, and a theme changes everything."""
    shown = pixels(timeline)
    state = timeline.canvas.state
    back = np.array([style.colours().canvas.blue(), style.colours().canvas.green(), style.colours().canvas.red()])
    band = shown[30 : state.lane_top - 4]
    loud, quiet = round(timeline.canvas.state.scale.x(np.pi / 2)), round(timeline.canvas.state.scale.x(np.pi))
    inked = (np.abs(band - back).max(-1) > 30).sum(0)
    assert inked[loud] > 5 * max(inked[quiet], 1)
    angry = shown[round(state.y(1)), round(timeline.canvas.state.scale.x(9))]
    assert angry[2] > angry[0] + 30
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    style.apply(app, "light")
    assert pixels(timeline).mean() > shown.mean() + 60
    style.apply(app)


def test_every_control_says_what_it_does(timeline: Timeline) -> None:
    """Tooltip, name for screen readers, and name for tests."""
    from PySide6.QtWidgets import QAbstractButton, QScrollBar

    for kind in (QAbstractButton, QScrollBar):
        for control in timeline.findChildren(kind):
            assert control.toolTip(), control
            assert control.accessibleName(), control
            assert control.objectName(), control


def test_ruler() -> None:
    """Labels have room at every zoom, never repeat, and name tenths below a second, as the clock does."""
    scale = TimeScale(1000, 600)
    scale.fit()
    while scale.per_second < 1200:
        step, parts = ruler_step(scale.per_second)
        assert step * scale.per_second >= 64
        assert parts >= 1
        labels = [ruler_label(n * step, step) for n in range(40)]
        assert len(set(labels)) == 40
        scale.zoom(1.3, 500)
    assert ruler_label(61.5, 0.5) == "1:01.5"
    assert ruler_label(61, 1) == "1:01"


def test_no_label_of_the_ruler_is_cut(timeline: Timeline) -> None:
    """The label of the tenth second has no room before the right edge and is left out."""
    words = pixels(timeline)[: RULER - 10, -14:]
    assert (words == words[0, 0]).all()
