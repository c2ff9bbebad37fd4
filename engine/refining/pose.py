"""The unknowns of refining a track: the tracker's own per frame, and a turn of the trunk under the neck."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emotalker.engine.camera import Camera
from emotalker.engine.head.model import JOINTS, axis_angle_to_matrix
from emotalker.engine.tracking.fitting.points import FrameState
from emotalker.engine.tracking.fitting.rotations import log_rotation
from emotalker.engine.tracking.track import Track

TRUNK = 3
"""Unknowns of the trunk."""
NECK = JOINTS.index("neck")
LOCAL = [JOINTS.index(name) for name in ("jaw", "eye_l", "eye_r")]


@dataclass
class Unknowns:
    """What is refined, for T frames.

    A step has K + 13 + 3 numbers: those of `FrameState.moved`, then a turn of the trunk about the neck joint. The
    trunk's place follows the head's, so that together head and trunk move freely.

    Attributes:
        head: expression, jaw, gaze and the rigid motion of the head in camera space.
        trunk: rotation of the root in the world [T, 3, 3].
    """

    head: FrameState
    trunk: Tensor

    def __len__(self) -> int:
        return len(self.trunk)

    def __getitem__(self, frames: slice | Tensor) -> Unknowns:
        return Unknowns(self.head[frames], self.trunk[frames])

    @staticmethod
    def joined(parts: list[Unknowns]) -> Unknowns:
        """Frames of `parts` in order."""
        return Unknowns(FrameState.joined([p.head for p in parts]), torch.cat([p.trunk for p in parts]))

    def moved(self, step: Tensor) -> Unknowns:
        """The unknowns after a step [T, K + 16]; coefficients stay in [0, 1]."""
        return Unknowns(self.head.moved(step[:, :-TRUNK]), axis_angle_to_matrix(step[:, -TRUNK:]) @ self.trunk)

    def differences(self, before: Unknowns | None) -> Tensor:
        """Change of every unknown from the frame in front [T, K + 16], float64; without one `before`, 0 first."""
        whole = self if before is None else Unknowns.joined([before, self])
        h = whole.head
        change = torch.cat(
            [
                h.psi.diff(dim=0), h.jaw.diff(dim=0), h.gaze.diff(dim=0), _turns(h.rotation),
                h.translation.diff(dim=0), _turns(whole.trunk),
            ],
            1,
        ).double()  # fmt: skip
        return change if before is not None else torch.cat([torch.zeros_like(self.step()[:1]).double(), change])

    def step(self) -> Tensor:
        """A step of zeros [T, K + 16]."""
        k = self.head.psi.shape[1]
        return self.trunk.new_zeros(len(self), k + 13 + TRUNK)


def unknowns_of(track: Track, joints: Tensor, camera: Camera) -> Unknowns:
    """The unknowns of a track.

    Args:
        track: T frames.
        joints: rest joints of the person [6, 3], metres.
        camera: the person's camera, of any size.
    """
    turn, shift = _view(camera)
    trunk = axis_angle_to_matrix(torch.from_numpy(track.root_rotation))
    world = trunk @ axis_angle_to_matrix(torch.from_numpy(track.neck))
    neck = joints[NECK]
    place = trunk @ neck + torch.from_numpy(track.root_translation) - world @ neck
    head = FrameState(
        torch.from_numpy(track.psi).clone(),
        torch.from_numpy(track.jaw).clone(),
        torch.from_numpy(track.eyes[..., :2]).flatten(1).clone(),
        turn @ world,
        place @ turn.T + shift,
    )
    return Unknowns(head, trunk)


def refined_track(track: Track, unknowns: Unknowns, joints: Tensor, camera: Camera) -> Track:
    """`track` with the pose and expression of `unknowns`; what was observed stays as it was."""
    turn, shift = _view(camera)
    world = turn.T @ unknowns.head.rotation
    place = (unknowns.head.translation - shift) @ turn
    neck = joints[NECK]
    root_shift = world @ neck + place - unknowns.trunk @ neck
    h, trunk = unknowns.head, unknowns.trunk
    return replace(
        track, psi=_f32(h.psi), jaw=_f32(h.jaw), neck=_f32(log_rotation(trunk.transpose(1, 2) @ world)),
        eyes=_f32(h.eyes), root_rotation=_f32(log_rotation(trunk)), root_translation=_f32(root_shift),
    )  # fmt: skip


def world_transforms(unknowns: Unknowns, step: Tensor, joints: Tensor, camera: Camera) -> Tensor:
    """Rest-to-world transforms of the six joints [T, 6, 3, 4] after a step [T, K + 16]; differentiable in the step."""
    h, k = unknowns.head, unknowns.head.psi.shape[1]
    turn, shift = _view(camera)
    rotation = turn.T @ axis_angle_to_matrix(step[:, k + 7 : k + 10]) @ h.rotation
    place = (h.translation + step[:, k + 10 : k + 13] - shift) @ turn
    trunk = axis_angle_to_matrix(step[:, -TRUNK:]) @ unknowns.trunk
    neck = joints[NECK]
    root = torch.cat([trunk, (rotation @ neck + place - trunk @ neck)[..., None]], -1)
    head = torch.cat([rotation, place[..., None]], -1)
    gaze = (h.gaze + step[:, k + 3 : k + 7]).view(-1, 2, 2)
    own = torch.stack(
        [h.jaw + step[:, k : k + 3], *torch.cat([gaze, torch.zeros_like(gaze[..., :1])], -1).unbind(1)], 1
    )
    turns = axis_angle_to_matrix(own)
    centres = joints[LOCAL]
    about = centres[..., None] - turns @ centres[..., None]
    local = torch.cat([rotation[:, None] @ turns, rotation[:, None] @ about + place[:, None, :, None]], -1)
    return torch.cat([root[:, None], head[:, None], head[:, None], local], 1)


def _view(camera: Camera) -> tuple[Tensor, Tensor]:
    view = torch.from_numpy(camera.viewmat)
    return view[:3, :3], view[:3, 3]


def _f32(values: Tensor) -> NDArray[np.float32]:
    return np.ascontiguousarray(values.numpy(), np.float32)


def _turns(rotations: Tensor) -> Tensor:
    return log_rotation(rotations[1:] @ rotations[:-1].transpose(1, 2))
