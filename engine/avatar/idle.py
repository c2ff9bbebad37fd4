"""What a living head does by itself: blinks, glances and small head motion, the same for the same seed.

Every curve depends on time and seed alone, not on how much of it is asked for: a live preview that computes one frame
at a time shows what the export of the whole film shows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]

# Spontaneous blinks (Bentivoglio et al. 1997; VanderWerf et al. 2003): some twenty a minute while talking and fewer in
# silence; the lid falls in 75 to 100 ms, quickest halfway, and rises in about 200 ms, quickest at first; some are not
# complete; rarely two follow each other.
FALL, SHUT, RISE = 0.085, 0.02, 0.2
TEMPO = (0.88, 1.15)
SHORTEST_GAP, MEAN_GAP = 0.9, 3.3
DOUBLE_BLINK, DOUBLE_GAP = 0.1, 0.45
INCOMPLETE, SHALLOWEST = 0.15, 0.6
QUIET_BLINKS = 0.75
"""Share of the blinks of talking that are left in silence."""
LISTEN = (1.0, 0.1)
"""Seconds before a blink, from and to, that tell whether its owner is talking."""
# Reach of the motion: radians of the neck about x, y, z; radians and metres of the body. All waves are below 1 Hz.
NECK_REACH = (0.018, 0.035, 0.014)
BODY_TURN, BODY_SHIFT = (0.004, 0.006, 0.004), (0.0012, 0.0008, 0.0012)
# Gaze (Lee, Badler and Badler 2002): three seconds on the other person's face, where it hops about a little, then a
# second away. The eye takes 21 ms and 2.2 ms a degree for a jump (the main sequence, Carpenter 1988).
HOP_REACH, AWAY_REACH = (0.008, 0.014), (0.03, 0.06)
SHORTEST_LOOK, LONGEST_LOOK = 0.35, 1.5
AWAY, LONGEST_AWAY = 0.2, 1.2
JUMP, JUMP_PER_RADIAN = 0.021, 0.0022 * 180 / np.pi
# Brows wander a little and are raised now and then, as an emphasis without a word.
BROW_DRIFT, BROW_RAISE = 0.03, (0.08, 0.25)
BROW_GAP, BROW_UP, BROW_DOWN = (3.0, 9.0), 0.16, 0.36
_STREAMS = {"blinks": 1, "neck": 2, "body": 3, "glances": 4, "brows": 5}
VOICE_RATE = 50
"""Entries of a voice curve per second."""


@dataclass(frozen=True)
class IdleMotion:
    """Motion of T moments that speech does not cause.

    Attributes:
        au45: blink [T] in [0, 1].
        neck: axis-angle [T, 3] to add to the neck, radians.
        eyes: axis-angle [T, 2, 3] to add to both eyes, radians.
        root_rotation: axis-angle [T, 3] of the body about the root, radians.
        root_translation: [T, 3], metres.
        brows: how far the brows are raised [T], expression coefficient >= 0 to add.
    """

    au45: F32
    neck: F32
    eyes: F32
    root_rotation: F32
    root_translation: F32
    brows: F32


def idle_motion(times: NDArray[np.floating], seed: int, voice: F32 | None = None) -> IdleMotion:
    """Everything a head does by itself at some moments.

    Args:
        times: seconds [T], >= 0.
        seed: picks one of many natural performances.
        voice: probability of speech every 20 ms from time 0 [n]: silence blinks less. Talking, when left out.
    """
    at = np.asarray(times, np.float64)
    neck = _drift(at, _random(seed, "neck"), 0.33, 3) * NECK_REACH
    eyes = np.zeros((len(at), 2, 3), np.float32)
    # eyes stay on what they look at while the head moves
    eyes[:, :, :2] = (glances(at, seed) - neck[:, :2])[:, None]
    body = _drift(at, _random(seed, "body"), 0.21, 6)
    return IdleMotion(
        blinks(at, seed, voice),
        neck.astype(np.float32),
        eyes,
        (body[:, :3] * BODY_TURN).astype(np.float32),
        (body[:, 3:] * BODY_SHIFT).astype(np.float32),
        brows(at, seed),
    )


def blinks(times: NDArray[np.floating], seed: int, voice: F32 | None = None) -> F32:
    """Natural spontaneous blinks [T] in [0, 1] at some moments [T] in seconds; irregular, and never before 0.4 s.

    Args:
        times: seconds [T].
        seed: picks one of many performances.
        voice: as for `idle_motion`; only what was said before a blink decides on it.
    """
    at = np.asarray(times, np.float64)
    curve = np.zeros(len(at))
    if not len(at):
        return curve.astype(np.float32)
    random = _random(seed, "blinks")
    shut = float(random.uniform(0.4 + TEMPO[1] * FALL, MEAN_GAP))
    first, end = float(at.min()) - TEMPO[1] * (SHUT + RISE), float(at.max()) + TEMPO[1] * FALL
    while shut < end:
        tempo, whole, depth, luck, again = (float(x) for x in random.uniform(size=5))
        if shut > first and (luck < QUIET_BLINKS or _talking(voice, shut)):
            pace = TEMPO[0] + tempo * (TEMPO[1] - TEMPO[0])
            lag = (at - shut) / pace
            falling = _smooth(1 + lag / FALL)
            rising = 1 - _smooth(1 - (1 - np.clip((lag - SHUT) / RISE, 0, 1)) ** 1.6)
            deep = SHALLOWEST + depth * (1 - SHALLOWEST) if whole < INCOMPLETE else 1.0
            curve = np.maximum(curve, deep * np.where(lag < 0, falling, rising))
        gap = SHORTEST_GAP + float(random.gamma(2.0, (MEAN_GAP - SHORTEST_GAP) / 2))
        shut += DOUBLE_GAP if again < DOUBLE_BLINK else gap
    return curve.astype(np.float32)


def _talking(voice: F32 | None, moment: float) -> bool:
    """Whether somebody talked shortly before a moment."""
    if voice is None:
        return True
    heard = voice[max(int((moment - LISTEN[0]) * VOICE_RATE), 0) : max(int((moment - LISTEN[1]) * VOICE_RATE), 0)]
    return bool(len(heard)) and float(heard.mean()) > 0.5


def glances(times: NDArray[np.floating], seed: int) -> F32:
    """Eye angles about x and y [T, 2] in radians that rest and then jump a little, as eyes do."""
    at = np.asarray(times, np.float64)
    random = _random(seed, "glances")
    starts, targets, now, away = [-1.0], [np.zeros(2)], 0.0, False
    end = float(at.max(initial=0.0))
    while now <= end:
        # nobody looks away twice in a row
        away = not away and random.random() < AWAY
        starts.append(now)
        targets.append(random.uniform(-1, 1, 2) * (AWAY_REACH if away else HOP_REACH))
        now += float(random.uniform(SHORTEST_LOOK, LONGEST_AWAY if away else LONGEST_LOOK))
    start, target = np.array(starts), np.array(targets)
    i = np.searchsorted(start, at, side="right") - 1
    before, after = target[np.maximum(i - 1, 0)], target[i]
    length = JUMP + JUMP_PER_RADIAN * np.linalg.norm(after - before, axis=1)
    share = _smooth((at - start[i]) / length)[:, None]
    return (before + share * (after - before)).astype(np.float32)


def brows(times: NDArray[np.floating], seed: int) -> F32:
    """How far the brows are raised [T], expression coefficient: a slow wandering and a raise every few seconds."""
    at = np.asarray(times, np.float64)
    random = _random(seed, "brows")
    curve = BROW_DRIFT * (1 + _drift(at, random, 0.2, 1)[:, 0]) / 2
    moment, end = float(random.uniform(*BROW_GAP)), float(at.max(initial=0.0)) + BROW_UP
    while moment < end:
        high, stay = float(random.uniform(*BROW_RAISE)), float(random.uniform(0.1, 0.6))
        lag = at - moment
        curve = curve + high * _smooth(1 + lag / BROW_UP) * (1 - _smooth((lag - stay) / BROW_DOWN))
        moment += stay + float(random.uniform(*BROW_GAP))
    return curve.astype(np.float32)


def _smooth(share: F64) -> F64:
    """0 below 0, 1 above 1 and a smooth way between."""
    x = np.clip(share, 0, 1)
    return np.asarray(x * x * (3 - 2 * x))


def _drift(times: F64, random: np.random.Generator, hertz: float, channels: int) -> F64:
    """Slow wandering curves [T, channels] within [-1, 1]: four waves whose frequencies share no period."""
    out = np.zeros((len(times), channels))
    for factor, weight in ((0.37, 0.35), (1.0, 0.35), (1.618, 0.2), (2.72, 0.1)):
        phase = random.uniform(0, 2 * np.pi, channels)
        speed = hertz * factor * random.uniform(0.9, 1.1, channels)
        out += weight * np.sin(2 * np.pi * speed * times[:, None] + phase)
    return out


def _random(seed: int, stream: str) -> np.random.Generator:
    return np.random.default_rng((int(seed), _STREAMS[stream]))
