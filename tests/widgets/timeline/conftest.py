"""A timeline on the screen."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from PySide6.QtWidgets import QApplication

from emotalker.engine.media.peaks import Peaks
from emotalker.widgets import style
from emotalker.widgets.timeline import Timeline


@pytest.fixture
def timeline(qtbot: Any) -> Iterator[Timeline]:
    """A timeline with ten seconds of voice on the screen."""
    app = QApplication.instance()
    assert isinstance(app, QApplication)
    style.apply(app)
    made = Timeline()
    qtbot.addWidget(made)
    made.resize(1036, 226)
    t = np.arange(160_000) / 16_000
    made.set_audio(Peaks.of((np.sin(2 * np.pi * 180 * t) * np.sin(t) ** 2).astype(np.float32), 16_000), 10.0)
    made.show()
    qtbot.waitExposed(made)
    yield made
    made.close()
