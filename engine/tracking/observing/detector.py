"""Faces in a picture: boxes and six keypoints, near or far (BlazeFace short range and full range)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from emotalker.engine.tracking.observing.networks import F32, Network

OVERLAP = 0.3


@dataclass(frozen=True)
class FaceBox:
    """A detected face.

    Attributes:
        x: centre in pixels.
        y: centre in pixels.
        width: pixels, forehead to chin and cheek to cheek, without hair.
        height: pixels.
        keypoints: right eye, left eye (the person's), nose, mouth, right ear, left ear [6, 2], pixels.
        score: probability.
    """

    x: float
    y: float
    width: float
    height: float
    keypoints: F32
    score: float


class Detector:
    """One BlazeFace network.

    Args:
        model: contents of the .tflite file.
        size: side of its square input, pixels.
        strides: pixels between anchor centres, layer by layer.
        per_cell: anchors that share a centre, layer by layer.
    """

    def __init__(self, model: bytes, size: int, strides: tuple[int, ...], per_cell: tuple[int, ...]) -> None:
        self._network = Network(model)
        self._size = size
        self._anchors = _anchors(size, strides, per_cell)

    def __call__(self, rgb: NDArray[np.uint8], threshold: float = 0.5) -> list[FaceBox]:
        """Faces of `rgb` u8 [H, W, 3], surest first."""
        height, width = rgb.shape[:2]
        side = max(height, width)
        scale = self._size / side
        small_width, small_height = max(1, round(width * scale)), max(1, round(height * scale))
        left, top = (self._size - small_width) // 2, (self._size - small_height) // 2
        image = np.zeros((self._size, self._size, 3), np.float32)
        shrunk = cv2.resize(rgb, (small_width, small_height), interpolation=cv2.INTER_AREA)
        image[top : top + small_height, left : left + small_width] = shrunk
        outputs = self._network((image[None] - 127.5) / 127.5)
        boxes = next(v for v in outputs.values() if v.shape[-1] == 16)[0]
        scores = 1 / (1 + np.exp(-np.clip(next(v for v in outputs.values() if v.shape[-1] == 1)[0, :, 0], -80, 80)))
        sure = np.nonzero(scores > threshold)[0]
        values = boxes[sure].astype(np.float64)
        values[:, :2] += self._anchors[sure] * self._size
        values[:, 4:] += np.tile(self._anchors[sure] * self._size, 6)
        stretch = np.array([width / small_width, height / small_height])
        merged = _merge(values, scores[sure].astype(np.float64))
        found = []
        for v, score in merged:
            centre, extent = (v[:2] - [left, top]) * stretch, v[2:4] * stretch
            points = ((v[4:].reshape(6, 2) - [left, top]) * stretch).astype(np.float32)
            found.append(FaceBox(float(centre[0]), float(centre[1]), float(extent[0]), float(extent[1]), points, score))
        return found


def overlap(a: FaceBox, b: FaceBox) -> float:
    """Intersection over union of two boxes."""
    return float(_overlaps(np.array([a.x, a.y, a.width, a.height]), np.array([[b.x, b.y, b.width, b.height]]))[0])


def eye_tilt(box: FaceBox) -> float:
    """Angle of the line through the eyes, radians, clockwise in the picture."""
    d = box.keypoints[1] - box.keypoints[0]
    return math.atan2(float(d[1]), float(d[0]))


def _anchors(size: int, strides: tuple[int, ...], per_cell: tuple[int, ...]) -> NDArray[np.float64]:
    """Anchor centres [n, 2] in fractions of the input."""
    parts = []
    for stride, count in zip(strides, per_cell):
        cells = size // stride
        centres = (np.arange(cells) + 0.5) / cells
        y, x = np.meshgrid(centres, centres, indexing="ij")
        parts.append(np.repeat(np.stack([x, y], -1).reshape(-1, 2), count, 0))
    return np.concatenate(parts)


def _overlaps(box: NDArray[np.float64], boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    low = np.maximum(box[:2] - box[2:4] / 2, boxes[:, :2] - boxes[:, 2:4] / 2)
    high = np.minimum(box[:2] + box[2:4] / 2, boxes[:, :2] + boxes[:, 2:4] / 2)
    common = np.clip(high - low, 0, None).prod(1)
    return common / (box[2] * box[3] + boxes[:, 2] * boxes[:, 3] - common)


def _merge(values: NDArray[np.float64], scores: NDArray[np.float64]) -> list[tuple[NDArray[np.float64], float]]:
    """One face per cluster of overlapping detections: their mean weighted by score jitters less than the best."""
    merged = []
    while len(scores):
        best = int(scores.argmax())
        same = _overlaps(values[best], values) > OVERLAP
        weights = scores[same] / scores[same].sum()
        merged.append(((values[same] * weights[:, None]).sum(0), float(scores[best])))
        values, scores = values[~same], scores[~same]
    return merged
