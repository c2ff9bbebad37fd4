"""Why a clip comes out badly, in plain words: which part of the face, and what about the recording explains it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from emotalker.engine.files import Arrays
from emotalker.engine.metrics.landmarks import face_mask, mouth_mask
from emotalker.engine.tracking.track import Track

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
Mask = NDArray[np.bool_]
REGIONS = ("mouth", "eyes", "edge", "face", "whole")
EYES = ((33, 133, 159, 145, 70, 105), (263, 362, 386, 374, 300, 334))
"""Landmarks whose boxes are the eyes with their brows."""
EDGE = 0.02
"""Half the width of the outline of hair and shoulders, in parts of the side."""
REMEMBER = 0.9
"""Weight of the older errors in a clip's running error."""
WORSE = {"mouth": 1.35, "eyes": 1.35, "edge": 1.4, "face": 1.3, "whole": 1.3}
"""A region of a clip is worth a word when its error is so many times the middle one of all clips."""
POOR = {"mouth": 0.09, "eyes": 0.08, "edge": 0.08, "face": 0.07, "whole": 0.05}
"""Root mean square error, in [0, 1], from which a region is poor whatever the other clips are."""
BLURRED = 0.75
"""Sharpness, relative to the middle clip, below which a clip counts as blurred."""
UNSURE, REPROJECTION = 0.9, 0.06
"""Mean confidence below which, and landmark error (in inter-ocular distances) above which, the tracker was unsure."""
RARE = 0.15
"""How much wider than in any other clip a mouth must open to be new, in parts of the distance between the eyes."""


@dataclass(frozen=True)
class ClipFacts:
    """What is known about a clip's recording.

    Attributes:
        id: the clip.
        sharpness: of the face, relative to the middle clip.
        confidence: mean face presence in [0, 1].
        reprojection: mean landmark error in fractions of the inter-ocular distance.
        opening: widest opening of the mouth (95th percentile) in inter-ocular distances.
    """

    id: str
    sharpness: float = 1.0
    confidence: float = 1.0
    reprojection: float = 0.0
    opening: float = 0.0


@dataclass(frozen=True)
class Verdict:
    """A sentence about one clip.

    Attributes:
        clip: the clip.
        region: the worst of `REGIONS`; empty where nothing is wrong.
        error: its root mean square error in [0, 1].
        text: the sentence.
    """

    clip: str
    region: str
    error: float
    text: str


@dataclass
class RegionErrors:
    """Running mean square errors per clip and region.

    Args:
        clips: number of clips C.

    Attributes:
        squares: [C, 5], NaN where nothing was seen yet.
    """

    clips: int
    squares: F64 = field(init=False)

    def __post_init__(self) -> None:
        self.squares = np.full((self.clips, len(REGIONS)), np.nan)

    def add(self, clip: int, squared: F32, masks: dict[str, Mask]) -> None:
        """Note the squared error of a frame [S, S] inside its regions."""
        for i, region in enumerate(REGIONS):
            mask = masks.get(region)
            if mask is not None and not mask.any():
                continue
            new = float(squared.mean() if mask is None else squared[mask].mean())
            old = self.squares[clip, i]
            self.squares[clip, i] = new if np.isnan(old) else REMEMBER * old + (1 - REMEMBER) * new

    def to_arrays(self) -> Arrays:
        """The state, for a checkpoint."""
        return {"verdict.squares": self.squares}

    def restore(self, arrays: Arrays) -> None:
        """Put back what `to_arrays` gave."""
        self.squares = np.array(arrays["verdict.squares"])


def region_masks(landmarks: F32, matte: F32) -> dict[str, Mask]:
    """Where the regions of a frame lie; "whole" has no mask.

    Args:
        landmarks: [478, 2] in pixels of the picture.
        matte: [S, S] in [0, 1].
    """
    side = len(matte)
    eyes = np.zeros((side, side), bool)
    for group in EYES:
        low, high = landmarks[list(group)].min(0), landmarks[list(group)].max(0)
        (x0, y0), (x1, y1) = np.clip(low, 0, side).astype(int), np.clip(high + 1, 0, side).astype(int)
        eyes[y0:y1, x0:x1] = True
    reach = max(1, round(EDGE * side))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    person = (matte > 0.5).astype(np.uint8)
    edge = cv2.dilate(person, disc) > cv2.erode(person, disc)
    return {
        "mouth": mouth_mask(landmarks, side),
        "eyes": eyes,
        "edge": np.asarray(edge, np.bool_),
        "face": face_mask(landmarks, side),
    }


