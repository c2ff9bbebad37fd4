"""Of all colours that give the recorded pictures, those that change least along the surface.

Gaussians that share a pixel in every frame share one colour sum; how it is split among them is chance, and falls apart
as soon as the camera goes aside. The split taken here is the smoothest one: sum over pixels of squared changes of the
picture plus `EVEN` times the sum over neighbours of squared differences is made least, by conjugate gradients.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csc_matrix, diags
from scipy.sparse.linalg import splu
from scipy.spatial import cKDTree
from torch import Tensor

from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.blendshapes import GaussianBlendshapes
from emotalker.engine.gaussians.gaussians import SH_C0, Gaussians
from emotalker.engine.head.model import HeadModel
from emotalker.engine.render.rasterizer import rasterize
from emotalker.engine.training.finishing.grazing import Sight
from emotalker.engine.training.finishing.settle import Pose

F64 = NDArray[np.float64]
Mask = NDArray[np.bool_]
REGIONS = ("scalp", "ears", "neck", "lips")
"""Parts of the head whose colours end where they end; skin is the rest."""
NEIGHBOURS, ACROSS = 10, 0.03
"""Neighbours of a Gaussian, and the weight of one in another region."""
TURN = 0.006
"""Metres apart that neighbours seem for a unit difference of their normals: front and back of an ear are two places."""
MIRRORED, MIRROR_WEIGHT, MIRROR_RADIUS = 4, 0.15, 0.006
"""Counterparts on the other side of the head, their weight together, and metres over which it fades."""
EVEN, FIRM = 0.02, 30.0
"""Weight of squared differences between neighbours against squared errors of pixels (of a picture 256 wide), and how
much more it weighs on the far side: what shines from there through thin places of the near side is chance."""
KEEP = 5.0
"""Weight of a squared change to a Gaussian without doubt, in such pixels."""
ROUNDS = 10
"""Conjugate-gradient steps; from there on the picture changes by less than a hundredth of a decibel."""


def neighbours(shapes: GaussianBlendshapes, points: F64, seen: Sight, part: Mask, head: HeadModel) -> csc_matrix:
    """Graph Laplacian [N, N] over Gaussians in doubt, their neighbours and counterparts.

    Args:
        shapes: N Gaussians.
        points: where each was sampled [N, 3], metres.
        seen: how the frames show them.
        part: Gaussians that may be neighbours [N].
        head: the head model.
    """
    count, chosen = len(points), np.nonzero(part)[0]
    if len(chosen) < 2:
        return csc_matrix((count, count))
    corners = head.triangles[shapes.triangle]
    region = np.zeros(count, np.int64)
    for number, name in enumerate(REGIONS):
        region[head.regions[name][corners].sum(1) >= 2] = number + 1
    doubt = seen.doubt * (1 + FIRM * seen.turned)
    places = np.concatenate([points, seen.normal * TURN], 1)[chosen]
    tree = cKDTree(places)
    distance, near = tree.query(places, min(NEIGHBOURS + 1, len(chosen)))
    reach = np.maximum(distance[:, -1:], 5e-4)
    owner = np.repeat(chosen, near.shape[1] - 1)
    other = chosen[near[:, 1:].ravel()]
    weight = np.exp(-((distance[:, 1:] / reach) ** 2)).ravel() * (doubt[owner] + doubt[other]) / 2
    distance, near = tree.query(places * np.array([-1, 1, 1, -1, 1, 1]), min(MIRRORED, len(chosen)))
    twins, opposite = np.repeat(chosen, near.shape[1]), chosen[near.ravel()]
    fading = MIRROR_WEIGHT / MIRRORED * np.exp(-((distance / MIRROR_RADIUS) ** 2)).ravel()
    owner, other = np.concatenate([owner, twins]), np.concatenate([other, opposite])
    weight = np.concatenate([weight, fading * doubt[twins]]) * np.where(region[owner] == region[other], 1, ACROSS)
    half = coo_matrix((weight, (owner, other)), (count, count)).tocsr()
    both = half + half.T
    return csc_matrix(diags(np.asarray(both.sum(1)).ravel()) - both)


class BlendingWeights:
    """The matrix A that takes the N colours to the pixels of some frames; only its products are ever made.

    Args:
        shapes: N Gaussians.
        poses: the frames.
        camera: their view.
    """

    def __init__(self, shapes: GaussianBlendshapes, poses: Sequence[Pose], camera: Camera) -> None:
        with torch.no_grad():
            self._frames = [shapes.posed(*pose) for pose in poses]
        self._camera, self._count = camera, len(shapes)

    def pictures(self) -> list[Tensor]:
        """Colour of each frame [H, W, 3], not multiplied by alpha."""
        with torch.no_grad():
            drawn = [rasterize(frame, self._camera) for frame in self._frames]
        return [d.rgb / d.alpha.clamp_min(0.05)[..., None] for d in drawn]

    def misses(self, wanted: Sequence[Tensor]) -> F64:
        """A^T (wanted - A c) [N, 3] for the colours the Gaussians have; what they leave transparent misses nothing."""
        return self._back(lambda f: f.sh, lambda k, rgb, alpha: (wanted[k] * alpha[..., None] - rgb) / SH_C0)

    def normal(self, colours: F64) -> F64:
        """A^T A c for SH colours c [N, 3] of either sign."""
        values = torch.from_numpy(colours).float()
        # rendered colours end at zero, so render around the middle and take the middle off again
        scale = 1.5 / max(float(values.abs().max()), 1e-9)
        shown = (values * scale)[:, None]
        return self._back(lambda f: shown, lambda k, rgb, alpha: (rgb - 0.5 * alpha[..., None]) / (scale * SH_C0))

    def _back(self, colours: Callable[[Gaussians], Tensor], pixels: Callable[[int, Tensor, Tensor], Tensor]) -> F64:
        """A^T y [N, 3], averaged over frames, in pixels of a picture 256 wide."""
        total = torch.zeros(self._count, 3, dtype=torch.float64)
        for number, frame in enumerate(self._frames):
            sh = colours(frame).detach().clone().requires_grad_(True)
            with torch.enable_grad():
                drawn = rasterize(replace(frame, sh=sh), self._camera)
                (drawn.rgb * pixels(number, drawn.rgb.detach(), drawn.alpha.detach())).sum().backward()
            if sh.grad is not None:
                total += sh.grad[:, 0]
        return np.asarray(total.numpy() / (len(self._frames) * SH_C0) * (256 / self._camera.width) ** 2)


def even_out(
    shapes: GaussianBlendshapes, weights: BlendingWeights, wanted: Sequence[Tensor], graph: csc_matrix, doubt: F64
) -> None:
    """Spread colours evenly over Gaussians in doubt, so that the frames still look as wanted.

    Args:
        shapes: N Gaussians, changed in place.
        weights: how they mix in some frames.
        wanted: `BlendingWeights.pictures` those frames are to have.
        graph: of `neighbours`.
        doubt: how much each may change [N].
    """
    first = shapes.base.sh[:, 0].double().numpy()
    held = csc_matrix(EVEN * graph + diags(KEEP * (1 - doubt) + 1e-5))
    # row sums of A^T A are no less than it, so this is a safe and close preconditioner
    solve = splu(csc_matrix(held + diags(np.maximum(weights.normal(np.ones((len(shapes), 3)))[:, 0], 0)))).solve
    left = weights.misses(wanted) - EVEN * (graph @ first)
    change, step = np.zeros_like(first), solve(left)
    along, before = step, (left * step).sum(0)
    for _ in range(ROUNDS):
        if not (before > 1e-10).all():
            break
        image = weights.normal(along) + held @ along
        length = before / (along * image).sum(0)
        change += length * along
        left -= length * image
        step = solve(left)
        now = (left * step).sum(0)
        along, before = step + now / before * along, now
    shapes.base.sh[:, 0] = torch.from_numpy(first + change).to(shapes.base.sh)
