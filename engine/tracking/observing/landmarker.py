"""478 face landmarks and 52 blendshape scores per picture, through LiteRT, without the mediapipe package."""

from __future__ import annotations

import math
import zipfile
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from emotalker.engine import assets
from emotalker.engine.synthetic.arkit import ARKIT
from emotalker.engine.tracking.observing.detector import Detector, FaceBox, eye_tilt, overlap
from emotalker.engine.tracking.observing.networks import F32, Network

U8 = NDArray[np.uint8]
INPUT = 256
MARGIN = 1.5
PRESENT = 0.5
SCORES = ARKIT
# the landmarks that the blendshape network looks at (model card of face_blendshapes)
SCORED = np.array([
    0, 1, 4, 5, 6, 7, 8, 10, 13, 14, 17, 21, 33, 37, 39, 40, 46, 52, 53, 54, 55, 58, 61, 63, 65, 66, 67, 70, 78, 80,
    81, 82, 84, 87, 88, 91, 93, 95, 103, 105, 107, 109, 127, 132, 133, 136, 144, 145, 146, 148, 149, 150, 152, 153,
    154, 155, 157, 158, 159, 160, 161, 162, 163, 168, 172, 173, 176, 178, 181, 185, 191, 195, 197, 234, 246, 249, 251,
    263, 267, 269, 270, 276, 282, 283, 284, 285, 288, 291, 293, 295, 296, 297, 300, 308, 310, 311, 312, 314, 317, 318,
    321, 323, 324, 332, 334, 336, 338, 356, 361, 362, 365, 373, 374, 375, 377, 378, 379, 380, 381, 382, 384, 385, 386,
    387, 388, 389, 390, 397, 398, 400, 402, 405, 409, 415, 454, 466, 468, 469, 470, 471, 472, 473, 474, 475, 476, 477,
])  # fmt: skip


@dataclass(frozen=True)
class FaceObservation:
    """A face in a picture.

    Attributes:
        points: 478 landmarks [478, 3]: x, y in pixels, z in pixels towards the scene, 0 at the head's centre.
        score: probability that there is a face where the landmarks are.
        blendshapes: 52 scores in [0, 1] in the order of `SCORES`.
    """

    points: F32
    score: float
    blendshapes: F32

    @property
    def eye_distance(self) -> float:
        """Pixels between the outer corners of the eyes (landmarks 33 and 263)."""
        return float(np.linalg.norm(self.points[33, :2] - self.points[263, :2]))


@dataclass(frozen=True)
class _Region:
    """A turned square of the picture: centre, side, tilt in radians."""

    x: float
    y: float
    side: float
    tilt: float


class FaceLandmarker:
    """Finds landmarks; `detect` looks at each picture afresh, `follow` goes from frame to frame of a clip.

    Raises:
        UserError: if the models are neither on this computer nor to be had.
    """

    def __init__(self) -> None:
        with zipfile.ZipFile(assets.ensure("face_landmarker")) as task:
            self._near = Detector(task.read("face_detector.tflite"), 128, (8, 16), (2, 6))
            self._landmarks = Network(task.read("face_landmarks_detector.tflite"))
            self._scores = Network(task.read("face_blendshapes.tflite"))
        self._far = Detector(assets.ensure("face_detector_full_range").read_bytes(), 192, (4,), (1,))
        self._region: _Region | None = None

    def detect_faces(self, rgb: U8, threshold: float = 0.5) -> list[FaceBox]:
        """Boxes of all faces in `rgb` u8 [H, W, 3], surest first; small ones as well as a face that fills the frame."""
        found = self._far(rgb, threshold)
        for box in self._near(rgb, threshold):
            if all(overlap(box, other) < 0.2 for other in found):
                found.append(box)
        return found

    def detect(self, rgb: U8) -> FaceObservation | None:
        """The largest face of one picture u8 [H, W, 3]; None if there is none. Nothing is remembered."""
        for box in sorted(self.detect_faces(rgb, 0.4), key=lambda b: -b.width * b.height):
            face = self._look(rgb, _region_of_box(box))
            if face is not None:
                # a second look from the landmarks themselves: boxes are coarse, and faces found so agree with `follow`
                return self._observe(self._look(rgb, _region_of_points(face[0])) or face)
        return None

    def follow(self, rgb: U8) -> FaceObservation | None:
        """The face of the next frame of a clip; it is looked for again only when it was lost."""
        if self._region is not None:
            face = self._look(rgb, self._region)
            if face is not None:
                self._region = _region_of_points(face[0])
                return self._observe(face)
        found = self.detect(rgb)
        self._region = None if found is None else _region_of_points(found.points)
        return found

    def reset(self) -> None:
        """Forget where the face was: before the first frame of another clip."""
        self._region = None

    def seek(self, face: FaceObservation) -> None:
        """Make `follow` go on from a face that is already known."""
        self._region = _region_of_points(face.points)

    def _look(self, rgb: U8, region: _Region) -> tuple[F32, float] | None:
        c, s = math.cos(region.tilt) * region.side / INPUT, math.sin(region.tilt) * region.side / INPUT
        half = INPUT / 2
        to_picture = np.array(
            [[c, -s, region.x - half * (c - s)], [s, c, region.y - half * (s + c)]],
            np.float64,
        )
        # warpAffine samples at integer indices, our coordinates have pixel centres at +0.5
        at_index = to_picture.copy()
        at_index[:, 2] += to_picture[:, :2].sum(1) * 0.5 - 0.5
        image = cv2.warpAffine(
            rgb,
            at_index,
            (INPUT, INPUT),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        outputs = self._landmarks(image[None].astype(np.float32) / 255)
        score = 1 / (1 + math.exp(-float(outputs["Identity_1"].ravel()[0])))
        if score < PRESENT:
            return None
        raw = outputs["Identity"].reshape(478, 3).astype(np.float64)
        points = np.empty((478, 3), np.float32)
        points[:, :2] = raw[:, :2] @ to_picture[:, :2].T + to_picture[:, 2]
        points[:, 2] = raw[:, 2] * region.side / INPUT
        return points, score

    def _observe(self, face: tuple[F32, float]) -> FaceObservation:
        points, score = face
        scores = next(iter(self._scores(points[None, SCORED, :2]).values())).ravel()
        return FaceObservation(points, score, scores.astype(np.float32))


def _region_of_box(box: FaceBox) -> _Region:
    return _Region(box.x, box.y, max(box.width, box.height) * MARGIN, eye_tilt(box))


def _region_of_points(points: F32) -> _Region:
    d = points[263, :2] - points[33, :2]
    tilt = math.atan2(float(d[1]), float(d[0]))
    c, s = math.cos(tilt), math.sin(tilt)
    turn = np.array([[c, s], [-s, c]])
    level = points[:, :2].astype(np.float64) @ turn.T
    low, high = level.min(0), level.max(0)
    x, y = (low + high) / 2 @ turn
    return _Region(float(x), float(y), float((high - low).max()) * MARGIN, tilt)
