"""Stage states, jobs and preview pictures to show."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtGui import QColor, QImage, QPainter
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from emotalker.projects.pipeline import STAGES, StageState, StageStatus
from emotalker.widgets import style

SIDE = 64
COLOURS = ("#c00000", "#00a000", "#0000c0", "#b0b000", "#00b0b0", "#b000b0")
Row = Callable[[Path, int], Path]


@pytest.fixture(autouse=True)
def _dark(qtbot: QtBot) -> None:
    style.apply(QApplication.instance(), "dark")


@pytest.fixture
def row() -> Row:
    """Writes a preview of so many tiles, each of one colour."""

    def write(path: Path, tiles: int) -> Path:
        picture = QImage(SIDE * tiles, SIDE, QImage.Format.Format_RGB32)
        painter = QPainter(picture)
        for number in range(tiles):
            painter.fillRect(number * SIDE, 0, SIDE, SIDE, QColor(COLOURS[number]))
        painter.end()
        path.parent.mkdir(parents=True, exist_ok=True)
        assert picture.save(str(path))
        return path

    return write


@pytest.fixture
def runs(tmp_path: Path, row: Row) -> Path:
    """A runs folder as a stopped training leaves it: the fit finished, the emotions cut off in mid-line."""
    folder = tmp_path / "runs"
    for stage, tiles, count in (("fit", 6, 60), ("emote", 6, 40)):
        for step in (500, 1000):
            row(folder / stage / "previews" / f"{step:06d}.png", tiles)
        lines = [
            {"step": step, "loss": 10 / step, "l1": 5 / step, "psnr": 20 + step / 100, "gaussians": 8000.0 + step}
            for step in range(20, 20 * count + 1, 20)
        ]
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / stage / "metrics.jsonl").write_text(text + '{"step": 99999, "lo')
    return folder


@pytest.fixture
def statuses() -> Callable[..., list[StageStatus]]:
    """Statuses of all stages, missing unless told otherwise."""

    def make(**states: StageState) -> list[StageStatus]:
        return [StageStatus(n, states.get(n, StageState.MISSING), f"Reason of {n}.") for n in STAGES]

    return make
