"""Landmark distances, and the face and mouth regions that landmarks outline."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
Mask = NDArray[np.bool_]

# Numbers of the 478 landmarks, in order around each outline.
FACE_OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
OUTER_LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
INNER_LIPS = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)
MOUTH = OUTER_LIPS + INNER_LIPS
# The irises, the last ten, move with the gaze and not with the face.
FACE = tuple(range(468))

# Distances are given in pixels of a picture of this side, whatever side they were measured at.
NORMAL_SIDE = 512
# The mouth region reaches this far around the lips, in parts of their width, to hold the skin that speech moves.
MOUTH_MARGIN = 0.2
# Hair counts as head this far beside the face, in parts of its width.
HAIR_REACH = 1 / 3


def landmark_distance(found: F32, recorded: F32, side: int, subset: tuple[int, ...] = FACE) -> float:
    """LD: mean distance between landmarks of two sequences, in pixels at 512x512; M-LD with `MOUTH`, F-LD with `FACE`.

    Args:
        found: landmarks on the renders [T, 478, 2], pixels.
        recorded: landmarks on the recorded frames [T, 478, 2], pixels.
        side: pixels of the square pictures they were found on.
        subset: landmarks to count.
    """
    points = list(subset)
    gap = found[:, points].astype(np.float64) - recorded[:, points]
    return float(np.linalg.norm(gap, axis=-1).mean() * NORMAL_SIDE / side)


def mouth_shape_distance(found: F32, recorded: F32, side: int) -> float:
    """LMD: `landmark_distance` of the lips after their mean points are laid on each other, in every frame.

    It tells a wrongly shaped mouth from a rightly shaped one at the wrong place. After Chen et al. 2018 ("Lip
    Movements Generation at a Glance"), who take other landmarks.

    Args:
        found: landmarks on the renders [T, 478, 2], pixels.
        recorded: landmarks on the recorded frames [T, 478, 2], pixels.
        side: pixels of the square pictures they were found on.
    """
    ours, theirs = (lips - lips.mean(1, keepdims=True) for lips in (found[:, list(MOUTH)], recorded[:, list(MOUTH)]))
    return landmark_distance(ours, theirs, side, tuple(range(len(MOUTH))))


def landmark_velocity_difference(found: F32, recorded: F32, side: int, subset: tuple[int, ...] = FACE) -> float:
    """LVD: mean distance between the landmark motions from frame to frame, in pixels at 512x512 per frame.

    Args:
        found: landmarks on consecutive renders [T, 478, 2], T >= 2, pixels.
        recorded: the same on the recorded frames.
        side: pixels of the square pictures they were found on.
        subset: landmarks to count.
    """
    points = list(subset)
    gap = np.diff(found[:, points].astype(np.float64), axis=0) - np.diff(recorded[:, points].astype(np.float64), axis=0)
    return float(np.linalg.norm(gap, axis=-1).mean() * NORMAL_SIDE / side)


def face_mask(landmarks: F32, side: int) -> Mask:
    """Pixels inside the face oval, bool [side, side], from landmarks [478, 2] in pixels of that picture."""
    return _filled(landmarks[list(FACE_OVAL)], side)


def mouth_mask(landmarks: F32, side: int) -> Mask:
    """Pixels of the lips and a margin around them, bool [side, side], from landmarks [478, 2] in pixels."""
    lips = landmarks[list(OUTER_LIPS)]
    filled = _filled(np.asarray(cv2.convexHull(lips.astype(np.float32))[:, 0], np.float32), side)
    reach = max(1, round(MOUTH_MARGIN * float(np.ptp(lips[:, 0]))))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    return np.asarray(cv2.dilate(filled.astype(np.uint8), disc) > 0, np.bool_)


def head_mask(landmarks: F32, matte: NDArray[np.uint8]) -> Mask:
    """Pixels of the person above the neck, bool [side, side]: hair, ears and face down to the chin.

    Args:
        landmarks: [478, 2] in pixels of the matte.
        matte: u8 [side, side], 255 is the person.
    """
    oval = landmarks[list(FACE_OVAL)]
    rows = np.arange(matte.shape[0])[:, None] + 0.5
    # beside the face hair hangs and shoulders rise, so a head is no wider than its face and a third to each side
    columns = np.arange(matte.shape[1])[None] + 0.5
    reach = HAIR_REACH * float(np.ptp(oval[:, 0]))
    inside = (rows <= oval[:, 1].max()) & (columns >= oval[:, 0].min() - reach) & (columns <= oval[:, 0].max() + reach)
    return np.asarray(inside & (matte > 127), np.bool_)


def _filled(outline: F32, side: int) -> Mask:
    """Pixels inside a polygon [P, 2]; pixel centres lie at +0.5, for OpenCV at whole numbers."""
    canvas = np.zeros((side, side), np.uint8)
    cv2.fillPoly(canvas, [np.rint((outline - 0.5) * 16).astype(np.int32)], 1, shift=4)
    return canvas > 0
