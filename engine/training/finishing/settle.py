"""Last touch of a fit: Gaussians that no recorded frame shows keep what they were given, in the colours around them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from torch import Tensor

from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.blendshapes import TORSO, GaussianBlendshapes
from emotalker.engine.head.model import HeadModel
from emotalker.engine.render.rasterizer import rasterize

SHOWN = 0.05
"""Pixels (of a picture 256 wide) that a Gaussian must cover on average to count as seen."""
NEIGHBOURS = 8
"""Seen Gaussians whose colours an unseen one takes."""

Pose = tuple[Tensor, Tensor, Tensor]
"""Expression [K], bones [6, 3, 4] and root [3, 4] of a frame."""


def covered(shapes: GaussianBlendshapes, poses: Sequence[Pose], camera: Camera, backend: str = "cpu") -> Tensor:
    """How many pixels each Gaussian covers on average, in pixels of a picture 256 wide [N].

    The blending weight of a Gaussian is the derivative of the picture's sum by its colour.
    """
    total = torch.zeros(len(shapes))
    for psi, bones, root in poses:
        with torch.no_grad():
            world = shapes.pose(shapes.blend(psi), bones, root)
        flat = torch.full((len(shapes), 1, 3), 0.5, device=world.means.device).requires_grad_(True)
        world.sh = flat
        with torch.enable_grad():
            rasterize(world, camera, backend=backend).rgb.sum().backward()
        if flat.grad is not None:
            total += flat.grad[:, 0].mean(-1).cpu()
    # a colour is .5 + C0 sh, so the derivative by sh is C0 times the weight
    return total / (len(poses) * 0.28209479) * (256 / camera.width) ** 2


def inside_mouth(shapes: GaussianBlendshapes, head: HeadModel) -> NDArray[np.bool_]:
    """Gaussians of teeth, tongue and the cavity of the mouth [N]."""
    inside = np.zeros(len(head.template), bool)
    for region in ("teeth_upper", "teeth_lower", "tongue", "interior"):
        inside |= head.regions.get(region, False)
    return np.asarray(inside[head.triangles[shapes.triangle]].all(1) & (shapes.layer != TORSO), np.bool_)


def settle(shapes: GaussianBlendshapes, homes: Tensor, shown: Tensor, leave: NDArray[np.bool_]) -> None:
    """Put Gaussians that were hardly seen back to their place, in the colour of their seen neighbours.

    Noise has moved and coloured them; from the recorded view that shows nowhere, from the side it shows as dirt.
    The face is taken to be symmetric: a neighbour is also one on the other side.

    Args:
        shapes: N fitted Gaussians, changed in place; nothing requires grad.
        homes: where each was sampled and its log-spacing [N, 4 or more].
        shown: of `covered` [N].
        leave: Gaussians that stay as they are [N]: the inside of the mouth is dark on purpose.
    """
    share = (shown / SHOWN).clamp(0, 1).to(shapes.base.means.device)
    share[torch.from_numpy(leave).to(share.device)] = 1
    doubtful = (share < 1).cpu().numpy()
    torso = shapes.layer == TORSO
    base = shapes.base
    if doubtful.all():
        return
    points = homes[:, :3].cpu().numpy()
    colours = base.sh[:, 0].clone()
    for part in (torso, ~torso):
        known, wanted = np.nonzero(part & ~doubtful & ~leave)[0], np.nonzero(part & doubtful)[0]
        if len(known) <= NEIGHBOURS or not len(wanted):
            continue
        sides = np.concatenate([points[known], points[known] * np.array([-1, 1, 1], np.float32)])
        distance, nearest = cKDTree(sides).query(points[wanted], NEIGHBOURS)
        weight = torch.from_numpy((1 / (distance + 1e-3) ** 2).astype(np.float32)).to(colours.device)
        around = base.sh[torch.from_numpy(known[nearest % len(known)]).to(colours.device), 0]
        colours[torch.from_numpy(wanted).to(colours.device)] = (around * weight[..., None]).sum(1) / weight.sum(1, True)
    s = share[:, None]
    base.means += (1 - s) * (homes[:, :3] - base.means)
    # never larger or denser: many are hardly seen because they were faded out beside the outline
    base.log_scales += (1 - s) * torch.clamp_max(homes[:, 3:4] - base.log_scales, 0)
    base.sh[:, 0] += (1 - s) * (colours - base.sh[:, 0])
    rows = torch.from_numpy(np.repeat(np.arange(len(shapes)), np.diff(shapes.deltas.start))).to(share.device)
    shapes.deltas.learned *= share[rows][:, None]
