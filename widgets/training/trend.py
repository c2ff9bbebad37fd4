"""What a loss curve says, in plain words, with the statistics to back them.

The last part of the curve is cut into blocks; the median of all slopes between blocks (Theil and Sen) says how it moves
and Kendall's test how sure that is (95 %). Blocks, because neighbouring steps resemble one another and would feign
certainty; medians, because single frames are outliers. The words say nothing that the interval does not bear out.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEWEST = 24  # values before anything is said
BLOCKS = 12
WINDOW = 0.4  # share of the curve that is judged
CLEAR = 0.05  # relative change over the window that a person would call progress
SLIGHT = 0.01
WORSE = 0.02
VAGUE = 0.3  # an interval wider than this says nothing, unless what was gained before is large beside it
SETTLED = 80  # values before the gain of the whole curve may be the measure


class Verdict(enum.Enum):
    """What can be said."""

    EARLY = "too early to say"
    UNCLEAR = "no clear trend yet"
    IMPROVING = "still improving"
    SLOWLY = "improving slowly"
    LEVEL = "levelled off"
    WORSE = "getting worse"


@dataclass(frozen=True)
class Trend:
    """What the end of a curve does.

    Attributes:
        verdict: in a word.
        change: relative change over the window; negative is falling. 0 when it is too early.
        low: lower end of its 95 % interval.
        high: upper end.
        begin: first step of the window.
        since: for LEVEL the step since which the curve has been level.
    """

    verdict: Verdict
    change: float = 0.0
    low: float = 0.0
    high: float = 0.0
    begin: int = 0
    since: int = 0

    @property
    def sentence(self) -> str:
        """For example "levelled off since step 3,200"."""
        if self.verdict is Verdict.LEVEL:
            return f"levelled off since step {self.since:,}"
        return self.verdict.value

    @property
    def evidence(self) -> str:
        """The figures behind it, for a tooltip."""
        if self.verdict is Verdict.EARLY:
            return "There are too few values yet to tell a trend from chance."
        return (
            f"Since step {self.begin:,} the value changed by {self.change:+.1%} "
            f"(95 % sure that it is between {self.low:+.1%} and {self.high:+.1%})."
        )


def trend(steps: Floats, values: Floats, *, higher_is_better: bool = False) -> Trend:
    """Judge the end of a curve.

    Args:
        steps: ascending, [N].
        values: what was measured there, [N]; values that are not finite are left out.
        higher_is_better: for likeness; a loss is better when it is lower.
    """
    keep = np.isfinite(values)
    steps, values = np.asarray(steps, float)[keep], np.asarray(values, float)[keep]
    if len(values) < FEWEST:
        return Trend(Verdict.EARLY)
    first = len(values) - max(FEWEST, math.ceil(WINDOW * len(values)))
    x, y = _blocks(steps[first:], values[first:], BLOCKS)
    slope, low, high = _theil_sen(x, y)
    begin, level = int(steps[first]), abs(float(np.median(y)))
    if level == 0.0:
        return Trend(Verdict.UNCLEAR if np.any(y) else Verdict.LEVEL, begin=begin, since=begin)
    scale = float(x[-1] - x[0]) / level
    change, low, high = slope * scale, low * scale, high * scale
    start = float(np.mean(values[: max(len(values) // 50, 3)]))
    gained = abs(start - level) / level if len(values) >= SETTLED else 0.0
    verdict = _verdict(*((-change, -high, -low) if higher_is_better else (change, low, high)), max(gained, 1.0))
    return Trend(verdict, change, low, high, begin, _level_since(steps, values) if verdict is Verdict.LEVEL else begin)


def _verdict(change: float, low: float, high: float, gained: float) -> Verdict:
    """In words, for a value that ought to fall and has fallen by `gained` times its level since the beginning."""
    if high < 0 and change <= -SLIGHT:
        return Verdict.IMPROVING if change <= -CLEAR else Verdict.SLOWLY
    if low > 0 and change >= WORSE:
        return Verdict.WORSE
    return Verdict.UNCLEAR if high - low > VAGUE * gained else Verdict.LEVEL


def _blocks(steps: Floats, values: Floats, most: int) -> tuple[Floats, Floats]:
    """Means of at most `most` runs of equal length."""
    count = min(most, len(values) // 2)
    x = np.array([part.mean() for part in np.array_split(steps, count)])
    y = np.array([part.mean() for part in np.array_split(values, count)])
    return x, y


def _theil_sen(x: Floats, y: Floats) -> tuple[float, float, float]:
    """Median slope and its 95 % interval by Kendall's statistic (Sen 1968)."""
    i, j = np.triu_indices(len(x), 1)
    slopes = np.sort((y[j] - y[i]) / (x[j] - x[i]))
    n = len(x)
    half = 1.96 * math.sqrt(n * (n - 1) * (2 * n + 5) / 18) / 2
    middle = (len(slopes) - 1) / 2
    low, high = max(math.floor(middle - half), 0), min(math.ceil(middle + half), len(slopes) - 1)
    return float(np.median(slopes)), float(slopes[low]), float(slopes[high])


def _level_since(steps: Floats, values: Floats) -> int:
    """The first step from which on the curve stays where it ended, give or take its own scatter."""
    x, y = _blocks(steps, values, 4 * BLOCKS)
    start = len(y) - max(len(y) // 4, 3)
    level = float(np.median(y[start:]))
    scatter = 1.4826 * float(np.median(np.abs(y[start:] - level)))
    off = np.abs(y - level) > max(3 * scatter, SLIGHT * abs(level))
    # two blocks in a row: one may be chance
    away = np.flatnonzero(off[:-1] & off[1:])
    at = int(away[-1]) + 2 if len(away) else 0
    return int(steps[np.searchsorted(steps, x[min(at, len(x) - 1)])])
