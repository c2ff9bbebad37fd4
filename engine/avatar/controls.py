"""What drives one frame of a twin, and the quantities derived from a pose that training and playing must share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from emotalker.engine.a2et.windows import FEATURE_RATE
from emotalker.engine.camera import Camera
from emotalker.engine.head.model import JOINTS, axis_angle_to_matrix
from emotalker.engine.tracking.track import Track

F32 = NDArray[np.float32]
NECK = JOINTS.index("neck")
LIDS = ("eyeBlinkLeft", "eyeBlinkRight")
METRES_TO_CODE = 10.0
"""Translations of the camera code are in decimetres, so that they are about as large as its rotations."""
BROWS = {"browInnerUp": 1.0, "browOuterUpLeft": 0.7, "browOuterUpRight": 0.7}
"""Shapes of raised brows and how much of the raise each takes."""
SHUT = 0.97
"""Lid coefficient of a shut eye where the tracks hold no blink to learn it from."""


@dataclass(frozen=True)
class FrameControl:
    """One frame's drive; K expressions, W speech frames of S features.

    Attributes:
        psi_neu: expression without emotion [K].
        psi_emo: expression with emotion [K].
        jaw_neu: jaw axis-angle without emotion [3], radians.
        jaw_emo: the same with emotion [3].
        neck: neck axis-angle [3].
        eyes: eye axis-angles, left then right [2, 3].
        root: rigid head-to-world transform [3, 4].
        au45: blink in [0, 1].
        camera_code: c_n [12], see `camera_codes`.
        audio: speech features around the frame [W, S].
        weights: shares of the eight emotions [8].
        level: intensity in [0, 3].
        lighting: affine colour transform of the picture [3, 4].
    """

    psi_neu: F32
    psi_emo: F32
    jaw_neu: F32
    jaw_emo: F32
    neck: F32
    eyes: F32
    root: F32
    au45: float
    camera_code: F32
    audio: F32
    weights: F32
    level: float
    lighting: F32


@dataclass(frozen=True)
class Controls:
    """T frames' drive in one struct of arrays; `frame` cuts out one. Fields as in `FrameControl` with T in front.

    Attributes:
        speech: speech features of the whole recording at 50 Hz [n, S].
        window: W, speech frames given to each frame.
        fps: frames per second.
    """

    psi_neu: F32
    psi_emo: F32
    jaw_neu: F32
    jaw_emo: F32
    neck: F32
    eyes: F32
    root: F32
    au45: F32
    camera_code: F32
    weights: F32
    level: F32
    lighting: F32
    speech: F32
    window: int
    fps: float

    def __len__(self) -> int:
        return len(self.psi_neu)

    def frame(self, index: int) -> FrameControl:
        """The drive of one frame.

        Raises:
            IndexError: if there is no such frame.
        """
        if not 0 <= index < len(self):
            raise IndexError(f"frame {index} of {len(self)}")
        i = index
        return FrameControl(
            self.psi_neu[i], self.psi_emo[i], self.jaw_neu[i], self.jaw_emo[i], self.neck[i], self.eyes[i],
            self.root[i], float(self.au45[i]), self.camera_code[i],
            audio_window(self.speech, self.fps, i, self.window), self.weights[i], float(self.level[i]),
            self.lighting[i],
        )  # fmt: skip


def audio_window(speech: F32, fps: float, index: int, width: int) -> F32:
    """Speech features [width, S] centred on frame `index`, zeros beyond the recording's ends.

    Args:
        speech: features of the whole recording at 50 Hz [n, S].
        fps: frames per second.
        index: frame; it covers [index / fps, (index + 1) / fps).
        width: 50 Hz frames.
    """
    return audio_window_at(speech, (index + 0.5) / fps, width)


def audio_window_at(speech: F32, seconds: float, width: int) -> F32:
    """Speech features [width, S] centred on a moment, zeros beyond the recording's ends."""
    first = round(seconds * FEATURE_RATE - width / 2)
    inner = speech[max(first, 0) : max(first + width, 0)]
    before = min(max(-first, 0), width)
    return np.pad(inner, ((before, width - before - len(inner)), (0, 0))).astype(np.float32)


def root_transforms(rotation: F32, translation: F32) -> F32:
    """Rigid transforms [T, 3, 4] of axis-angles [T, 3] in radians and translations [T, 3] in metres."""
    turn = axis_angle_to_matrix(torch.from_numpy(np.asarray(rotation, np.float32))).numpy()
    return np.concatenate([turn, np.asarray(translation, np.float32)[..., None]], -1)


def camera_codes(camera: Camera, root: F32, neck_bones: F32) -> F32:
    """Raw camera codes [T, 12]: R|t of the head relative to the camera, translation in decimetres.

    A constant is to be taken off them: the mean over the training frames.

    Args:
        camera: the view.
        root: rigid transforms [T, 3, 4].
        neck_bones: the neck's skinning transforms [T, 3, 4].
    """
    view = np.asarray(camera.viewmat, np.float64)[:3]
    code = _after(view, _after(root, neck_bones))
    code[..., 3] *= METRES_TO_CODE
    return code.reshape(len(code), 12).astype(np.float32)


def _after(second: NDArray[np.floating], first: NDArray[np.floating]) -> NDArray[np.float64]:
    """Transforms [..., 3, 4] that apply `first`, then `second`."""
    turn = np.asarray(second, np.float64)[..., :3]
    moved = turn @ np.asarray(first, np.float64)
    moved[..., 3] += np.asarray(second, np.float64)[..., 3]
    return moved


def blink_coefficients(tracks: Sequence[Track], names: Sequence[str]) -> F32:
    """Lid coefficients (left, right) [2] of a full blink, from the blinks in some tracks."""
    out = np.full(2, SHUT, np.float32)
    au45 = np.concatenate([t.au45 for t in tracks]) if tracks else np.zeros(0, np.float32)
    strong = au45 > 0.6
    if strong.sum() < 5:
        return out
    for side, name in enumerate(LIDS):
        if name in names:
            lid = np.concatenate([t.psi[:, list(names).index(name)] for t in tracks])
            out[side] = np.clip(np.median(lid[strong] / au45[strong]), 0.3, 1.0)
    return out


def drive_lids(psi: F32, au45: F32, blink: F32, names: Sequence[str]) -> F32:
    """Expressions [T, K] whose lids follow AU45 [T] alone; a copy."""
    out = np.array(psi, np.float32)
    for side, name in enumerate(LIDS):
        if name in names:
            out[:, list(names).index(name)] = au45 * blink[side]
    return out


def lift_brows(psi: F32, raised: F32, names: Sequence[str]) -> F32:
    """Expressions [T, K] whose brows are raised by a little more [T]; a copy."""
    out = np.array(psi, np.float32)
    for name, share in BROWS.items():
        if name in names:
            column = out[:, list(names).index(name)]
            # what is raised already stays where it is
            column += np.minimum(share * raised, np.maximum(1 - column, 0))
    return out
