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
from scipy.ndimage import binary_opening, maximum_filter1d

from emotalker.engine.tracking.landmark_sets import OVAL

F32 = NDArray[np.float32]
U8 = NDArray[np.uint8]
WHOLE, FACE = 16, 40
# the outer eye corners and the point between the corners of the mouth, in a face thumbnail of side 1
ANCHORS = np.array([[0.25, 0.36], [0.75, 0.36], [0.50, 0.74]], np.float32)
INNER_LIPS = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)
JUMP = 0.03  # mean change of the whole picture, of 1, that a cut makes at least
OUTLIER = 4.0  # and as many times the usual change around it
NEIGHBOURS = 8
SHORTEST = 4
UNLIKE = 0.08  # of 1: a colour this far from all usual ones nearby is not the face's
SLACK = 5  # thumbnail pixels that the face may look different for turning; odd
LEAST = 0.015  # share of the face that must look unlike before anything is believed
LASTING = 5  # frames
SPECK = 6  # thumbnail pixels below which a patch is nothing
OFTEN = 0.5
# faces whose nose tips lie within so many thumbnail pixels are turned alike; with fewer of them nothing is judged
NOSE, ALIKE, FEWEST, LOOKED_AT = 1, 1.0, 16, 40
BLURRED = 0.45  # of the usual sharpness: the frame is blurred by motion


@dataclass
class Looks:
    """Small pictures gathered while a clip of T frames is seen.

    Attributes:
        whole: thumbnails of the crops, u8 [16, 16, 3] each.
        faces: thumbnails of the straightened faces, u8 [40, 40, 3] each; None where the face was lost.
        places: where the landmarks lie in them, column and row u8 [478, 2].
        sharpness: of the face.
    """

    whole: list[U8] = field(default_factory=list)
    faces: list[U8 | None] = field(default_factory=list)
    places: list[U8 | None] = field(default_factory=list)
    sharpness: list[float] = field(default_factory=list)

    def add(self, rgb: U8, points: NDArray[np.floating] | None) -> None:
        """Take in a frame u8 [S, S, 3] and its landmarks [478, >= 2] in pixels, if there is a face."""
        self.whole.append(_thumbnail(rgb))
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
        self.places.append(np.clip((points @ place[:, :2].T + place[:, 2]) / 4, 0, FACE - 1).astype(np.uint8))
        grey = cv2.cvtColor(np.asarray(large, np.uint8), cv2.COLOR_RGB2GRAY)
        self.sharpness.append(float(np.abs(cv2.Laplacian(grey, cv2.CV_32F)).mean()))

    def jumped(self, rgb: U8) -> bool:
        """Whether the next frame u8 [S, S, 3] is so unlike the last that the face must be looked for afresh."""
        return bool(self.whole) and _change(self.whole[-1], _thumbnail(rgb)) > JUMP


def shots_of(whole: list[U8], seen: NDArray[np.bool_] | None = None) -> NDArray[np.int32]:
    """Number of the shot that each frame belongs to [T].

    A cut is a change far above what is usual around it; a flash that is gone after a frame or two is none, nor is a
    while without a face after which the picture is as it was before.

    Args:
        whole: thumbnails of the frames.
        seen: which frames show the face [T]; None for all.
    """
    count = len(whole)
    seen = np.ones(count, bool) if seen is None else np.asarray(seen, bool)
    change = np.array([_change(a, b) for a, b in itertools.pairwise(whole)])
    cuts = [t + 1 for t in np.nonzero(change > JUMP)[0].tolist() if _is_cut(whole, change, t)]
    shots = np.zeros(count, np.int32)
    last: int | None = None
    for start, stop in itertools.pairwise([0, *cuts, count]):
        own = np.nonzero(seen[start:stop])[0] + start
        new = last is not None and len(own) > 0 and _change(whole[last], whole[own[0]]) > JUMP
        shots[start:] = shots[start - 1] + int(new) if start else 0
        last = int(own[-1]) if len(own) else last
    return shots


def _is_cut(whole: list[U8], change: NDArray[np.floating], t: int) -> bool:
    """Whether the change from frame t to t + 1 stands out and stays."""
    count = len(whole)
    around = np.concatenate([change[max(t - NEIGHBOURS, 0) : t], change[t + 1 : t + 1 + NEIGHBOURS]])
    usual = max(float(np.median(around)) if len(around) else 0.0, 1e-3)
    stays = _change(whole[max(t - 1, 0)], whole[min(t + 3, count - 1)]) > 0.6 * JUMP
    return change[t] >= OUTLIER * usual and stays and t + 1 >= SHORTEST and count - t - 1 >= SHORTEST


