"""Renders of recorded clips by stage 1 alone, for judging the fit before anything is packed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from emotalker.engine.avatar.clips import read_plate
from emotalker.engine.avatar.lighting import LightTable
from emotalker.engine.clip import ClipInput
from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.engine.files import read_arrays
from emotalker.engine.gaussians.blendshapes import GaussianBlendshapes
from emotalker.engine.head.folder import head_of
from emotalker.engine.head.model import axis_angle_to_matrix
from emotalker.engine.render.rasterizer import rasterize, to_uint8
from emotalker.engine.tracking.track import Subject, Track
from emotalker.engine.training.loss.losses import compose, relight

U8 = NDArray[np.uint8]


class FittedRenderer:
    """Draws tracked frames with the Gaussians of stage 1, over each clip's own plate, lit as its emotion was recorded.

    Args:
        fit_dir: folder of stage 1.
        track_dir: folder of the tracking stage.
        clips: the project's clips.
        tracks: where to look first for a clip's track, as <clip>.safetensors; None takes the tracking stage's own.

    Raises:
        UserError: if a file is missing or damaged.
    """

    def __init__(self, fit_dir: Path, track_dir: Path, clips: Sequence[ClipInput], tracks: Path | None = None) -> None:
        arrays, metadata = read_arrays(fit_dir / "model.safetensors")
        self.shapes = GaussianBlendshapes.from_arrays({k[7:]: v for k, v in arrays.items() if k.startswith("shapes.")})
        labels = json.loads(metadata["clips"])
        emotions, levels = tuple(c["emotion"] for c in labels), tuple(float(c["level"]) for c in labels)
        self._light = LightTable(arrays["lighting"], emotions, levels)
        self._head = head_of(track_dir)
        self._subject = Subject.load(track_dir / "subject.safetensors")
        self._joints = self._head.shape(torch.from_numpy(self._subject.identity))[1]
        self._track_dir, self._refined = Path(track_dir), tracks
        self._clips = {clip.id: clip for clip in clips}
        self._known: dict[str, tuple[Track, U8, torch.Tensor]] = {}

    def tracked(self, clip_id: str, index: int, size: int, orbit: tuple[float, float] = (0.0, 0.0)) -> U8:
        """Frame `index` driven by its tracked expression and pose; u8 [size, size, 3].

        Args:
            clip_id: the clip.
            index: frame of its track.
            size: side of the picture.
            orbit: yaw and pitch of the camera about the head, radians.
        """
        track, plate, light = self._clip(clip_id)
        one = slice(index, index + 1)
        jaw, neck, eyes, psi, turn, shift = (
            torch.from_numpy(np.ascontiguousarray(getattr(track, name)[one]))
            for name in ("jaw", "neck", "eyes", "psi", "root_rotation", "root_translation")
        )
        with torch.no_grad():
            root = torch.cat([axis_angle_to_matrix(turn), shift[..., None]], -1)[0]
            bones = self._head.bone_transforms(self._joints, jaw, neck, eyes)[0]
            world = self.shapes.pose(self.shapes.blend(psi[0]), bones, root)
            camera = self._subject.camera.resized(size, size)
            if any(orbit):
                centre = (root[:, :3] @ self._joints[2] + root[:, 3]).numpy()
                camera = camera.orbited(centre, *orbit)
            drawn = rasterize(world, camera)
            behind = cv2.resize(plate, (size, size), interpolation=cv2.INTER_AREA)
            lit = relight(drawn.rgb, drawn.alpha, light)
            picture = compose(lit, drawn.alpha, torch.from_numpy(behind.astype(np.float32) / 255))
        return np.asarray(to_uint8(picture).numpy())

    def _clip(self, clip_id: str) -> tuple[Track, U8, torch.Tensor]:
        """Track, plate and light of a clip, read once."""
        if clip_id not in self._known:
            clip = self._clips[clip_id]
            folder = self._track_dir / "clips" / clip_id
            refined = None if self._refined is None else self._refined / f"{clip_id}.safetensors"
            path = refined if refined is not None and refined.exists() else folder / "track.safetensors"
            weights, level = EmotionCurve.constant(clip.emotion, clip.level).sample([0.0])
            light = torch.from_numpy(self._light.mixed(weights, level)[0])
            self._known[clip_id] = (Track.load(path), read_plate(folder / "plate.png"), light)
        return self._known[clip_id]
