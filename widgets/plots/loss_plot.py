"""Live loss curves with their controls."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PySide6.QtCore import QElapsedTimer, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from emotalker.widgets import style
from emotalker.widgets.plots.export import write_csv
from emotalker.widgets.plots.legend import Legend, dash_of, ink_of
from emotalker.widgets.plots.series import Curve, Series, smoothed
from emotalker.widgets.plots.terms import rank, term
from emotalker.widgets.plots.toolbar import PlotToolbar

if TYPE_CHECKING:
    from emotalker.widgets.plots.canvas import Canvas, Line

REDRAW_MS = 500
UNTICKED = ("flame", "order")  # of another size than the rest: they would flatten it
CANVAS_HEIGHT = 150


class LossPlot(QFrame):
    """A line per loss term of one stage at a time: raw faintly, smoothed strongly.

    Values may come at any rate; the picture is drawn at most twice a second and only while it can be seen. pyqtgraph
    is imported when the plot is first shown.
    """

    stage_changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("loss_plot")
        self.setProperty("role", "card")
        self.redraws = 0
        self._series: dict[str, dict[str, Series]] = {}
        self._hidden = set(UNTICKED)
        self._stage = ""
        self._canvas: Canvas | None = None
        self._curves: dict[str, Curve] = {}
        self._since_draw = QElapsedTimer()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self._redraw)
        self._tools = PlotToolbar(self)
        self._legend = Legend(self)
        self._readout = QLabel()
        self._trend = QLabel()
        self._box = QVBoxLayout(self)
        self._lay_out()
        style.notifier().changed.connect(self._restyle)

    # --- data

    def add_values(self, stage: str, step: int, values: dict[str, float]) -> None:
        """Values a stage measured at a step; a stage not known yet gets a tab."""
        known = self._series.get(stage)
        if known is None:
            known = self._series[stage] = {}
        for name, value in values.items():
            series = known.get(name)
            if series is None:
                series = known[name] = Series()
                self._tools.set_stages([s for s in self._series if self.loss_terms(s)])
                if not self._stage and self.loss_terms(stage):
                    self.set_stage(stage)
            series.append(step, value)
        if stage == self._stage:
            self._ask_redraw()

    def clear(self) -> None:
        """Forget everything."""
        self._series.clear()
        self._stage = ""
        self._tools.set_stages([])
        self._legend.set_terms([])
        self._ask_redraw()

    def series(self, stage: str, name: str) -> Series | None:
        """What was measured, for cards and words."""
        return self._series.get(stage, {}).get(name)

    def stages(self) -> list[str]:
        """Stages with values, in the order they came."""
        return list(self._series)

    def loss_terms(self, stage: str) -> list[str]:
        """Terms of a stage that belong on the plot, the total first."""
        return sorted((n for n in self._series.get(stage, {}) if term(n).kind == "loss"), key=lambda n: (rank(n), n))

    # --- what is shown

    @property
    def stage(self) -> str:
        """The stage whose curves are shown; empty for none."""
        return self._stage

    def set_stage(self, stage: str) -> None:
        """Show the curves of a stage."""
        if stage == self._stage or stage not in self._series:
            return
        self._stage = stage
        self._tools.set_stage(stage)
        self._ask_redraw()
        self.stage_changed.emit(stage)

    def set_stage_titles(self, titles: dict[str, str]) -> None:
        """What people call the stages."""
        self._tools.set_titles(titles)

    def set_trend(self, sentence: str, evidence: str) -> None:
        """The plain words under the curves and what bears them out."""
        self._trend.setText(sentence)
        self._trend.setToolTip(evidence)
        self._trend.setVisible(bool(sentence))

    def set_log(self, on: bool) -> None:
        """Logarithmic values."""
        self._tools.log.setChecked(on)

    def set_smoothing(self, strength: float) -> None:
        """How much the strong lines are smoothed, [0, 0.99]."""
        self._tools.smoothing.setValue(round(strength * 100))

    def shown_terms(self) -> list[str]:
        """Terms drawn at the moment."""
        return [name for name in self.loss_terms(self._stage) if name not in self._hidden]

    # --- files

    def write_csv(self, path: Path) -> None:
        """Write all stages as a table.

        Raises:
            UserError: if the file cannot be written.
        """
        write_csv(path, self._series)

    def write_png(self, path: Path) -> None:
        """Write what is shown as a picture.

        Raises:
            UserError: if the file cannot be written.
        """
        from emotalker.widgets.plots.export import write_picture

        write_picture(path, self.grab())

    # --- inside

    def showEvent(self, event: QShowEvent) -> None:
        """The first time, the drawing surface is made; each time, it catches up."""
        super().showEvent(event)
        if self._canvas is None:
            from emotalker.widgets.plots.canvas import Canvas

            self._canvas = Canvas(self)
            self._canvas.setMinimumHeight(CANVAS_HEIGHT)
            self._canvas.setToolTip("Move over the curves, or press Left and Right, to read values at a step")
            self._canvas.cursor_moved.connect(self._read_out)
            self._canvas.set_log(self._tools.log.isChecked())
            self._box.replaceWidget(self._place, self._canvas)
            self._place.deleteLater()
        self._redraw()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nothing is drawn that nobody sees."""
        self._timer.stop()
        super().hideEvent(event)

    def _lay_out(self) -> None:
        self._place = QWidget(self)
        self._place.setMinimumHeight(CANVAS_HEIGHT)
        self._readout.setObjectName("plot_readout")
        self._readout.setAccessibleName("Values at the cursor")
        self._readout.setProperty("role", "muted")
        self._readout.setWordWrap(True)
        self._trend.setObjectName("plot_trend")
        self._trend.setAccessibleName("Trend in words")
        self._trend.setWordWrap(True)
        self._trend.hide()
        margin = round(style.space(1.5))
        self._box.setContentsMargins(margin, margin, margin, margin)
        self._box.setSpacing(style.space(1))
        for part in (self._tools, self._trend, self._place, self._legend, self._readout):
            self._box.addWidget(part, 1 if part is self._place else 0)
        self._tools.stage_chosen.connect(self.set_stage)
        self._tools.log.toggled.connect(self._set_log)
        self._tools.smoothing.valueChanged.connect(self._ask_redraw)
        self._tools.csv_requested.connect(self.write_csv)
        self._tools.png_requested.connect(self.write_png)
        self._legend.toggled.connect(self._toggle)
        self._read_out(math.nan)

    def _ask_redraw(self) -> None:
        """Draw soon: at once after a rest, else when the half second is over."""
        if self._timer.isActive() or self._canvas is None or not self.isVisible():
            return
        rested = self._since_draw.elapsed() if self._since_draw.isValid() else REDRAW_MS
        self._timer.start(max(REDRAW_MS - rested, 0))

    def _redraw(self) -> None:
        if self._canvas is None:
            return
        self._since_draw.start()
        self.redraws += 1
        names = self.loss_terms(self._stage)
        self._legend.set_terms([(name, name not in self._hidden) for name in names])
        self._curves = {name: self._series[self._stage][name].curve() for name in self.shown_terms()}
        strength = self._tools.smoothing.value() / 100
        self._canvas.draw_lines(
            [self._line(name, curve, strength) for name, curve in self._curves.items() if len(curve.means)],
            self._best(),
        )
        if not self._canvas.has_cursor:
            self._read_out(math.nan)

    def _line(self, name: str, curve: Curve, strength: float) -> Line:
        from emotalker.widgets.plots.canvas import Line

        at = self.loss_terms(self._stage).index(name)
        return Line(name, ink_of(at), dash_of(at), curve.steps, curve.values, curve.centres, smoothed(curve, strength))

    def _best(self) -> tuple[float, float] | None:
        """Step and value of the least smoothed total loss; single values are luck."""
        name = next(iter(self._curves), None)
        if name != "loss" or not len(self._curves[name].means):
            return None
        curve = self._curves[name]
        values = smoothed(curve, self._tools.smoothing.value() / 100)
        at = int(np.argmin(values))
        return float(curve.centres[at]), float(values[at])

    def _read_out(self, step: float) -> None:
        """Values at a step in words; without a step, what the marks mean."""
        if not self._curves:
            self._readout.setText(
                "The curves of the training appear here: the lower, the better." if not self._stage else ""
            )
            return
        if not math.isfinite(step):
            best = self._best() if self._curves else None
            text = "Faint: every value. Strong: smoothed. Lower is better."
            self._readout.setText(text if best is None else f"{text} Star: best, {best[1]:.4g} at step {best[0]:,.0f}.")
            return
        parts = []
        for name, curve in self._curves.items():
            if len(curve.centres):
                at = int(np.argmin(np.abs(curve.centres - step)))
                parts.append(f"{term(name).title} {curve.means[at]:.4g}")
        self._readout.setText(f"Step {step:,.0f}:  " + "   ".join(parts))

    def _set_log(self, on: bool) -> None:
        if self._canvas is not None:
            self._canvas.set_log(on)
        self._ask_redraw()

    def _toggle(self, name: str, shown: bool) -> None:
        (self._hidden.discard if shown else self._hidden.add)(name)
        self._ask_redraw()

    def _restyle(self) -> None:
        self._legend.restyle()
        if self._canvas is not None:
            self._canvas.restyle()
            self._ask_redraw()
