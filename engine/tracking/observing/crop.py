"""Which square of the picture is kept: the same framing for all clips of a person, so that one camera serves."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
# of the crop's side, in face heights (top to bottom of the landmarks)
SIDE = 2.2
# where the middle of the landmarks sits in the crop, from the top: hair above, neck and shoulders below
MIDDLE = 0.52
SENSIBLE = (0.28, 0.66)
SQUARE = 0.02
ALIKE_SHIFT = 0.15
ALIKE_SIZE = 1.25


@dataclass(frozen=True)
class Sighting:
    """Where the face of a clip usually is, source pixels: the middle of its landmarks and their height.

    Attributes:
        width: of the source picture.
        height: of the source picture.
        x: middle of the landmarks.
        y: middle of the landmarks.
        face: height of the face.
    """

    width: int
    height: int
    x: float
    y: float
    face: float

    @staticmethod
    def of(points: NDArray[np.floating], width: int, height: int) -> Sighting:
        """The typical face of landmarks [n, 478, >= 2] in a picture of width x height pixels."""
        low, high = points[..., :2].min(1), points[..., :2].max(1)
        x, y = np.median((low + high) / 2, 0)
        return Sighting(width, height, float(x), float(y), float(np.median(high[:, 1] - low[:, 1])))


def crops(sightings: dict[str, Sighting]) -> dict[str, tuple[float, float, float]]:
    """The square crop (x, y, side in source pixels; may lie partly outside) of every clip.

    A clip that is already a square head shot is kept whole, so that figures over the full frame mean something. Other
    clips of the same size and framing share one crop, because they were filmed by one camera.
    """
    out: dict[str, tuple[float, float, float]] = {}
    for name, own in sightings.items():
        if is_head_shot(own):
            whole = min(own.width, own.height)
            out[name] = ((own.width - whole) / 2, (own.height - whole) / 2, float(whole))
            continue
        alike = [s for s in sightings.values() if not is_head_shot(s) and _alike(own, s)]
        x, y, face = (float(np.median([getattr(s, n) for s in alike])) for n in ("x", "y", "face"))
        side = float(round(SIDE * face))
        out[name] = (float(round(x - side / 2)), float(round(y - MIDDLE * side)), side)
    return out


def is_head_shot(s: Sighting) -> bool:
    """Whether the whole picture is a square with a face of sensible size in it."""
    square = abs(s.width - s.height) <= SQUARE * max(s.width, s.height)
    return square and SENSIBLE[0] <= s.face / s.height <= SENSIBLE[1]


def cut(rgb: U8, crop: tuple[float, float, float], size: int) -> U8:
    """The crop of a picture u8 [H, W, 3], resampled to [size, size, 3]; beyond the picture its border is repeated."""
    x, y, side = crop
    height, width = rgb.shape[:2]
    low = np.floor([x, y]).astype(int)
    high = np.ceil([x + side, y + side]).astype(int)
    inside = rgb[max(low[1], 0) : min(high[1], height), max(low[0], 0) : min(high[0], width)]
    top, bottom = max(-int(low[1]), 0), max(int(high[1]) - height, 0)
    left, right = max(-int(low[0]), 0), max(int(high[0]) - width, 0)
    if top or bottom or left or right:
        inside = np.asarray(cv2.copyMakeBorder(inside, top, bottom, left, right, cv2.BORDER_REPLICATE), np.uint8)
    method = cv2.INTER_AREA if side >= size else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(inside, (size, size), interpolation=method), np.uint8)


def _alike(a: Sighting, b: Sighting) -> bool:
    if (a.width, a.height) != (b.width, b.height):
        return False
    near = np.hypot(a.x - b.x, a.y - b.y) <= ALIKE_SHIFT * SIDE * a.face
    return bool(near and 1 / ALIKE_SIZE <= a.face / b.face <= ALIKE_SIZE)
