"""The waveform as picture tiles, drawn once for each zoom."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QPixmap

from emotalker.widgets import style
from emotalker.widgets.timeline.scale import MARGIN, TimeScale

if TYPE_CHECKING:
    from emotalker.engine.media.peaks import Peaks

TILE = 256  # px
_KEPT = 64  # tiles: a 4K screen four times over
_FLOOR = 0.02  # of full scale; a quiet recording is not blown up beyond this

Floats = NDArray[np.floating]


class WaveTiles:
    """Draws stretches of a waveform and remembers them; moving the playhead draws nothing anew."""

    def __init__(self) -> None:
        self._peaks: Peaks | None = None
        self._loudest = 1.0
        self._tiles: OrderedDict[tuple[float, int, int, float], QPixmap] = OrderedDict()

    def set_peaks(self, peaks: Peaks | None) -> None:
        """Another recording, or none."""
        self._peaks = peaks
        self._loudest = 1.0
        if peaks is not None and peaks.duration > 0:
            low, high, _rms = peaks.view(0.0, peaks.duration, 512)
            self._loudest = max(float(high.max()), -float(low.min()), _FLOOR)
        self.clear()

    def clear(self) -> None:
        """Forget the pictures, when the colours have changed."""
        self._tiles.clear()

    def draw(self, painter: QPainter, scale: TimeScale, top: int, height: int, left: int, right: int) -> None:
        """Draw what lies between two pixels; nothing while there is no recording."""
        if self._peaks is None or height < 4:
            return
        # Tiles hang on second 0; it lies at this pixel, a whole one because the scroll is rounded to pixels.
        origin = round(MARGIN - scale.start * scale.per_second)
        ratio = painter.device().devicePixelRatioF()
        last = int(self._peaks.duration * scale.per_second) // TILE
        for index in range(max((left - origin) // TILE, 0), min((right - origin) // TILE, last) + 1):
            painter.drawPixmap(origin + index * TILE, top, self._tile(scale.per_second, index, height, ratio))

    def _tile(self, per_second: float, index: int, height: int, ratio: float) -> QPixmap:
        key = (per_second, index, height, ratio)
        tile = self._tiles.get(key)
        if tile is None:
            tile = self._tiles[key] = self._drawn(per_second, index, height, ratio)
            while len(self._tiles) > _KEPT:
                self._tiles.popitem(last=False)
        else:
            self._tiles.move_to_end(key)
        return tile

    def _drawn(self, per_second: float, index: int, height: int, ratio: float) -> QPixmap:
        assert self._peaks is not None
        columns = round(TILE * ratio)
        low, high, rms = self._peaks.view(index * TILE / per_second, (index + 1) * TILE / per_second, columns)
        tile = QPixmap(columns, round(height * ratio))
        tile.fill(Qt.GlobalColor.transparent)
        c = style.colours()
        middle = tile.height() / 2
        gain = (middle - 2 * ratio) / self._loudest
        painter = QPainter(tile)
        outer, inner = style.mixed(c.canvas, c.muted, 0.55), style.mixed(c.canvas, c.muted, 0.95)
        for above, below, colour in ((high, -low, outer), (rms, rms, inner)):
            _columns(painter, middle - above.clip(0) * gain, middle + below.clip(0) * gain, colour)
        painter.end()
        tile.setDevicePixelRatio(ratio)
        return tile


def _columns(painter: QPainter, tops: Floats, bottoms: Floats, colour: QColor) -> None:
    """One line per column of pixels; never less than a pixel, so that silence is a line."""
    painter.setPen(QPen(colour, 1))
    lines: list[QLineF] = [
        QLineF(x + 0.5, top, x + 0.5, max(bottom, top + 0.5))
        for x, (top, bottom) in enumerate(zip(tops.tolist(), bottoms.tolist(), strict=True))
    ]
    painter.drawLines(lines)  # type: ignore[arg-type]  # the stub knows whole pixels only
