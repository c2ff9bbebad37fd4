"""What disturbs a clip: cuts between shots, hands before the face, motion blur; seen from small pictures of the face.

Every frame leaves a thumbnail of the whole crop and one of the face, straightened by its eyes and mouth. A hand is what
looks unlike the same face in the other frames: no network for hands is needed, and a cup or a microphone counts alike.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, median_filter

from emotalker.engine.tracking.landmark_sets import OVAL

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
WHOLE, FACE = 24, 40
# the outer eye corners and the point between the corners of the mouth, in a face thumbnail of side 1
ANCHORS = np.array([[0.25, 0.36], [0.75, 0.36], [0.50, 0.74]], np.float32)
INNER_LIPS = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)
JUMP = 0.055  # mean change of the whole picture, of 1, that a cut makes at least
OUTLIER = 4.0  # and as many times the usual change around it
NEIGHBOURS = 8
SHORTEST = 4
UNLIKE = 0.14  # of 1: a colour this far from the usual one is not the face's
SLACK = 5  # thumbnail pixels that the face may look different for turning; odd
LEAST, WHOLLY = 0.05, 0.12  # share of the face that must look unlike before anything is believed, and is surely covered
OFTEN = 0.5
BLURRED = 0.45  # of the usual sharpness: the frame is blurred by motion


@dataclass
class Looks:
    """Small pictures gathered while a clip of T frames is seen.

    Attributes:
        whole: thumbnails of the crops, u8 [24, 24, 3] each.
        faces: thumbnails of the straightened faces, u8 [40, 40, 3] each; None where the face was lost.
        places: where the landmarks lie in them [478, 2], thumbnail pixels.
        sharpness: of the face.
    """

    whole: list[U8] = field(default_factory=list)
    faces: list[U8 | None] = field(default_factory=list)
    places: list[F32 | None] = field(default_factory=list)
    sharpness: list[float] = field(default_factory=list)

    def add(self, rgb: U8, points: NDArray[np.floating] | None) -> None:
        """Take in a frame u8 [S, S, 3] and its landmarks [478, >= 2] in pixels, if there is a face."""
        self.whole.append(np.asarray(cv2.resize(rgb, (WHOLE, WHOLE), interpolation=cv2.INTER_AREA), np.uint8))
        if points is None:
            self.faces.append(None)
            self.places.append(None)
            self.sharpness.append(0.0)
            return
        points = np.asarray(points[:, :2], np.float32)
        corners = np.stack([points[33], points[263], 0.5 * (points[61] + points[291])])
        place = cv2.getAffineTransform(corners, 4 * FACE * ANCHORS)
        large = cv2.warpAffine(
            rgb, place, (4 * FACE, 4 * FACE), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        self.faces.append(np.asarray(cv2.resize(large, (FACE, FACE), interpolation=cv2.INTER_AREA), np.uint8))
        self.places.append(((points @ place[:, :2].T + place[:, 2]) / 4).astype(np.float32))
        grey = cv2.cvtColor(np.asarray(large, np.uint8), cv2.COLOR_RGB2GRAY)
        self.sharpness.append(float(np.abs(cv2.Laplacian(grey, cv2.CV_32F)).mean()))

    def jumped(self) -> bool:
        """Whether the last frame looks so unlike the one before that the face must be looked for afresh."""
        return len(self.whole) > 1 and _change(self.whole[-2], self.whole[-1]) > JUMP


def shots_of(whole: list[U8]) -> NDArray[np.int32]:
    """Number of the shot that each frame belongs to [T], from thumbnails of the frames.

    A cut is a change far above what is usual around it; a flash that is gone after a frame or two is none.
    """
    count = len(whole)
    shots = np.zeros(count, np.int32)
    if count < 2:
        return shots
    change = np.array([_change(a, b) for a, b in itertools.pairwise(whole)])
    for t in np.nonzero(change > JUMP)[0].tolist():
        around = np.concatenate([change[max(t - NEIGHBOURS, 0) : t], change[t + 1 : t + 1 + NEIGHBOURS]])
        if change[t] < OUTLIER * max(float(np.median(around)) if len(around) else 0.0, 1e-3):
            continue
        before, after = whole[max(t - 1, 0)], whole[min(t + 3, count - 1)]
        if _change(before, after) > 0.6 * JUMP and t + 1 >= SHORTEST and count - t - 1 >= SHORTEST:
            shots[t + 1 :] += 1
    return shots


def clearness(looks: Looks, shots: NDArray[np.integer]) -> F32:
    """How freely each landmark is seen in each frame [T, 478], in [0, 1]; 0 where something is before the face."""
    out = np.ones((len(looks.faces), 478), np.float32)
    for shot in np.unique(shots):
        frames = [int(t) for t in np.nonzero(shots == shot)[0] if looks.faces[t] is not None]
        if len(frames) < SHORTEST:
            continue
        covered = _covered(looks, frames)
        # what covers a face half of the time is a beard, glasses or a light, or nothing at all: it cannot be told
        covered[:, (covered > 0.5).mean(0) > OFTEN] = 0
        for t, hidden in zip(frames, covered):
            x, y = np.clip(np.nan_to_num(looks.places[t]).astype(int), 0, FACE - 1).T  # type: ignore[arg-type]
            out[t] = 1 - hidden[y, x]
    return out


def blur_of(sharpness: NDArray[np.floating], shots: NDArray[np.integer]) -> F32:
    """How blurred by motion each frame is [T], in [0, 1]: sharpness of the face below what is usual in its shot."""
    out = np.zeros(len(sharpness), np.float32)
    for shot in np.unique(shots):
        frames = np.nonzero((shots == shot) & (np.asarray(sharpness) > 0))[0]
        if len(frames):
            values = np.asarray(sharpness, np.float64)[frames]
            share = values / max(float(np.percentile(values, 75)), 1e-6)
            out[frames] = np.clip((0.75 - share) / (0.75 - BLURRED) * 0.5, 0, 1)
    return out


def spells(flags: NDArray[np.bool_], fps: float) -> str:
    """The times at which `flags` [T] hold, for people: "0.4-1.2 s, 3.0 s" (at most four)."""
    wide = maximum_filter1d(np.asarray(flags, np.uint8), 5) > 0
    edges = np.flatnonzero(np.diff(np.concatenate([[0], wide.astype(np.int8), [0]])))
    out = []
    for start, stop in edges.reshape(-1, 2):
        own = np.nonzero(flags[start:stop])[0] + start
        first, last = own[0] / fps, own[-1] / fps
        out.append(f"{first:.1f} s" if last - first < 0.2 else f"{first:.1f}-{last:.1f} s")
    return ", ".join(out[:4]) + (" and more" if len(out) > 4 else "")


def _change(a: U8, b: U8) -> float:
    return float(np.abs(a.astype(np.float32) - b).mean()) / 255


def _covered(looks: Looks, frames: list[int]) -> F32:
    """Cover [n, 40, 40] in [0, 1] of the faces of one shot."""
    stack = np.stack([looks.faces[t] for t in frames])  # type: ignore[misc]
    usual = np.asarray(np.median(stack[:: max(1, len(stack) // 60)], 0), np.uint8)
    kernel = np.ones((SLACK, SLACK), np.uint8)
    low, high = (np.asarray(f(usual, kernel), np.float32) / 255 for f in (cv2.erode, cv2.dilate))
    inside = _polygon(looks, frames, OVAL)
    out = np.zeros(stack.shape[:3], np.float32)
    for k, t in enumerate(frames):
        colour = stack[k].astype(np.float32) / 255
        # light that changes on the whole face is no hand
        gain = np.median(colour[inside] / np.maximum(usual[inside] / 255, 0.05), axis=0).clip(0.6, 1.6)
        colour = colour / gain
        unlike = np.maximum(low - colour, colour - high).max(-1) > UNLIKE
        mouth = _polygon(looks, [t], INNER_LIPS)
        mouth = cv2.dilate(mouth.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
        unlike &= inside & ~mouth
        unlike = np.asarray(median_filter(unlike.astype(np.uint8), 3)) > 0
        share = float(unlike.sum()) / max(int(inside.sum()), 1)
        if share < LEAST:
            continue
        grown = cv2.dilate(unlike.astype(np.uint8), np.ones((5, 5), np.uint8)).astype(np.float32)
        out[k] = grown * np.clip((share - LEAST) / (WHOLLY - LEAST), 0, 1)
    return out


def _polygon(looks: Looks, frames: list[int], indices: tuple[int, ...]) -> NDArray[np.bool_]:
    """The inside [40, 40] of the usual outline of some landmarks over `frames`."""
    points = np.median([looks.places[t][list(indices)] for t in frames], 0)  # type: ignore[index]
    mask = np.zeros((FACE, FACE), np.uint8)
    cv2.fillPoly(mask, [np.round(points).astype(np.int32)], 1)
    return mask > 0
