"""A curve of any length in little memory, and its smoothing."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MOST = 2048
_COLUMNS = 8  # first step, last step, sum, count, step of the least, the least, step of the greatest, the greatest
_FIRST, _LAST, _SUM, _COUNT, _LOW_X, _LOW, _HIGH_X, _HIGH = range(_COLUMNS)


@dataclass(frozen=True)
class Curve:
    """A series as it is to be drawn.

    Attributes:
        steps: of the raw line, ascending, [N].
        values: of the raw line; least and greatest of every bucket, [N].
        centres: middle steps of the buckets, [M].
        means: mean values of the buckets, [M].
        counts: how many values are in each bucket, [M].
    """

    steps: Floats
    values: Floats
    centres: Floats
    means: Floats
    counts: Floats


class Series:
    """Values at ascending steps, kept in at most `most` buckets.

    While there are few, each value has a bucket of its own; when there are too many, neighbours are joined two by two.
    A bucket keeps its least and its greatest value with their steps, so no spike is ever lost, and its sum.
    Appending is cheap: values wait in a list until somebody looks.
    """

    def __init__(self, most: int = MOST) -> None:
        if most < 4 or most % 2:
            raise ValueError("a series needs an even number of buckets, four at least")
        self._most = most
        self._table = np.zeros((most, _COLUMNS))
        self._used = 0
        self._width = 1
        self._waiting: list[tuple[float, float]] = []
        self._not_finite = 0
        self._latest = (0.0, math.nan)

    def append(self, step: float, value: float) -> None:
        """Add a value; one at or before the last step means that the work went back, and drops what followed."""
        if step <= self._latest[0] and (self._used or self._waiting):
            self._cut(step)
        self._latest = (step, value)
        if not math.isfinite(value):
            self._not_finite += 1
            return
        self._waiting.append((step, value))
        if len(self._waiting) >= 2 * self._most:
            self._fold()

    @property
    def latest(self) -> tuple[float, float]:
        """Step and value added last; (0, nan) when empty."""
        return self._latest

    @property
    def not_finite(self) -> int:
        """How many values were no numbers; they are not drawn, but ought to be spoken of."""
        return self._not_finite

    def __len__(self) -> int:
        """How many values were added and kept."""
        self._fold()
        return int(self._table[: self._used, _COUNT].sum())

    @property
    def exact(self) -> bool:
        """Whether every value still has a bucket of its own."""
        self._fold()
        return self._width == 1

    def least(self) -> tuple[float, float] | None:
        """Step and value of the least value ever added."""
        return self._extreme(_LOW_X, _LOW, -1)

    def greatest(self) -> tuple[float, float] | None:
        """Step and value of the greatest value ever added."""
        return self._extreme(_HIGH_X, _HIGH, 1)

    def curve(self) -> Curve:
        """What to draw."""
        self._fold()
        table = self._table[: self._used]
        low_first = table[:, _LOW_X] <= table[:, _HIGH_X]
        pairs_x = np.where(low_first[:, None], table[:, [_LOW_X, _HIGH_X]], table[:, [_HIGH_X, _LOW_X]])
        pairs_y = np.where(low_first[:, None], table[:, [_LOW, _HIGH]], table[:, [_HIGH, _LOW]])
        keep = np.ones(pairs_x.shape, bool)
        keep[:, 1] = pairs_x[:, 0] != pairs_x[:, 1]
        counts = table[:, _COUNT].copy()
        centres, means = (table[:, _FIRST] + table[:, _LAST]) / 2, table[:, _SUM] / np.maximum(counts, 1)
        return Curve(pairs_x[keep], pairs_y[keep], centres, means, counts)

    def _extreme(self, x: int, y: int, sign: int) -> tuple[float, float] | None:
        self._fold()
        if not self._used:
            return None
        table = self._table[: self._used]
        at = int(np.argmax(sign * table[:, y]))
        return float(table[at, x]), float(table[at, y])

    def _fold(self) -> None:
        """Move what waits into buckets."""
        if not self._waiting:
            return
        new = np.asarray(self._waiting)
        self._waiting.clear()
        at = 0
        while at < len(new):
            at += self._take(new[at:])

    def _take(self, new: Floats) -> int:
        """Put the first of `new` into buckets and say how many."""
        last = self._table[self._used - 1] if self._used else None
        if last is not None and last[_COUNT] < self._width:
            some = new[: self._width - int(last[_COUNT])]
            part = _bucket(some)
            self._table[self._used - 1] = _joined(last[None], part[None])[0]
            return len(some)
        if self._used == self._most:
            self._table[: self._most // 2] = _joined(self._table[0::2], self._table[1::2])
            self._used //= 2
            self._width *= 2
            return 0
        if self._width == 1:
            some = new[: self._most - self._used]
            x, y = some[:, 0], some[:, 1]
            rows = np.stack([x, x, y, np.ones(len(x)), x, y, x, y], 1)
            self._table[self._used : self._used + len(some)] = rows
            self._used += len(some)
            return len(some)
        some = new[: self._width]
        self._table[self._used] = _bucket(some)
        self._used += 1
        return len(some)

    def _cut(self, step: float) -> None:
        """Forget everything at `step` and after; a bucket that lies across is forgotten whole."""
        self._fold()
        self._used = int(np.searchsorted(self._table[: self._used, _LAST], step))
        self._not_finite = 0


def _bucket(points: Floats) -> Floats:
    x, y = points[:, 0], points[:, 1]
    low, high = int(np.argmin(y)), int(np.argmax(y))
    return np.array([x[0], x[-1], y.sum(), len(y), x[low], y[low], x[high], y[high]])


def _joined(a: Floats, b: Floats) -> Floats:
    out = a.copy()
    out[:, _LAST] = b[:, _LAST]
    out[:, _SUM] += b[:, _SUM]
    out[:, _COUNT] += b[:, _COUNT]
    lower, higher = b[:, _LOW] < a[:, _LOW], b[:, _HIGH] > a[:, _HIGH]
    out[lower, _LOW_X : _LOW + 1] = b[lower, _LOW_X : _LOW + 1]
    out[higher, _HIGH_X : _HIGH + 1] = b[higher, _HIGH_X : _HIGH + 1]
    return out


def smoothed(curve: Curve, strength: float) -> Floats:
    """Running mean of a curve's buckets in which older values fade, [M].

    Args:
        curve: what to smooth.
        strength: share of the mean that stays from one value to the next, [0, 1); 0 changes nothing. A bucket of
            many values counts as many, and the first values are not drawn towards zero.
    """
    out = np.empty_like(curve.means)
    total = weight = 0.0
    for i, (mean, count) in enumerate(zip(curve.means, curve.counts)):
        fade = strength ** float(count)
        total, weight = fade * total + (1 - fade) * float(mean), fade * weight + (1 - fade)
        out[i] = total / weight
    return out
