"""The loss plot shows what was measured, stays quick at any rate, and can be read without colours."""

from __future__ import annotations

import csv
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QElapsedTimer, Qt, QTimer
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QLabel
from pytestqt.qtbot import QtBot

from emotalker.engine.errors import UserError
from emotalker.widgets import style
from emotalker.widgets.plots import LossPlot
from emotalker.widgets.plots.legend import dash_of, ink_of


@pytest.fixture
def plot(qtbot: QtBot) -> LossPlot:
    style.apply(QApplication.instance(), "dark")
    made = LossPlot()
    qtbot.addWidget(made)
    made.resize(700, 420)
    return made


def feed(plot: LossPlot, count: int, stage: str = "fit") -> None:
    for step in range(20, 20 * count + 1, 20):
        loss = 0.01 + 0.05 * float(np.exp(-step / 800))
        values = {"loss": loss, "l1": loss / 2, "dssim": loss / 3, "psnr": 30.0, "gaussians": 8000.0}
        plot.add_values(stage, step, values)


def pixels(plot: LossPlot) -> np.ndarray:
    picture = plot._canvas.grab().toImage().convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(picture.constBits(), np.uint8).reshape(picture.height(), picture.bytesPerLine())
    return rows[:, : picture.width() * 3].reshape(picture.height(), picture.width(), 3)


def has_colour(picture: np.ndarray, number: int) -> int:
    ink = ink_of(number)
    wanted = np.array([ink.red(), ink.green(), ink.blue()])
    return int((np.abs(picture.astype(int) - wanted).sum(-1) < 24).sum())


