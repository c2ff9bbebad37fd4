"""Pauses found in the sound: synthesizers give a pause's time to the phones beside it, in which a mouth would hold.

Imports nothing of the program, so that `build_speech` and `build_reference` can share it in their own environment.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

RATE = 16_000
PAUSE = 0.14
"""Seconds that a silence must last to be a pause and no closure."""
LEFT = 0.125
"""Seconds that must be left of it when the phones beside it have theirs; more than a space between words."""
CLOSURE = 0.07
"""Seconds before the end of a pause at which nobody hears, but sees, lips or tongue get ready for the next phone."""
HELD = 2 * CLOSURE
"""Seconds that a closure lasts at most at the beginning of a pause."""
EARLY = 0.03
"""Seconds before a silence from which a phone counts as beginning with it."""
QUIET = 38.0
"""Decibels below loud speech that count as silence in speech without noise."""
STOPS = "pbtdkgɡʤʧc"
WEAK = "fvθðh"
"""First letters of phones that are silent at first, or so faint that silence does not mean they are over."""
STRESS, LENGTH = "ˈˌ", "ːˑ"
Phones = list[tuple[str, float, float]]


def loud(sound: np.ndarray, below: float = QUIET) -> np.ndarray:
    """Whether somebody is to be heard in each hundredth of a second [n].

    Args:
        sound: at `RATE`.
        below: decibels under loud speech (90th percentile) from which nobody is.
    """
    step = RATE // 100
    power = np.square(sound[: len(sound) // step * step].reshape(-1, step)).mean(1)
    level = 10 * np.log10(np.convolve(power, np.ones(3) / 3, "same") + 1e-12)
    out: np.ndarray = level > np.percentile(level, 90) - below
    return out


def is_stop(name: str) -> bool:
    """Whether a phone in IPA begins with a closure."""
    return _sounds(name) and _first(name) in STOPS


def cut(phones: Sequence[tuple[str, float, float]], heard: np.ndarray) -> Phones:
    """Phones that end where a pause begins and begin where it ends; "_" in between.

    A stop after a pause begins `CLOSURE` before its end, any other phone as early at most. What lies within the pause
    is gone, but for closures at its beginning.

    Args:
        phones: with start and end, seconds, in order; what has no letter is no sound.
        heard: what `loud` says.
    """
    out = _joined(phones)
    edges = np.flatnonzero(np.diff(np.r_[0, (~heard).astype(int), 0])).reshape(-1, 2) / 100
    for start, end in edges[edges[:, 1] - edges[:, 0] >= PAUSE - 1e-6]:
        out = _cut_one(out, float(start), float(end))
    return [(name, round(a, 4), round(b, 4)) for name, a, b in out if b > a]


def _sounds(name: str) -> bool:
    """Whether a name holds a letter, beside marks of stress and length."""
    return any(c.isalpha() and c not in STRESS + LENGTH for c in name)


def _first(name: str) -> str:
    return name.lstrip(STRESS)[:1]


def _joined(phones: Sequence[tuple[str, float, float]]) -> Phones:
    """With stress that stands alone joined to the next phone, and length to the one before."""
    out: Phones = []
    stress: tuple[str, float] | None = None
    for name, start, end in phones:
        if name and all(c in STRESS for c in name):
            stress = stress or (name, start)
        elif name and all(c in LENGTH for c in name) and out and stress is None:
            out[-1] = (out[-1][0] + name, out[-1][1], end)
        else:
            out.append((name if stress is None else stress[0] + name, start if stress is None else stress[1], end))
            stress = None
    return out


def _cut_one(phones: Phones, start: float, end: float) -> Phones:
    """`cut` for one silence; phones as they are where one spans it, or what is beside it leaves nothing of it."""
    if any(a < start - EARLY and b > end for _, a, b in phones):
        return phones
    before: Phones = []
    after: Phones = []
    begin = until = start
    for name, a, b in phones:
        if b <= start:
            before.append((name, a, b))
        elif b > end:
            after.append((name, a, b))
        elif _sounds(name) and _first(name) in STOPS + WEAK and start - EARLY <= a <= begin + EARLY:
            begin = max(begin, min(b, start + HELD))
            before.append((name, a, begin))
        elif a < start:
            before.append((name, a, start))
    first = next((i for i, p in enumerate(after) if _sounds(p[0])), -1)
    if first >= 0 and after[first][1] < end + EARLY:
        name, a, b = after[first]
        until = end - CLOSURE if is_stop(name) else min(max(a, end - CLOSURE), end)
        after = [(name, until, b), *after[first + 1 :]]
    else:
        until = end
        after = [(name, max(a, end), b) for name, a, b in after]
    return phones if until - begin < LEFT else [*before, ("_", begin, until), *after]
