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

# Spontaneous blinks: lids fall in about 90 ms, stay shut briefly and rise in about 180 ms; while talking a person
# blinks every two to six seconds, rarely two times in a row.
FALL, SHUT, RISE = 0.09, 0.03, 0.18
SHORTEST_GAP, MEAN_GAP = 1.2, 3.6
DOUBLE_BLINK, DOUBLE_GAP = 0.1, 0.45
# Reach of the motion: radians of the neck about x, y, z; radians and metres of the body.
NECK_REACH = (0.018, 0.035, 0.014)
BODY_TURN, BODY_SHIFT = (0.004, 0.006, 0.004), (0.0012, 0.0008, 0.0012)
GLANCE_REACH = (0.015, 0.03)
SHORTEST_LOOK, LONGEST_LOOK = 0.7, 2.6
JUMP = 0.04
"""Seconds an eye takes to jump."""
_STREAMS = {"blinks": 1, "neck": 2, "body": 3, "glances": 4}


@dataclass(frozen=True)
class IdleMotion:
    """Motion of T moments that speech does not cause.

    Attributes:
        au45: blink [T] in [0, 1].
        neck: axis-angle [T, 3] to add to the neck, radians.
        eyes: axis-angle [T, 2, 3] to add to both eyes, radians.
        root_rotation: axis-angle [T, 3] of the body about the root, radians.
        root_translation: [T, 3], metres.
    """

    au45: F32
    neck: F32
    eyes: F32
    root_rotation: F32
    root_translation: F32


def idle_motion(times: NDArray[np.floating], seed: int) -> IdleMotion:
    """Everything a head does by itself at some moments.

    Args:
        times: seconds [T], >= 0.
        seed: picks one of many natural performances.
    """
    at = np.asarray(times, np.float64)
    glance = glances(at, seed)
    eyes = np.zeros((len(at), 2, 3), np.float32)
    eyes[:, :, :2] = glance[:, None]
    body = _drift(at, _random(seed, "body"), 0.21, 6)
    return IdleMotion(
        blinks(at, seed),
        (_drift(at, _random(seed, "neck"), 0.33, 3) * NECK_REACH).astype(np.float32),
        eyes,
        (body[:, :3] * BODY_TURN).astype(np.float32),
        (body[:, 3:] * BODY_SHIFT).astype(np.float32),
    )


def blinks(times: NDArray[np.floating], seed: int) -> F32:
    """Natural spontaneous blinks [T] in [0, 1] at some moments [T] in seconds; irregular, and never before 0.4 s."""
    at = np.asarray(times, np.float64)
    curve = np.zeros(len(at))
    if not len(at):
        return curve.astype(np.float32)
    random = _random(seed, "blinks")
    shut = float(random.uniform(0.4 + FALL, MEAN_GAP))
    first, end = float(at.min()) - SHUT - RISE, float(at.max()) + FALL
    while shut < end:
        if shut > first:
            lag = at - shut
            falling = np.clip(1 + lag / FALL, 0, 1)
            rising = np.clip(1 - (lag - SHUT) / RISE, 0, 1)
            curve = np.maximum(curve, np.where(lag < 0, falling, rising))
        again = random.random() < DOUBLE_BLINK
        shut += DOUBLE_GAP if again else SHORTEST_GAP + float(random.gamma(2.0, (MEAN_GAP - SHORTEST_GAP) / 2))
    return (curve * curve * (3 - 2 * curve)).astype(np.float32)


def glances(times: NDArray[np.floating], seed: int) -> F32:
    """Eye angles about x and y [T, 2] in radians that rest and then jump a little, as eyes do."""
    at = np.asarray(times, np.float64)
    out = np.zeros((len(at), 2))
    random = _random(seed, "glances")
    first, end = float(at.min(initial=np.inf)), float(at.max(initial=0.0))
    now, before = 0.0, np.zeros(2)
    while now <= end:
        target = random.uniform(-1, 1, 2) * GLANCE_REACH
        then = now + float(random.uniform(SHORTEST_LOOK, LONGEST_LOOK))
        if then > first:
            share = np.clip((at - now) / JUMP, 0, 1)[:, None]
            out = np.where((at >= now)[:, None], before + share * (target - before), out)
        now, before = then, target
    return out.astype(np.float32)


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