def test_importing_widgets_does_not_load_pyqtgraph() -> None:
    """The window must be on the screen before anything heavy is loaded."""
    code = (
        "import sys, emotalker.widgets.plots, emotalker.widgets.training; "
        "print([m for m in ('pyqtgraph', 'torch', 'cv2', 'scipy', 'numba') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_each_loss_term_gets_a_line_and_figures_do_not(plot: LossPlot, qtbot: QtBot) -> None:
    """Losses share an axis; decibels and counts would flatten them."""
    feed(plot, 100)
    plot.show()
    qtbot.waitUntil(lambda: plot.redraws > 0)
    assert plot.shown_terms() == ["loss", "l1", "dssim"]
    qtbot.waitExposed(plot)
    for number in range(3):
        assert has_colour(pixels(plot), number) > 5, f"line {number}"


def test_unticking_a_term_takes_its_line_off(plot: LossPlot, qtbot: QtBot) -> None:
    """The check boxes stand outside the plot, where the keyboard and a screen reader find them."""
    feed(plot, 100)
    plot.show()
    box = plot._legend.box("l1")
    assert box.accessibleName() == "Show Colour (L1)"
    before = has_colour(pixels(plot), 1)
    box.setFocus()
    qtbot.keyClick(box, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: has_colour(pixels(plot), 1) < before / 10, timeout=2000)
    assert plot.shown_terms() == ["loss", "dssim"]


def test_lines_differ_in_more_than_colour() -> None:
    """Neighbours have different dashes."""
    assert len({dash_of(number) for number in range(5)}) == 5


def test_ten_thousand_values_a_second_leave_the_window_free(plot: LossPlot, qtbot: QtBot) -> None:
    """Two redraws a second at most, and the event loop goes on turning."""
    plot.show()
    qtbot.waitExposed(plot)
    gaps: list[float] = []
    last = QElapsedTimer()
    last.start()
    beat = QTimer(plot)
    beat.timeout.connect(lambda: gaps.append(last.restart()))
    step = 0

    def burst() -> None:
        nonlocal step
        for _ in range(100):
            step += 1
            plot.add_values("fit", step, {"loss": 1 / step, "l1": 0.5 / step, "dssim": 0.2 / step})

    source = QTimer(plot)
    source.timeout.connect(burst)
    feed(plot, 10)
    step = 200
    drawn, started = plot.redraws, time.perf_counter()
    beat.start(5)
    source.start(10)
    qtbot.wait(2000)
    source.stop()
    beat.stop()
    seconds = time.perf_counter() - started
    assert step > 10_000
    assert plot.redraws - drawn <= 2 * seconds + 1
    assert plot.redraws - drawn >= 2
    assert np.median(gaps) < 50
    assert len(plot.series("fit", "loss").curve().means) <= 2048


def test_taking_in_values_is_cheap(plot: LossPlot) -> None:
    """A hundred thousand values of three terms take well under the ten seconds they would come in."""
    started = time.perf_counter()
    for step in range(100_000):
        plot.add_values("fit", step, {"loss": 1.0, "l1": 0.5, "dssim": 0.25})
    assert time.perf_counter() - started < 4


def test_nothing_is_drawn_while_hidden(plot: LossPlot, qtbot: QtBot) -> None:
    """A page in the background costs nothing."""
    feed(plot, 50)
    qtbot.wait(100)
    assert plot.redraws == 0
    assert plot._canvas is None


def test_log_scale_and_zeros(plot: LossPlot, qtbot: QtBot) -> None:
    """A term that is zero does not break the logarithm, and small values spread out."""
    for step in range(1, 200):
        plot.add_values("express", step, {"loss": 10.0 ** -(step / 50), "order": 0.0})
    plot.show()
    plot.set_log(True)
    qtbot.waitUntil(lambda: "log" in plot._canvas.getPlotItem().getAxis("left").labelText)
    qtbot.wait(600)
    low, high = plot._canvas.getPlotItem().viewRange()[1]
    assert -5 < low < -3
    assert -1 < high < 1


def test_the_best_value_is_marked_and_named(plot: LossPlot, qtbot: QtBot) -> None:
    """The star lies on the lowest smoothed total loss, and the words say where."""
    for step in range(1, 101):
        plot.add_values("fit", step, {"loss": 1.0 + abs(step - 60) / 10})
    plot.set_smoothing(0)
    plot.show()
    qtbot.waitUntil(lambda: plot.redraws > 0)
    assert plot._best() == (60.0, 1.0)
    plot._canvas.set_cursor(float("nan"))
    text = plot.findChild(QLabel, "plot_readout").text()
    assert "best, 1 at step 60" in text


def test_values_can_be_read_with_the_keyboard(plot: LossPlot, qtbot: QtBot) -> None:
    """Left moves a cursor along the steps; the values stand below in words; Escape puts it away."""
    feed(plot, 100)
    plot.show()
    readout = plot.findChild(QLabel, "plot_readout")
    qtbot.keyClick(plot._canvas, Qt.Key.Key_End)
    assert readout.text().startswith("Step 2,000:")
    assert "Total loss" in readout.text()
    qtbot.keyClick(plot._canvas, Qt.Key.Key_Left)
    assert readout.text().startswith("Step 1,980:")
    qtbot.keyClick(plot._canvas, Qt.Key.Key_Escape)
    assert readout.text().startswith("Faint")


def test_stages_have_tabs(plot: LossPlot, qtbot: QtBot) -> None:
    """Each stage keeps its curves; a stage without losses has no tab."""
    plot.set_stage_titles({"fit": "Neutral twin", "express": "Speech"})
    plot.add_values("track", 1, {"reprojection": 0.5})
    feed(plot, 30)
    feed(plot, 30, "express")
    plot.show()
    tabs = plot._tools.tabs
    assert [tabs.tabText(i) for i in range(tabs.count())] == ["Neutral twin", "Speech"]
    with qtbot.waitSignal(plot.stage_changed) as changed:
        tabs.setCurrentIndex(1)
    assert changed.args == ["express"]
    plot.clear()
    assert plot.stage == ""
    assert tabs.count() == 0


def test_curves_are_saved_as_table_and_picture(plot: LossPlot, qtbot: QtBot, tmp_path: Path) -> None:
    """What was seen can be taken along; a folder that is not there is explained."""
    feed(plot, 30)
    plot.show()
    plot.write_csv(tmp_path / "a.csv")
    plot.write_png(tmp_path / "a.png")
    with (tmp_path / "a.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 30
    assert rows[0]["stage"] == "fit"
    assert float(rows[-1]["psnr"]) == 30.0
    assert QImage(str(tmp_path / "a.png")).width() >= 700
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError):
        plot.write_csv(tmp_path / "file" / "a.csv")


def test_a_new_theme_is_put_on(plot: LossPlot, qtbot: QtBot, request: pytest.FixtureRequest) -> None:
    """The surface changes from dark to light with everything else."""
    feed(plot, 30)
    plot.show()
    request.addfinalizer(_back_to_dark(plot))
    assert pixels(plot)[2, 2].sum() < 200
    style.apply(QApplication.instance(), "light")
    qtbot.waitUntil(lambda: pixels(plot)[2, 2].sum() > 600)


def _back_to_dark(plot: LossPlot) -> Callable[[], None]:
    return lambda: style.apply(QApplication.instance(), "dark")
