"""Who is person and who is background: a soft matte of the whole person, shoulders and hair included."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from emotalker.engine import assets
from emotalker.engine.tracking.observing.networks import F32, Network

INPUT = 256
RADIUS = 6
SMOOTHNESS = 2e-3


class PersonMatte:
    """Selfie segmentation, its edges drawn to the edges of the picture.

    Raises:
        UserError: if the model is neither on this computer nor to be had.
    """

    def __init__(self) -> None:
        self._network = Network(assets.ensure("selfie_segmentation").read_bytes())

    def __call__(self, rgb: NDArray[np.uint8], near: NDArray[np.floating] | None = None) -> NDArray[np.uint8]:
        """Matte of a square head-and-shoulders crop.

        Args:
            rgb: u8 [S, S, 3].
            near: a point on the person, pixels [2]; other people's patches are dropped. None keeps the largest patch.

        Returns:
            u8 [S, S]; 255 is the person.
        """
        small = cv2.resize(rgb, (INPUT, INPUT), interpolation=cv2.INTER_AREA).astype(np.float32) / np.float32(255)
        coarse = next(iter(self._network(small[None]).values()))[0, :, :, 0]
        scale = INPUT / rgb.shape[0]
        coarse = _one_person(coarse.astype(np.float32), None if near is None else np.asarray(near) * scale)
        axis = _separating_axis(small, coarse)
        slope, base = _guided_filter(small @ axis, coarse)
        side = rgb.shape[0]
        slope, base = (np.asarray(cv2.resize(x, (side, side)), np.float32) for x in (slope, base))
        guide = cv2.transform(rgb.astype(np.float32) / 255, axis[None]).reshape(side, side)
        refined = np.clip((slope * guide + base - 0.15) / 0.7, 0, 1)
        return (refined * 255 + 0.5).astype(np.uint8)


def _one_person(coarse: F32, near: NDArray[np.floating] | None) -> F32:
    """`coarse` with everything removed that does not hang together with the person."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats((coarse > 0.4).astype(np.uint8), connectivity=4)
    if count <= 2:
        return coarse
    label = 1 + int(stats[1:, cv2.CC_STAT_AREA].argmax())
    if near is not None:
        x, y = np.clip(np.round(near).astype(int), 0, INPUT - 1)
        label = int(labels[y, x]) or label
    others = ((labels > 0) & (labels != label)).astype(np.uint8)
    return np.where(cv2.dilate(others, np.ones((5, 5), np.uint8)) > 0, 0, coarse).astype(np.float32)


def _separating_axis(rgb: NDArray[np.floating], coarse: F32) -> NDArray[np.float64]:
    """The colour axis [3] along which person and background near the edge differ most (Fisher).

    A grey guide cannot tell a dark jumper from a dark green wall; this one can, and it is one channel all the same.
    """
    band = cv2.dilate((np.abs(coarse - 0.5) < 0.4).astype(np.uint8), np.ones((25, 25), np.uint8)) > 0
    inside, outside = rgb[band & (coarse > 0.85)], rgb[band & (coarse < 0.15)]
    if len(inside) < 50 or len(outside) < 50:
        return np.full(3, 1 / 3)
    spread = np.cov(inside.T) + np.cov(outside.T) + 2e-3 * np.eye(3)
    axis = np.linalg.solve(spread, inside.mean(0) - outside.mean(0))
    return np.asarray(axis / max(float(np.abs(axis).sum()), 1e-9))


def _guided_filter(guide: NDArray[np.floating], image: F32) -> tuple[F32, F32]:
    """Slope and base [H, W] of the locally linear model image = slope * guide + base (He, Sun and Tang, ECCV 2010)."""

    def mean(x: F32) -> F32:
        return np.asarray(cv2.blur(x, (2 * RADIUS + 1, 2 * RADIUS + 1)), np.float32)

    g = np.asarray(guide, np.float32)
    mean_guide, mean_image = mean(g), mean(image)
    variance = mean(g * g) - mean_guide**2
    covariance = mean(g * image) - mean_guide * mean_image
    slope = covariance / (variance + SMOOTHNESS)
    return mean(slope), mean(mean_image - slope * mean_guide)