def facts_of(clip: str, track: Track, sharpness: float) -> ClipFacts:
    """What a clip's track says about its recording."""
    seen = track.confidence > 0.5
    points = track.landmarks[seen]
    opening = 0.0
    if len(points):
        gap = np.linalg.norm(points[:, 13] - points[:, 14], axis=1)
        opening = float(np.percentile(gap / np.maximum(_between_eyes(points), 1e-6), 95))
    error = float(track.reprojection[seen].mean()) if seen.any() else 1.0
    return ClipFacts(clip, sharpness, float(track.confidence.mean()), error, opening)


def sharpness_of(picture: NDArray[np.uint8], landmarks: F32) -> float:
    """How sharp the face of a frame is: the spread of the Laplacian inside the face oval, relative to its contrast."""
    mask = face_mask(landmarks, len(picture))
    if not mask.any():
        return 0.0
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)
    detail = cv2.Laplacian(grey, cv2.CV_32F)[mask].std()
    return float(detail / max(float(grey[mask].std()), 1.0))


def relative(values: Sequence[float]) -> list[float]:
    """Values as multiples of their median."""
    middle = float(np.median(values)) or 1.0
    return [float(v) / middle for v in values]


def verdicts(errors: F64, facts: Sequence[ClipFacts]) -> list[Verdict]:
    """One sentence per clip.

    Args:
        errors: mean square errors [C, 5] by clip and region; NaN where unknown.
        facts: of the same clips.
    """
    root = np.sqrt(errors)
    return [_judge(i, root, facts) for i in range(len(facts))]


def _judge(number: int, root: F64, facts: Sequence[ClipFacts]) -> Verdict:
    clip = facts[number]
    if np.isnan(root[number]).all():
        return Verdict(clip.id, "", 0.0, f"No frame of clip {clip.id} has been looked at yet.")
    worst, excess = "", 1.0
    for i, region in enumerate(REGIONS):
        mine = root[number, i]
        others = np.delete(root[:, i], number)
        others = others[~np.isnan(others)]
        usual = float(np.median(others)) if len(others) else np.inf
        ratio = max(mine / (WORSE[region] * max(usual, 1e-6)) if mine > POOR[region] / 3 else 0, mine / POOR[region])
        if ratio > excess:
            worst, excess = region, float(ratio)
    if not worst:
        whole = float(root[number, -1])
        manner = "as well as the others" if len(facts) > 1 else "well"
        return Verdict(clip.id, "", whole, f"Clip {clip.id} comes out {manner}.")
    error = float(root[number, REGIONS.index(worst)])
    return Verdict(clip.id, worst, error, _sentence(clip, worst, facts))


def _sentence(clip: ClipFacts, region: str, facts: Sequence[ClipFacts]) -> str:
    what = {
        "mouth": f"The mouth of clip {clip.id} is blurred",
        "eyes": f"The eyes of clip {clip.id} are blurred",
        "edge": f"The outline of hair and shoulders in clip {clip.id} is soft",
        "face": f"The face of clip {clip.id} is blurred",
        "whole": f"Clip {clip.id} comes out worse than the others",
    }[region]
    return f"{what} because {_because(clip, region, facts)}"


def _because(clip: ClipFacts, region: str, facts: Sequence[ClipFacts]) -> str:
    """The likeliest reason, and what to do about it."""
    if clip.confidence < UNSURE or clip.reprojection > REPROJECTION:
        return "the tracker was unsure there. Look at its overlay; a hand, hair or strong turns may hide the face."
    if clip.sharpness < BLURRED:
        return "its frames are less sharp than those of the other clips. More light or slower movement would help."
    others = [f.opening for f in facts if f.id != clip.id]
    if region in ("mouth", "face") and others and clip.opening > max(others) + RARE:
        return "it opens the mouth wider than any other clip. A second clip like it would help."
    if region == "edge":
        return "the person and the background are hard to tell apart there. A plain background would help."
    return "it shows what few other frames show. A second clip like it would help."


def _between_eyes(points: F32) -> F32:
    return np.asarray(np.linalg.norm(points[:, 33] - points[:, 263], axis=1), np.float32)
