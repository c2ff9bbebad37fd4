"""How many frames a second are made: as many as the machine keeps up with, and not another number every second."""

from __future__ import annotations

from collections import deque

RATES = (60.0, 50.0, 45.0, 40.0, 30.0, 25.0, 20.0, 15.0)
KEEP, RISE = 1.05, 0.75
"""Share of a frame's time that the slower of the two may take, for keeping a rate and for taking up a higher one."""
TOO_MANY = 0.02
"""Share of dropped frames at which the rate falls whatever the work seems to be."""
_SPAN = 1.0
_ENOUGH = 5
_PATIENCE = 4.0


class Cadence:
    """Chooses the rate from what work frames take and how many were dropped."""

    def __init__(self) -> None:
        self._work: dict[str, deque[float]] = {"pose": deque(maxlen=25), "draw": deque(maxlen=25)}
        self.rate = RATES[3]
        self._settled = False
        self._since = 0.0
        self._before = (0, 0)
        self._not_before = 0.0
        self._patience = _PATIENCE

    @property
    def period(self) -> float:
        """Seconds between frames."""
        return 1 / self.rate

    @property
    def work(self) -> float:
        """Seconds from the beginning of a pose to a finished picture, when nothing waits."""
        return sum(_typical(w) for w in self._work.values())

    @property
    def known(self) -> bool:
        """Whether the work of a frame is known well enough to choose a rate."""
        return all(len(w) >= _ENOUGH for w in self._work.values())

    def note(self, kind: str, seconds: float) -> None:
        """A pose or a drawing took that long."""
        self._work[kind].append(seconds)

    def forget(self) -> None:
        """Another twin, size or backend: begin anew."""
        for values in self._work.values():
            values.clear()
        self._settled = False

    def start(self, now: float) -> None:
        """Playing begins: take the rate that the work seen so far allows."""
        if not self._settled and self.known:
            self.rate = _fastest(self._slower, RISE)
            self._settled = True
        self._since, self._before, self._not_before = now, (-1, -1), now + _PATIENCE

    def excuse(self, now: float) -> None:
        """What is dropped about now has another cause than the machine's speed."""
        self._since, self._before = now, (-1, -1)

    def look(self, now: float, counts: tuple[int, int]) -> float:
        """Adapt once a second; gives the rate.

        Args:
            now: seconds.
            counts: frames shown and dropped so far.
        """
        if now - self._since < _SPAN:
            return self.rate
        shown, dropped = (a - b for a, b in zip(counts, self._before))
        first = self._before[0] < 0 or dropped < 0 or shown < 0
        self._since, self._before = now, counts
        if first:
            return self.rate
        if dropped > max(TOO_MANY * (shown + dropped), 1) or _fastest(self._slower, KEEP) < self.rate:
            lower = [r for r in RATES if r < self.rate]
            if lower:
                self.rate = lower[0]
                # whoever fell back does not try again at once
                self._not_before, self._patience = now + self._patience, min(2 * self._patience, 60.0)
        elif now >= self._not_before and _fastest(self._slower, RISE) > self.rate:
            self.rate = min(r for r in RATES if r > self.rate)
            self._not_before = now + _PATIENCE
        return self.rate

    @property
    def _slower(self) -> float:
        return max(_typical(w) for w in self._work.values())


def _fastest(seconds: float, share: float) -> float:
    """The highest rate at which `seconds` are at most this share of a frame's time."""
    return next((r for r in RATES if r * seconds <= share), RATES[-1])


def _typical(values: deque[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2] if ordered else 0.0
