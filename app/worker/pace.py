"""How fast a job gets on and how long it will take, from what it said so far and what was estimated before."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from emotalker.engine.jobs import Progress

SMOOTH_SECONDS = 15.0  # the rate is an average over about the last so many seconds
_ENOUGH = 0.05  # part of a stage that must be done before its length says anything
_SURE = 0.4  # part from which on what was measured counts alone, and the estimate no more

# Which part of its stage a kind of unit covers; one not named here covers all of it.
_PARTS = {
    ("track", "clips seen"): (0.0, 0.75),
    ("track", "clips fitted"): (0.75, 1.0),
    ("express", "clips"): (0.0, 0.08),
    ("express", "steps"): (0.08, 1.0),
}
# Units that count within one unit of another kind.
_WITHIN = {"track": ("frames", "clips seen")}


@dataclass
class _Stage:
    """The running stage."""

    name: str
    began: float
    spoke: float = 0.0  # when it told for the first time how far it is; before, it was starting up
    first: float | None = None  # share done by then: what an earlier run left
    share: float = 0.0

    def rest(self, clock: float) -> float | None:
        """Seconds it still takes at the speed since it spoke; None if too little is done to say."""
        done = self.share - (self.first or 0.0)
        return (clock - self.spoke) / done * (1.0 - self.share) if done > _ENOUGH else None

    def whole(self, clock: float) -> float | None:
        """Seconds it would take from its very start; None if too little is done to say."""
        done, starting = self.share - (self.first or 0.0), self.spoke - self.began
        return starting + (clock - self.spoke) / done if done > _ENOUGH else None


class Pace:
    """Follows one job. All times are seconds of a clock that may be any, as long as it is always the same.

    Attributes:
        stage: name of the running stage; empty before the first.
        done: units done.
        total: units in all.
        unit: what is counted.
        rate: units per second, smoothed; 0 while unknown.
    """

    def __init__(self, now: float) -> None:
        self.stage, self.unit = "", ""
        self.done = self.total = 0
        self.rate = 0.0
        self._plan: dict[str, float] = {}
        self._began, self._held, self._held_since = now, 0.0, math.nan
        self._running: _Stage | None = None
        self._finished: dict[str, float] = {}  # seconds a whole run of the stage takes
        self._outer: dict[str, Progress] = {}
        self._last: tuple[str, str, int, float] | None = None
        self._units = self._seconds = 0.0
        self._share = 0.0

    def plan(self, seconds: Mapping[str, float]) -> None:
        """Take over what each stage was estimated to take, in the order of running."""
        self._plan = {name: max(value, 0.1) for name, value in seconds.items()}

    def hold(self, now: float) -> None:
        """The job pauses."""
        if math.isnan(self._held_since):
            self._held_since = now

    def go_on(self, now: float) -> None:
        """The job goes on."""
        if not math.isnan(self._held_since):
            self._held += now - self._held_since
            self._held_since = math.nan

    def elapsed(self, now: float) -> float:
        """Seconds of work, pauses not counted."""
        return self._clock(now) - self._began

    def start_stage(self, name: str, now: float) -> None:
        """A stage begins; the one before is over."""
        if self._running is not None and self._running.name == name:
            return
        self.end_stage(now)
        self._running = _Stage(name, self._clock(now))
        self.stage, self.unit, self.done, self.total = name, "", 0, 0
        self._outer.clear()
        self._reset()

    def end_stage(self, now: float) -> None:
        """The running stage is over."""
        stage = self._running
        if stage is not None:
            clock, stage.share = self._clock(now), 1.0
            took = stage.whole(clock) if stage.first is not None else clock - stage.began
            if took is not None:
                self._finished[stage.name] = took
            self._advance()
            self._finished.setdefault(stage.name, self._plan.get(stage.name, 0.0))
            self._running = None

    def progress(self, event: Progress, now: float) -> None:
        """Take in how far a stage is."""
        if self._running is None or (event.stage != self._running.name and event.stage in self._plan):
            self.start_stage(event.stage, now)
        stage = self._running
        if stage is None:
            return
        self.done, self.total, self.unit = event.done, event.total, event.unit
        self._measure(event, self._clock(now))
        share = self._share_of(event)
        if stage.first is None:
            stage.first = share if event.done > 1 or share > 0.5 else 0.0
            # Steps are told some at a time: without an earlier run the first are this run's own.
            if event.unit == "steps" and share < _ENOUGH:
                stage.first = 0.0
            # what was done before it spoke was done in the time before
            stage.spoke = self._clock(now) if stage.first == share else stage.began
        stage.share = max(stage.share, share)
        self._advance()

    def eta_stage(self, now: float) -> float | None:
        """Seconds until the running stage ends; None while unknown."""
        stage = self._running
        if stage is None:
            return None
        clock = self._clock(now)
        if self._last_part(stage.name) and self.rate > 0 and self._last is not None:
            return max(0.0, (self.total - self.done) / self.rate - (clock - self._last[3]))
        estimated = self._plan.get(stage.name)
        rest = stage.rest(clock)
        if estimated is None:
            return rest
        expected = max(0.0, estimated * self._scale(clock, with_running=False) * (1.0 - stage.share))
        if rest is None:
            return expected
        sure = min(1.0, (stage.share - (stage.first or 0.0)) / _SURE)
        return sure * rest + (1.0 - sure) * expected

    def eta(self, now: float) -> float | None:
        """Seconds until the job ends; None while unknown."""
        here = self.eta_stage(now)
        if here is None or not self._plan or self._running is None:
            return here if not self._plan else self._eta_before(now)
        names = list(self._plan)
        later = names[names.index(self._running.name) + 1 :] if self._running.name in names else []
        return here + self._scale(self._clock(now)) * sum(self._plan[name] for name in later)

    def share(self) -> float:
        """How much of the job is done, [0, 1]; never falls."""
        return self._share

    def finish(self) -> None:
        """All is done."""
        self._share = 1.0

    def _eta_before(self, now: float) -> float | None:
        """Before the first stage, or between two, the estimate alone."""
        if self._running is not None:
            return None
        rest = sum(seconds for name, seconds in self._plan.items() if name not in self._finished)
        return self._scale(self._clock(now)) * rest

    def _clock(self, now: float) -> float:
        return (now if math.isnan(self._held_since) else self._held_since) - self._held

    def _reset(self) -> None:
        self._last, self._units, self._seconds, self.rate = None, 0.0, 0.0, 0.0

    def _measure(self, event: Progress, clock: float) -> None:
        inner, outer = _WITHIN.get(event.stage, ("", ""))
        if inner and event.unit == outer:
            return  # the units within it tell the speed
        unit = inner if inner and event.unit.startswith(inner) else event.unit
        last = self._last
        if last is not None and last[:2] != (event.stage, unit):
            self._reset()
            last = None
        if last is not None and event.done >= last[2]:
            passed = clock - last[3]
            if event.done == last[2] or passed <= 0:
                return
            kept = math.exp(-passed / SMOOTH_SECONDS)
            self._units = kept * self._units + (event.done - last[2])
            self._seconds = kept * self._seconds + passed
            self.rate = self._units / self._seconds
        self._last = (event.stage, unit, event.done, clock)

    def _share_of(self, event: Progress) -> float:
        part = min(1.0, event.done / event.total) if event.total > 0 else 0.0
        inner, outer = _WITHIN.get(event.stage, ("", ""))
        unit = event.unit
        if inner and unit.startswith(inner):
            around = self._outer.get(outer)
            if around is None:
                return 0.0
            part, unit = (around.done + part) / max(around.total, 1), outer
        else:
            self._outer[unit] = event
        low, high = _PARTS.get((event.stage, unit), (0.0, 1.0))
        return low + (high - low) * part

    def _last_part(self, stage: str) -> bool:
        inner = _WITHIN.get(stage, ("", ""))[0]
        if inner and self.unit.startswith(inner):
            return False
        return self.total > 0 and _PARTS.get((stage, self.unit), (0.0, 1.0))[1] == 1.0

    def _scale(self, clock: float, with_running: bool = True) -> float:
        """How many times longer things take than was estimated."""
        took = dict(self._finished)
        stage = self._running
        whole = stage.whole(clock) if with_running and stage is not None else None
        if stage is not None and whole is not None:
            took[stage.name] = whole
        known = [name for name in took if name in self._plan]
        estimated = sum(self._plan[name] for name in known)
        return min(10.0, max(0.1, sum(took[name] for name in known) / estimated)) if estimated > 0 else 1.0

    def _advance(self) -> None:
        stage = self._running
        if stage is None:
            return
        if not self._plan:
            share = stage.share
        else:
            done = sum(seconds for name, seconds in self._plan.items() if name in self._finished)
            if stage.name not in self._finished:
                done += self._plan.get(stage.name, 0.0) * stage.share
            share = done / sum(self._plan.values())
        self._share = min(1.0, max(self._share, share))