def clearness(looks: Looks, shots: NDArray[np.integer]) -> U8:
    """How freely each landmark is seen in each frame, u8 [T, 478]: 255, or less where something is before the face."""
    out = np.full((len(looks.faces), 478), 255, np.uint8)
    for shot in np.unique(shots):
        frames = [int(t) for t in np.nonzero(shots == shot)[0] if looks.faces[t] is not None]
        if len(frames) < SHORTEST:
            continue
        covered = _covered(looks, frames)
        # what covers a face half of the time is a beard, glasses or a light, or nothing at all: it cannot be told
        covered[:, (covered > 127).mean(0) > OFTEN] = 0
        for t, hidden in zip(frames, covered):
            x, y = np.asarray(looks.places[t]).T
            out[t] = 255 - hidden[y, x]
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


def _thumbnail(rgb: U8) -> U8:
    return np.asarray(cv2.resize(rgb, (WHOLE, WHOLE), interpolation=cv2.INTER_AREA), np.uint8)


def _change(a: U8, b: U8) -> float:
    return float(np.abs(a.astype(np.float32) - b).mean()) / 255


def _covered(looks: Looks, frames: list[int]) -> U8:
    """Cover u8 [n, 40, 40] of the faces of one shot, 255 where something is surely before the face."""
    nose = np.array([np.asarray(looks.places[t])[NOSE].astype(np.float32) for t in frames])
    usual: dict[tuple[float, ...], U8 | None] = {}
    out = np.zeros((len(frames), FACE, FACE), np.uint8)
    for k, t in enumerate(frames):
        place = tuple(nose[k].tolist())
        if place not in usual:
            alike = np.nonzero(np.abs(nose - nose[k]).max(1) <= ALIKE)[0]
            usual[place] = _usual(looks, [frames[i] for i in alike]) if len(alike) >= FEWEST else None
        other = usual[place]
        if other is not None:
            unlike, inside = _unlike(looks, t, other)
            share = float(unlike.sum()) / max(int(inside.sum()), 1)
            if share >= LEAST:
                out[k] = 255 * _spread(unlike)
    # what flickers is no hand: it stays for a fifth of a second
    lasting = binary_opening(out.any((1, 2)), np.ones(LASTING))
    out[~lasting] = 0
    return out


def _usual(looks: Looks, frames: list[int]) -> U8:
    """How the face usually looks [40, 40, 3] in frames in which the head is turned alike."""
    some = [frames[i] for i in np.linspace(0, len(frames) - 1, min(len(frames), LOOKED_AT)).round().astype(int)]
    return np.asarray(np.median(np.array([looks.faces[t] for t in some]), 0), np.uint8)


def _unlike(looks: Looks, frame: int, usual: U8) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where a frame's face is not as `usual` [40, 40], and the face itself [40, 40]."""
    kernel = np.ones((SLACK, SLACK), np.uint8)
    inside = _polygon(looks, frame, OVAL)
    plain, colour = usual.astype(np.float32) / 255, np.asarray(looks.faces[frame], np.float32) / 255
    # light that changes on the whole face is no hand
    gain = np.median(colour[inside] / np.maximum(plain[inside], 0.05), axis=0).clip(0.6, 1.6)
    colour = colour / gain
    # something that the face never shows here, or something of the face (lips, brows) that is not to be seen
    new = np.maximum(cv2.erode(plain, kernel) - colour, colour - cv2.dilate(plain, kernel)).max(-1)
    gone = np.maximum(cv2.erode(colour, kernel) - plain, plain - cv2.dilate(colour, kernel)).max(-1)
    mouth = cv2.dilate(_polygon(looks, frame, INNER_LIPS).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    return (np.maximum(new, gone) > UNLIKE) & inside & ~mouth, inside


def _spread(unlike: NDArray[np.bool_]) -> U8:
    """What a thing covers [40, 40] of which only parts differ from skin: the gaps between those as well."""
    parts = cv2.morphologyEx(unlike.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(parts)
    out = np.zeros_like(parts)
    for label in range(1, count):
        if stats[label, cv2.CC_STAT_AREA] >= SPECK:
            corners = np.argwhere(labels == label)[:, ::-1].astype(np.int32)
            cv2.fillConvexPoly(out, cv2.convexHull(corners), 1)
    return np.asarray(cv2.dilate(out, np.ones((5, 5), np.uint8)), np.uint8)


def _polygon(looks: Looks, frame: int, indices: tuple[int, ...]) -> NDArray[np.bool_]:
    """The inside [40, 40] of the outline of some landmarks."""
    points = np.asarray(looks.places[frame])[list(indices)].astype(np.int32)
    mask = np.zeros((FACE, FACE), np.uint8)
    cv2.fillPoly(mask, [points], 1)
    return mask > 0
