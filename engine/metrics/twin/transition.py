"""Whether the way from one emotion to another pops."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import Any

import cv2
import numpy as np

from emotalker.engine.avatar import Avatar
from emotalker.engine.avatar.controls import LIDS
from emotalker.engine.emotion.curve import EmotionCurve, Keyframe
from emotalker.engine.gaussians.cpu import PlaybackRenderer

BEFORE, LENGTH, AFTER = 0.6, 0.5, 0.6
"""Seconds before, of and after the transition."""
MOST_RATIO = 2.0
DEFINITION = (
    "In silence, with the head held still and without blinks, the twin changes its emotion within half a second. A "
    "frame's jump is the mean distance that the centres of all Gaussians have moved since the frame before; the "
    "picture's jump is the mean difference of its pixels. The largest jump of the whole film is compared with the "
    "median jump of the frames within that half second."
)


def judge_transition(
    avatar: Avatar, start: tuple[str, float] = ("happy", 3.0), end: tuple[str, float] = ("sad", 3.0), size: int = 256
) -> dict[str, Any]:
    """The jumps of a transition; see `DEFINITION`.

    Args:
        avatar: the twin.
        start: emotion and level before.
        end: emotion and level after.
        size: pixels of the pictures compared.

    Returns:
        "jumps" of every frame in micrometres, "picture_jumps" in levels of 255, "first" and "last" frame of the
        transition, of both "ratio" and "picture_ratio" (largest over median), "smooth" (whether the first is at most
        twice), "definition", "fps".
    """
    fps = avatar.fps
    curve = EmotionCurve((Keyframe.of(BEFORE, *start), Keyframe.of(BEFORE + LENGTH, *end)))
    count = round((BEFORE + LENGTH + AFTER) * fps)
    controls = avatar.controls_from_speech(avatar.quiet(), curve, fps, count)
    psi_neu, psi_emo = (_open_eyes(psi, avatar.expressions) for psi in (controls.psi_neu, controls.psi_emo))
    controls = replace(
        controls, psi_neu=psi_neu, psi_emo=psi_emo, au45=np.zeros_like(controls.au45), root=_held(controls.root),
        neck=_held(controls.neck), eyes=_held(controls.eyes), camera_code=_held(controls.camera_code),
    )  # fmt: skip
    camera = avatar.camera.resized(size, size)
    plate = np.asarray(cv2.resize(avatar.plate, (size, size), interpolation=cv2.INTER_AREA), np.uint8)
    renderer = PlaybackRenderer()
    means, pictures = [], []
    for index in range(count):
        arrays = avatar.arrays(controls.frame(index))
        means.append(np.array(arrays.means, np.float64))
        pictures.append(renderer.render(arrays, camera, plate).astype(np.float32))
    jumps = [float(np.linalg.norm(b - a, axis=1).mean() * 1e6) for a, b in itertools.pairwise(means)]
    shown = [float(np.abs(b - a).mean()) for a, b in itertools.pairwise(pictures)]
    first, last = int(BEFORE * fps), int(np.ceil((BEFORE + LENGTH) * fps))
    ratio, picture_ratio = (_ratio(values, first, last) for values in (jumps, shown))
    return {
        "from": list(start), "to": list(end), "jumps": jumps, "picture_jumps": shown, "first": first, "last": last,
        "ratio": ratio, "picture_ratio": picture_ratio, "smooth": ratio <= MOST_RATIO, "fps": fps,
        "definition": DEFINITION,
    }  # fmt: skip


def _ratio(jumps: list[float], first: int, last: int) -> float:
    """The largest jump over the median of those that lead to frames `first` + 1 to `last`."""
    inside = float(np.median(jumps[first:last]))
    return max(jumps) / max(inside, 1e-3 * max(jumps)) if max(jumps) > 0 else 1.0


def _held(values: np.ndarray) -> np.ndarray:
    """The first frame's values on every frame."""
    return np.repeat(values[:1], len(values), axis=0)


def _open_eyes(psi: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    out = psi.copy()
    out[:, [names.index(lid) for lid in LIDS if lid in names]] = 0
    return out
