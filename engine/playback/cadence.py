"""How many frames a second are made: as many as the machine keeps up with, and not another number every second."""

from __future__ import annotations

from collections import deque

RATES = (60.0, 50.0, 40.0, 30.0, 25.0)
OVERLAP = 0.75
"""Share of posing plus drawing that a frame takes, as the next one is posed while one is drawn."""
ROOM, ROOM_TO_RISE = 1.1, 1.35
"""Times the work of a frame must fit into its time, to keep a rate and to take up a higher one."""
TOO_MANY = 0.04
"""Share of dropped frames at which the rate falls whatever the work seems to be."""
_SPAN = 1.0
_PATIENCE = 4.0


class Cadence:
    """Chooses the rate from what work frames take and how many were dropped."""

    def __init__(self) -> None:
        self._work: dict[str, deque[float]] = {"pose": deque(maxlen=25), "draw": deque(maxlen=25)}
        self.rate = RATES[2]
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
        if not self._settled and all(self._work.values()):
            self.rate = self._affordable(ROOM_TO_RISE)
            self._settled = True
        self._since, self._before, self._not_before = now, (-1, -1), now + _PATIENCE

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
        if dropped > max(TOO_MANY * (shown + dropped), 1) or self._affordable(ROOM) < self.rate:
            lower = [r for r in RATES if r < self.rate]
            if lower:
                self.rate = lower[0]
                # whoever fell back does not try again at once
                self._not_before, self._patience = now + self._patience, min(2 * self._patience, 60.0)
        elif now >= self._not_before and self._affordable(ROOM_TO_RISE) > self.rate:
            self.rate = min(r for r in RATES if r > self.rate)
            self._not_before = now + _PATIENCE
        return self.rate

    def _affordable(self, room: float) -> float:
        need = room * OVERLAP * self.work
        return next((r for r in RATES if r * need <= 1), RATES[-1])


def _typical(values: deque[float]) -> float:
    ordered = sorted(values)
    return ordered[len(ordered) // 2] if ordered else 0.0
