"""The end of a fit: what the recorded view leaves open is decided by what a head looks like from the side."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.blendshapes import FACE, GaussianBlendshapes
from emotalker.engine.head.model import HeadModel
from emotalker.engine.training.finishing.even_colours import BlendingWeights, even_out, neighbours
from emotalker.engine.training.finishing.flatten import flatten
from emotalker.engine.training.finishing.grazing import front_teeth, sight
from emotalker.engine.training.finishing.settle import Pose, covered, inside_mouth, settle

THIN = 0.3
"""Thickness, in spacings, of Gaussians on the side that never faced the camera."""
TEETH = 0.3
"""Weight of neighbours among teeth, against those of skin: between them are gaps."""
EVERY = 2
"""Of the frames, one in so many is compared when colours are evened out."""


def tidy(
    shapes: GaussianBlendshapes,
    homes: Tensor,
    head: HeadModel,
    identity: Tensor,
    poses: Sequence[Pose],
    camera: Camera,
    even: bool = True,
) -> None:
    """Put in order what no frame shows and what frames show at a grazing angle only.

    The recorded pictures stay nearly as they are; from the side there is less dirt and a clearer outline.

    Args:
        shapes: N fitted Gaussians on the CPU, changed in place; nothing requires grad.
        homes: of `priors.homes_of` [N, 7].
        head: the head model.
        identity: the person's identity [I].
        poses: frames from the whole of the training clips.
        camera: their view, at a size fit for looking at.
        even: False sees only to what no frame shows at all, which is quicker and enough for the recorded view.
    """
    leave = inside_mouth(shapes, head)
    shown = covered(shapes, poses, camera)
    some = poses[::EVERY]
    wanted = BlendingWeights(shapes, some, camera).pictures() if even else []
    settle(shapes, homes, shown, leave)
    if not even:
        return
    upper, lower = front_teeth(shapes, homes, head)
    seen = sight(shapes, homes, shown, leave, upper | lower, head, identity, poses, camera)
    if not seen.doubt.any():
        return
    base, ray = shapes.base, torch.from_numpy(seen.ray).float()
    # along the view a Gaussian may be anywhere, so it goes where the surface is
    depth = ((base.means - homes[:, :3]) * ray).sum(1, keepdim=True)
    base.means -= torch.from_numpy(seen.doubt).float()[:, None] * depth * ray
    # blurred, the far side shows as a halo
    flatten(shapes, seen.normal, THIN * homes[:, 3].exp(), seen.turned * ~seen.beyond)
    points = homes[:, :3].double().numpy()
    part = np.asarray((shapes.layer == FACE) & ~leave, np.bool_)
    graph = neighbours(shapes, points, seen, part, head)
    for row in (upper, lower):
        graph += TEETH * neighbours(shapes, points, seen, row, head)
    even_out(shapes, BlendingWeights(shapes, some, camera), wanted, graph, seen.doubt)
