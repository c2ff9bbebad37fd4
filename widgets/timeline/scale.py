"""Seconds and pixels: zoom, scroll, and the marks of a ruler."""

from __future__ import annotations

from dataclasses import dataclass

MARGIN = 18.0  # px before second 0, so that a keyframe there is whole
CLOSEST = 1200.0  # px per second
_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
_LABEL_ROOM = 64.0  # px between labels


@dataclass
class TimeScale:
    """Which seconds a strip of `width` pixels shows.

    Attributes:
        width: of the strip, px.
        duration: of the performance, seconds.
        per_second: zoom, px per second.
        start: the second at the left margin.
    """

    width: float = 600.0
    duration: float = 0.0
    per_second: float = 100.0
    start: float = 0.0

    @property
    def room(self) -> float:
        """Pixels between the margins."""
        return max(self.width - 2 * MARGIN, 1.0)

    @property
    def whole(self) -> float:
        """The zoom at which everything is seen, px per second."""
        return min(self.room / max(self.duration, 0.1), CLOSEST)

    @property
    def seen(self) -> float:
        """Seconds between the margins."""
        return self.room / self.per_second

    @property
    def last_start(self) -> float:
        """The largest `start`."""
        return max(0.0, self.duration - self.seen)

    def x(self, time: float) -> float:
        """Pixel of a time."""
        return MARGIN + (time - self.start) * self.per_second

    def time(self, x: float) -> float:
        """Time of a pixel, not clamped."""
        return self.start + (x - MARGIN) / self.per_second

    def clamped(self, time: float) -> float:
        """The time within the performance."""
        return min(max(time, 0.0), self.duration)

    def fit(self) -> None:
        """Show everything."""
        self.per_second, self.start = self.whole, 0.0

    def zoom(self, factor: float, x: float) -> None:
        """Zoom so that what is beneath pixel `x` stays there."""
        anchor = self.time(x)
        self.per_second = min(max(self.per_second * factor, self.whole), CLOSEST)
        self.scroll_to(anchor - (x - MARGIN) / self.per_second)

    def scroll_to(self, start: float) -> None:
        """Show from this second on, as far as the ends allow; whole pixels, so that pictures move without blur."""
        start = min(max(start, 0.0), self.last_start)
        self.start = min(round(start * self.per_second) / self.per_second, self.last_start)

    def resize(self, width: float) -> None:
        """Another width; what was shown whole is shown whole again."""
        whole = self.per_second <= self.whole * 1.0001
        self.width = width
        if whole:
            self.fit()
        else:
            self.zoom(1.0, MARGIN)

    def shows(self, time: float) -> bool:
        """Whether a time is between the edges."""
        return 0 <= self.x(time) <= self.width


def ruler_step(per_second: float) -> tuple[float, int]:
    """Seconds between labels of a ruler and the number of parts between two."""
    for step in _STEPS:
        if step * per_second >= _LABEL_ROOM:
            return float(step), 6 if step in (30, 60) else 5 if step in (0.1, 0.5, 1, 5, 10, 300) else 4
    return float(_STEPS[-1]), 6


def ruler_label(time: float, step: float) -> str:
    """m:ss, with tenths (m:ss.t) where the labels are closer than a second: as the clock says it, not in frames."""
    if step >= 1:
        return minutes(round(time))
    tenths = round(time * 10)
    return f"{minutes(tenths // 10)}.{tenths % 10}"


def minutes(seconds: int) -> str:
    """0:07, 12:34, 1:02:03."""
    hours, rest = divmod(int(seconds), 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}" if hours else f"{rest // 60}:{rest % 60:02d}"


def clock(seconds: float) -> str:
    """0:03.25, for labels and tooltips."""
    hundredths = round(max(seconds, 0.0) * 100)
    return f"{minutes(hundredths // 100)}.{hundredths % 100:02d}"
