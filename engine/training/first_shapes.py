"""The Gaussians a person begins with, taken from the calmest training frame; grey ones for an ablation."""

from __future__ import annotations

import numpy as np

from emotalker.engine.gaussians.blendshapes import FACE, GaussianBlendshapes
from emotalker.engine.gaussians.cpu import morton_order
from emotalker.engine.gaussians.initialise import initial_blendshapes
from emotalker.engine.gaussians.surroundings import ReferenceFrame
from emotalker.engine.training.frames import TrainingFrames


def first_shapes(frames: TrainingFrames, count: int, degree: int, seed: int) -> GaussianBlendshapes:
    """About `count` untrained Gaussians with the colours of the frame nearest to rest, near ones near in memory.

    Args:
        frames: the training frames.
        count: number of Gaussians N.
        degree: degree of the spherical harmonics.
        seed: makes the sampling repeatable.
    """
    number = frames.nearest_to_rest()
    sample, (clip, frame) = frames.read(number), frames.index[number]
    posed = frames.clips[clip]
    reference = ReferenceFrame(
        sample.image.numpy(), sample.matte.numpy(), posed.bones[frame], posed.root[frame], posed.psi[frame]
    )
    shapes = initial_blendshapes(frames.head, frames.identity, frames.camera, reference, count, degree, seed)
    return shapes.select(morton_order(shapes.base.means).numpy().astype(np.int64))


def grey_shapes(frames: TrainingFrames, count: int, seed: int) -> GaussianBlendshapes:
    """Untrained Gaussians whose face is grey: a neutral state that knows nothing of the person (w/o NGI).

    Torso and teeth, which stage 2 leaves alone, keep their first colours, so that a comparison is about the face.
    """
    shapes = first_shapes(frames, count, 0, seed)
    shapes.base.sh[shapes.layer == FACE] = 0
    return shapes
