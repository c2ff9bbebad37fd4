"""The drawing surface of a loss plot; the only module that imports pyqtgraph."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pyqtgraph as pg
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QPen
from PySide6.QtWidgets import QWidget

from emotalker.widgets import style

Floats = NDArray[np.float64]

FAINT = 80  # opacity of raw lines, of 255
SMOOTH_POINTS = 600  # more cannot be seen, and dashes are slow to draw


@dataclass(frozen=True)
class Line:
    """What is drawn of one term.

    Attributes:
        name: of the term.
        colour: of its lines.
        dash: style of the smoothed line.
        raw_x: steps of the raw line.
        raw_y: values of the raw line.
        smooth_x: steps of the smoothed line.
        smooth_y: values of the smoothed line.
    """

    name: str
    colour: QColor
    dash: Qt.PenStyle
    raw_x: Floats
    raw_y: Floats
    smooth_x: Floats
    smooth_y: Floats


class Canvas(pg.PlotWidget):
    """Axes, lines, a marker of the best value and a cursor.

    The cursor follows the mouse and the arrow keys; `cursor_moved` carries the step, NaN when there is none.
    """

    cursor_moved = Signal(float)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, background=style.colours().canvas)
        self.setObjectName("loss_canvas")
        self.setAccessibleName("Loss curves")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._plot = self.getPlotItem()
        self._plot.setMenuEnabled(False)
        self._plot.hideButtons()
        self._plot.setMouseEnabled(x=False, y=False)
        self._plot.showGrid(x=True, y=True, alpha=0.2)
        self._plot.setLabel("bottom", "Step")
        self._plot.setLabel("left", "Loss")
        for side in ("bottom", "left"):
            self._plot.getAxis(side).enableAutoSIPrefix(False)
        self._raw: dict[str, pg.PlotDataItem] = {}
        self._smooth: dict[str, pg.PlotDataItem] = {}
        self._log = False
        self._steps = np.zeros(0)
        self._best_at: tuple[float, float] | None = None
        self._best = pg.ScatterPlotItem(symbol="star", size=15, pxMode=True)
        self._best.setZValue(10)
        self._rule = pg.InfiniteLine(angle=90, movable=False)
        self._rule.setVisible(False)
        for item in (self._best, self._rule):
            self._plot.addItem(item, ignoreBounds=True)
        self._plot.scene().sigMouseMoved.connect(self._mouse_moved)
        self.restyle()

    def restyle(self) -> None:
        """Put on the colours of the theme."""
        c = style.colours()
        self.setBackground(c.canvas)
        for side in ("bottom", "left"):
            axis = self._plot.getAxis(side)
            axis.setPen(pg.mkPen(c.border))
            axis.setTextPen(pg.mkPen(c.muted))
        self._best.setBrush(pg.mkBrush(c.text))
        self._best.setPen(pg.mkPen(c.canvas))
        self._rule.setPen(pg.mkPen(c.muted, style=Qt.PenStyle.DashLine))

    def set_log(self, on: bool) -> None:
        """Draw values by their logarithm."""
        self._log = on
        self._plot.setLogMode(x=False, y=on)
        self._plot.setLabel("left", "Loss (log scale)" if on else "Loss")
        self._place_best()

    def draw_lines(self, lines: list[Line], best: tuple[float, float] | None) -> None:
        """Show these lines and no others.

        Args:
            lines: one per term; the first is drawn strongest.
            best: step and value of the star.
        """
        names = {line.name for line in lines}
        for group in (self._raw, self._smooth):
            for name in [n for n in group if n not in names]:
                self._plot.removeItem(group.pop(name))
        for number, line in enumerate(lines):
            self._draw(line, strong=number == 0)
        self._steps = lines[0].smooth_x if lines else np.zeros(0)
        self._best_at = best
        self._place_best()

    def set_cursor(self, step: float) -> None:
        """Put the cursor at the measured step nearest to `step`; NaN hides it."""
        shown = math.isfinite(step) and len(self._steps) > 0
        self._rule.setVisible(shown)
        if shown:
            step = float(self._steps[int(np.argmin(np.abs(self._steps - step)))])
            self._rule.setPos(step)
        self.cursor_moved.emit(step if shown else math.nan)

    @property
    def has_cursor(self) -> bool:
        """Whether the cursor is shown."""
        return bool(self._rule.isVisible())

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right move the cursor along the measured steps, Home and End to the ends, Escape hides it."""
        key, count = event.key(), len(self._steps)
        if key == Qt.Key.Key_Escape and self._rule.isVisible():
            self.set_cursor(math.nan)
        elif count and key in (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Home, Qt.Key.Key_End):
            at = int(np.searchsorted(self._steps, self._rule.value())) if self._rule.isVisible() else count - 1
            jump = max(count // 100, 1)
            moves = {Qt.Key.Key_Left: at - jump, Qt.Key.Key_Right: at + jump, Qt.Key.Key_Home: 0}
            self.set_cursor(float(self._steps[min(max(moves.get(Qt.Key(key), count - 1), 0), count - 1)]))
        else:
            super().keyPressEvent(event)

    def sizeHint(self) -> QSize:
        """It takes what room there is and asks for little."""
        return QSize(360, 200)

    def leaveEvent(self, event: QEvent) -> None:
        """The cursor goes with the mouse."""
        self.set_cursor(math.nan)
        super().leaveEvent(event)

    def _mouse_moved(self, place: object) -> None:
        if isinstance(place, QPointF) and self._plot.sceneBoundingRect().contains(place):
            self.set_cursor(float(self._plot.vb.mapSceneToView(place).x()))

    def _draw(self, line: Line, strong: bool) -> None:
        if line.name not in self._raw:
            self._raw[line.name] = self._plot.plot(connect="finite")
            self._smooth[line.name] = self._plot.plot(connect="finite")
        faint = QColor(line.colour)
        faint.setAlpha(FAINT)
        raw, smooth = self._raw[line.name], self._smooth[line.name]
        raw.setZValue(0)
        smooth.setZValue(5 if strong else 3)
        raw.setPen(pg.mkPen(faint, width=1))
        raw.setData(line.raw_x, self._drawable(line.raw_y))
        smooth.setPen(QPen(pg.mkPen(line.colour, width=2.5 if strong else 1.75, style=line.dash)))
        every = max(math.ceil(len(line.smooth_x) / SMOOTH_POINTS), 1)
        # from the end, so that the newest value is always there
        pick = slice(len(line.smooth_x) - 1, None, -every) if len(line.smooth_x) else slice(0)
        smooth.setData(line.smooth_x[pick][::-1], self._drawable(line.smooth_y[pick][::-1]))

    def _drawable(self, values: Floats) -> Floats:
        """On a log scale there is no place for zero."""
        return np.where(values > 0, values, np.nan) if self._log else values

    def _place_best(self) -> None:
        best = self._best_at
        if best is None or (self._log and best[1] <= 0):
            self._best.setData([], [])
        else:
            self._best.setData([best[0]], [math.log10(best[1]) if self._log else best[1]])
