"""What tracking knows about a subject and a clip."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.camera import Camera
from emotalker.engine.files import read_arrays, write_arrays

F32 = NDArray[np.float32]


@dataclass
class Subject:
    """What stays the same over all clips of a person.

    Attributes:
        identity: coefficients of the head model's identity basis [I], unitless.
        camera: the fixed crop camera (one viewpoint), world = canonical head space of the subject.
        blink_open: per-person openness of the eyes at rest, [2] (left, right), unitless ratio.
        blink_closed: the same with the eyes shut, [2].
    """

    identity: F32
    camera: Camera
    blink_open: F32
    blink_closed: F32

    def save(self, path: Path) -> None:
        """Write as .safetensors."""
        c = self.camera
        arrays = {
            "identity": self.identity, "viewmat": c.viewmat, "K": c.K,
            "blink_open": self.blink_open, "blink_closed": self.blink_closed,
        }  # fmt: skip
        write_arrays(path, arrays, {"size": json.dumps([c.width, c.height]), "version": "1"})

    @staticmethod
    def load(path: Path) -> Subject:
        """Read what `save` wrote."""
        a, m = read_arrays(path)
        width, height = json.loads(m["size"])
        camera = Camera(a["viewmat"], a["K"], width, height)
        return Subject(a["identity"], camera, a["blink_open"], a["blink_closed"])


@dataclass
class Track:
    """One clip, frame by frame, at the project's frame rate; T frames, K expressions.

    Attributes:
        psi: expression coefficients [T, K], unitless, >= 0.
        jaw: jaw joint axis-angle [T, 3], radians.
        neck: neck joint axis-angle [T, 3], radians.
        eyes: eye joints axis-angle [T, 2, 3] (left, right), radians.
        root_rotation: rigid root rotation, axis-angle [T, 3], radians.
        root_translation: rigid root translation [T, 3], metres.
        au45: blink [T] in [0, 1].
        confidence: face presence [T] in [0, 1].
        landmarks: 478 points in crop pixels at the crop size of `size` [T, 478, 2].
        blendshapes: the 52 ARKit scores of the landmarker [T, 52].
        reprojection: mean landmark error in fractions of the inter-ocular distance [T].
        crop: square crop in the source frame: x, y, side in source pixels [3] (may lie partly outside).
        fps: frames per second.
        size: pixel size of the square crop that `landmarks` refer to.
        weight: how much may be learned from each frame [T], in [0, 1]: less where the face is blurred, nothing where it
            is covered or lost, or in another shot than the longest, whose background plate the clip has. Files of
            earlier versions have none: there it is whether the face was seen.
        shots: number of the shot that each frame belongs to, int32 [T].
    """

    psi: F32
    jaw: F32
    neck: F32
    eyes: F32
    root_rotation: F32
    root_translation: F32
    au45: F32
    confidence: F32
    landmarks: F32
    blendshapes: F32
    reprojection: F32
    crop: F32
    fps: float
    size: int
    weight: F32 = field(default_factory=lambda: np.zeros(0, np.float32))
    shots: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))

    def __post_init__(self) -> None:
        """Fill in what an older file or a maker without disturbances does not tell."""
        if len(self.weight) != len(self):
            self.weight = (self.confidence > 0).astype(np.float32)
        if len(self.shots) != len(self):
            self.shots = np.zeros(len(self), np.int32)

    def __len__(self) -> int:
        return int(self.psi.shape[0])

    def save(self, path: Path) -> None:
        """Write as .safetensors."""
        arrays = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in ("fps", "size")}
        write_arrays(path, arrays, {"fps": repr(float(self.fps)), "size": str(self.size), "version": "1"})

    @staticmethod
    def load(path: Path) -> Track:
        """Read what `save` wrote."""
        a, m = read_arrays(path)
        return Track(**a, fps=float(m["fps"]), size=int(m["size"]))
