"""Frames and a viewport on the screen."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from emotalker.engine.bench.scene import head_blob
from emotalker.engine.gaussians.cpu.playback import PlaybackRenderer, arrays_of
from emotalker.engine.playback import Frame
from emotalker.widgets import style
from emotalker.widgets.viewport import Viewport

FrameMaker = Callable[..., Frame]


@pytest.fixture
def frames() -> FrameMaker:
    """Make frames of a head-like blob, as a picture or as Gaussians."""
    serials = itertools.count(1)

    def make(*, gl: bool = False, size: int = 96, count: int = 600, due: float = float("inf"), image=None) -> Frame:
        gaussians, camera = head_blob(count, size)
        arrays = arrays_of(gaussians)
        background = np.random.default_rng(1).integers(0, 256, (size, size, 3), np.uint8)
        if image is None and not gl:
            image = PlaybackRenderer().render(arrays, camera, background)
        return Frame(next(serials), 0.0, image, arrays if gl else None, camera, background, due)

    return make


@pytest.fixture
def viewport(qtbot: QtBot) -> Iterator[Viewport]:
    """A viewport of 320 x 240 on the screen."""
    style.apply(qtbot_app())
    made = Viewport()
    qtbot.addWidget(made)
    made.resize(320, 240)
    with qtbot.waitExposed(made):
        made.show()
    yield made
    made.release()


def qtbot_app():
    """The running application."""
    from PySide6.QtWidgets import QApplication

    app = QApplication.instance()
    assert isinstance(app, QApplication)
    return app
