"""Where the landmarks of a tracked head fall in the picture."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from emotalker.engine.head.model import HeadModel, axis_angle_to_matrix
from emotalker.engine.tracking.fitting.points import FrameState, landmark_points
from emotalker.engine.tracking.track import Subject, Track

F32 = NDArray[np.float32]
CHUNK = 256


def tracked_landmarks(head: HeadModel, subject: Subject, track: Track, frames: slice = slice(None)) -> F32:
    """The 478 landmarks of the tracked head [T, 478, 2] as the landmarker would see them, pixels of the track's crop.

    Args:
        head: the head model.
        subject: the person.
        track: the clip.
        frames: which of its frames.
    """
    points = landmark_points(head).shaped(torch.from_numpy(subject.identity))
    neck_joint = head.shape(torch.from_numpy(subject.identity))[1][1]
    camera = subject.camera.resized(track.size, track.size)
    start, stop, _ = frames.indices(len(track))
    out = np.zeros((max(stop - start, 0), points.count, 2), np.float32)
    for first in range(start, stop, CHUNK):
        part = slice(first, min(first + CHUNK, stop))
        psi, jaw, neck, eyes, turn, shift = (
            torch.from_numpy(np.ascontiguousarray(a[part]))
            for a in (track.psi, track.jaw, track.neck, track.eyes, track.root_rotation, track.root_translation)
        )
        with torch.no_grad():
            still = torch.eye(3).expand(len(psi), 3, 3)
            local = points.positions(FrameState(psi, jaw, eyes[..., :2].flatten(1), still, torch.zeros(len(psi), 3)))
            local = (local - neck_joint) @ axis_angle_to_matrix(neck).transpose(1, 2) + neck_joint
            world = local @ axis_angle_to_matrix(turn).transpose(1, 2) + shift[:, None]
        out[part.start - start : part.stop - start] = camera.project(world.numpy())
    return out
