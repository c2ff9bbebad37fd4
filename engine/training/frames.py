"""Tracked frames as training examples: pictures from disk, poses in memory."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emotalker.engine.clip import ClipInput
from emotalker.engine.errors import UserError
from emotalker.engine.head.model import HeadModel, axis_angle_to_matrix
from emotalker.engine.media import FrameStore
from emotalker.engine.tracking.refined import track_of
from emotalker.engine.tracking.track import Subject, Track
from emotalker.engine.training.matting import sharpened

F32 = NDArray[np.float32]
MOUTH = (61, 291, 13, 14, 17, 0)
"""Landmarks whose box is the mouth."""


@dataclass
class PosedClip:
    """A clip with its pose tensors.

    Attributes:
        clip: labels and file.
        track: tracker output, T frames.
        psi: [T, K].
        bones: skinning transforms [T, 6, 3, 4].
        root: rigid transforms [T, 3, 4].
        store: pictures and mattes.
        plate: background [S, S, 3] in [0, 1] at training size.
    """

    clip: ClipInput
    track: Track
    psi: Tensor
    bones: Tensor
    root: Tensor
    store: FrameStore
    plate: Tensor


@dataclass(frozen=True)
class Sample:
    """One training example.

    Attributes:
        number: of this example.
        clip: index of the clip.
        frame: index within the clip.
        image: [S, S, 3] in [0, 1].
        matte: [S, S] in [0, 1].
        sure: how much the matte is believed at each pixel [S, S], in [0, 1].
        importance: weight of each pixel [S, S], mean about 1.
    """

    number: int
    clip: int
    frame: int
    image: Tensor
    matte: Tensor
    sure: Tensor
    importance: Tensor


def load_plate(path: Path, size: int) -> NDArray[np.uint8]:
    """A background plate as RGB [size, size, 3].

    Raises:
        UserError: if the picture cannot be read.
    """
    picture = cv2.imread(str(path), cv2.IMREAD_COLOR_RGB)
    if picture is None:
        raise UserError(
            f"{path.name} cannot be read.",
            "The background of the clip is missing or damaged.",
            "Run the tracking again.",
        )
    return np.asarray(cv2.resize(picture, (size, size), interpolation=cv2.INTER_AREA), np.uint8)


def pose_clip(
    head: HeadModel, joints: Tensor, clip: ClipInput, track_dir: Path, size: int, fit_dir: Path | None = None
) -> PosedClip:
    """Load a tracked clip (as refined in `fit_dir`, if given) and compute its skinning transforms."""
    folder = track_dir / "clips" / clip.id
    track = track_of(clip.id, track_dir, fit_dir)
    jaw, neck, eyes = (torch.from_numpy(x) for x in (track.jaw, track.neck, track.eyes))
    turn = axis_angle_to_matrix(torch.from_numpy(track.root_rotation))
    root = torch.cat([turn, torch.from_numpy(track.root_translation)[..., None]], -1)
    plate = torch.from_numpy(load_plate(folder / "plate.png", size)).float() / 255
    bones = head.bone_transforms(joints, jaw, neck, eyes)
    return PosedClip(clip, track, torch.from_numpy(track.psi), bones, root, FrameStore(folder / "frames.store"), plate)


class TrainingFrames:
    """All frames of the training clips whose face was seen freely and sharp enough, see `Track.weight`.

    Args:
        head: the head model.
        clips: the project's clips; held-out ones are left alone.
        track_dir: folder of the tracking stage.
        size: side of the pictures in pixels.
        weight_mouth: how much more a pixel of the mouth counts.
        fit_dir: folder of stage 1, for its refined tracks; None takes those of the tracking stage.

    Raises:
        UserError: if there is no frame to train on.
    """

    def __init__(
        self, head: HeadModel, clips: Sequence[ClipInput], track_dir: Path, size: int, weight_mouth: float,
        fit_dir: Path | None = None,
    ) -> None:  # fmt: skip
        self.head = head
        self.subject = Subject.load(track_dir / "subject.safetensors")
        self.camera = self.subject.camera.resized(size, size)
        self.identity = torch.from_numpy(self.subject.identity)
        self.size = size
        self.weight_mouth = weight_mouth
        # pictures in pinned memory travel to a card while it works on others
        self.pin = False
        self.head = head
        _, self.joints = head.shape(self.identity)
        self.clips = [pose_clip(head, self.joints, c, track_dir, size, fit_dir) for c in clips if not c.held_out]
        self.index = [
            (c, i)
            for c, posed in enumerate(self.clips)
            for i in range(min(len(posed.track), len(posed.store)))
            if posed.track.weight[i] > 0.5
        ]
        if not self.index:
            raise UserError(
                "There is no frame to train on.",
                "Every clip is held out, or no face was seen in any frame.",
                "Add a clip that shows the face.",
            )

    def __len__(self) -> int:
        return len(self.index)

    def follow(self, track_dir: Path, fit_dir: Path) -> None:
        """Take the tracks as refined in `fit_dir` from now on; which frames are learned from stays the same."""
        for number, old in enumerate(self.clips):
            new = pose_clip(self.head, self.joints, old.clip, track_dir, self.size, fit_dir)
            old.store.close()
            self.clips[number] = new

    def close(self) -> None:
        """Let go of the picture files."""
        for posed in self.clips:
            posed.store.close()

    def read(self, number: int) -> Sample:
        """Example `number`; thread-safe."""
        c, i = self.index[number]
        rgb, matte = self.clips[c].store.read(i, self.size)
        importance = self._importance(self.clips[c].track, i)
        image = rgb.astype(np.float32) / np.float32(255)
        soft = matte.astype(np.float32) / np.float32(255)
        sharp, sure = (torch.from_numpy(x) for x in sharpened(image, soft, self.clips[c].plate.numpy()))
        pictures = (torch.from_numpy(image), sharp, sure, importance)
        return Sample(number, c, i, *(p.pin_memory() if self.pin else p for p in pictures))

    def _importance(self, track: Track, frame: int) -> Tensor:
        scale = self.size / track.size
        points = track.landmarks[frame] * scale
        low, high = points[list(MOUTH)].min(0), points[list(MOUTH)].max(0)
        margin = 0.25 * (high - low).max()
        weights = np.ones((self.size, self.size), np.float32)
        (x0, y0), (x1, y1) = (
            np.clip(low - margin, 0, self.size).astype(int),
            np.clip(high + margin, 0, self.size).astype(int),
        )
        weights[y0:y1, x0:x1] = self.weight_mouth
        return torch.from_numpy(weights)

    def order(self, first: int, last: int, seed: int) -> Iterator[int]:
        """The example of each step in [first, last): whole shuffled rounds, the same wherever one begins."""
        n = len(self.index)
        shuffled: NDArray[np.int64] | None = None
        current = -1
        for step in range(first, last):
            epoch, place = divmod(step, n)
            if shuffled is None or epoch != current:
                shuffled, current = np.random.default_rng((seed, epoch)).permutation(n), epoch
            yield int(shuffled[place])

    def nearest_to_rest(self) -> int:
        """The example whose head is closest to the canonical pose with the calmest face: the reference of stage 1."""
        scores = []
        for c, i in self.index:
            t = self.clips[c].track
            pose = (
                np.linalg.norm(t.neck[i])
                + np.linalg.norm(t.root_rotation[i])
                + 5 * np.linalg.norm(t.root_translation[i])
            )
            scores.append(pose + 0.05 * np.abs(t.psi[i]).sum() + 0.2 * np.linalg.norm(t.jaw[i]))
        return int(np.argmin(scores))
