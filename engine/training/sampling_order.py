"""Which frame each step learns from: whole shuffled rounds at first, then hard frames more often."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.files import Arrays

F64 = NDArray[np.float64]
AHEAD = 16
"""Steps before a round at which its order is decided; frames are read ahead, so it must be more than are read ahead."""
REMEMBER = 0.5
"""Weight of the older losses in a frame's running loss."""
POWER = 1.0
"""How strongly a frame's share follows its loss."""


class HardestFirst:
    """The order of the training frames, the same in every run and after every interruption.

    The first round takes every frame once. Later rounds take a frame in proportion to its running loss, at least
    `least` and at most `most` times as often as if all were equal; a share of 1.3 is one place and a chance of .3.

    Args:
        frames: number of training frames F.
        seed: seed of the shuffling.
        even: rounds that take every frame once.
        least: smallest share of a frame.
        most: largest.

    Attributes:
        losses: running loss of each frame [F]; NaN where it was not seen yet.
    """

    def __init__(self, frames: int, seed: int, even: int = 1, least: float = 0.5, most: float = 3.0) -> None:
        self.frames, self.seed = frames, seed
        self.least, self.most = least, most
        # with less than this a round would begin before the one before it is decided
        self.even = even if frames >= 2 * AHEAD else 2**62
        self.losses: F64 = np.full(frames, np.nan)
        self._now: F64 = np.ones(frames)
        self._next: F64 = np.ones(frames)

    def learned(self, step: int, frame: int, loss: float) -> None:
        """Note the loss of step `step` (from 0), which took frame `frame`."""
        old = self.losses[frame]
        self.losses[frame] = loss if np.isnan(old) else REMEMBER * old + (1 - REMEMBER) * loss
        place = (step + 1) % self.frames
        if place == 0:
            self._now = self._next
        if place == max(self.frames - AHEAD, 0) and self._round(step + 1 + AHEAD) >= self.even:
            self._next = self.shares()

    def shares(self) -> F64:
        """How often each frame is taken in a round by today's losses [F], mean 1."""
        known = np.where(np.isnan(self.losses), np.nanmean(self.losses), self.losses)
        wish = (known / known.mean()) ** POWER
        # clipping moves the mean; a few rounds of scaling bring it back
        shares = np.clip(wish, self.least, self.most)
        for _ in range(20):
            shares = np.clip(shares / shares.mean(), self.least, self.most)
        return shares

    def order(self, first: int, last: int) -> Iterator[int]:
        """The frame of each step in [first, last)."""
        places: NDArray[np.int64] | None = None
        current = -1
        for step in range(first, last):
            turn, place = divmod(step, self.frames)
            if places is None or turn != current:
                # asked before this round began, its order is the next one; begun with it, it is the present one
                shares = self._now if places is None else self._next
                places, current = self._places(turn, shares), turn
            yield int(places[place])

    def to_arrays(self) -> Arrays:
        """The state, for a checkpoint."""
        return {"order.losses": self.losses, "order.now": self._now, "order.next": self._next}

    def restore(self, arrays: Arrays) -> None:
        """Put back what `to_arrays` gave."""
        self.losses, self._now, self._next = (np.array(arrays[f"order.{k}"]) for k in ("losses", "now", "next"))

    def _round(self, step: int) -> int:
        return step // self.frames

    def _places(self, turn: int, shares: F64) -> NDArray[np.int64]:
        rng = np.random.default_rng((self.seed, turn))
        whole = np.floor(shares).astype(np.int64)
        chance = shares - whole
        missing = self.frames - int(whole.sum())
        if missing > 0:
            # systematic draw: exactly as many as are missing, each frame at most once
            edges = np.cumsum(chance) / chance.sum() * missing
            picks = np.searchsorted(edges, rng.random() + np.arange(missing), side="right")
            whole += np.bincount(np.minimum(picks, self.frames - 1), minlength=self.frames)
        places = np.repeat(np.arange(self.frames), whole)
        return np.asarray(rng.permutation(places)[: self.frames], np.int64)
