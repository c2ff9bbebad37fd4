"""Dense torch reference of the rasterizer: every Gaussian meets every pixel, any dtype, gradients by autograd.

It follows the kernels' thresholds one by one and exists to be right: tests compare every backend with it.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.cpu.constants import BLUR_PIXELS2, NEAR_METRES
from emotalker.engine.gaussians.cpu.project import slope_limits
from emotalker.engine.gaussians.gaussians import SH_C0, Gaussians
from emotalker.engine.render.rasterizer import Render

ALPHA_MIN = 1.0 / 255.0
ALPHA_MAX = 0.999
T_MIN = 1e-4


class Splats(NamedTuple):
    """Gaussians on the screen, one row each, in the order of the Gaussians.

    Attributes:
        means2d: [N, 2], pixels.
        conics: inverse covariances (xx, xy, yy) [N, 3], 1 / pixels^2.
        opacities: [N]; 0 where the Gaussian is culled.
        colours: [N, 3].
        depths: [N], metres.
        extents: half extents of the visible ellipse [N, 2], pixels, no gradient; 0 where culled.
    """

    means2d: Tensor
    conics: Tensor
    opacities: Tensor
    colours: Tensor
    depths: Tensor
    extents: Tensor


def spherical_harmonics(directions: Tensor, count: int) -> Tensor:
    """The first `count` (1, 4, 9 or 16) real spherical harmonics [N, count] at unit directions [N, 3]."""
    x, y, z = directions.unbind(-1)
    basis = [torch.full_like(x, SH_C0)]
    if count > 1:
        basis += [-0.4886025119029199 * y, 0.4886025119029199 * z, -0.4886025119029199 * x]
    if count > 4:
        basis += [
            1.0925484305920792 * x * y,
            -1.0925484305920792 * y * z,
            0.31539156525252005 * (2 * z * z - x * x - y * y),
            -1.0925484305920792 * x * z,
            0.5462742152960396 * (x * x - y * y),
        ]
    if count > 9:
        basis += [
            -0.5900435899266435 * y * (3 * x * x - y * y),
            2.890611442640554 * x * y * z,
            -0.4570457994644658 * y * (4 * z * z - x * x - y * y),
            0.3731763325901154 * z * (2 * z * z - 3 * x * x - 3 * y * y),
            -0.4570457994644658 * x * (4 * z * z - x * x - y * y),
            1.445305721320277 * z * (x * x - y * y),
            -0.5900435899266435 * x * (x * x - 3 * y * y),
        ]
    return torch.stack(basis, -1)


def quats_to_matrices(quats: Tensor) -> Tensor:
    """Rotation matrices [N, 3, 3] of quaternions [N, 4] wxyz, normalised here."""
    w, x, y, z = torch.nn.functional.normalize(quats, dim=-1).unbind(-1)
    rows = [
        1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
        2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
        2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
    ]  # fmt: skip
    return torch.stack(rows, -1).reshape(-1, 3, 3)


def project(gaussians: Gaussians, camera: Camera) -> Splats:
    """EWA projection with activations and colours, in the dtype of the Gaussians."""
    means = gaussians.means
    view = torch.as_tensor(camera.viewmat).to(means)
    fx, fy, cx, cy = (float(camera.K[i, j]) for i, j in ((0, 0), (1, 1), (0, 2), (1, 2)))
    x, y, depth = (means @ view[:3, :3].T + view[:3, 3]).unbind(-1)
    # Culled Gaussians are moved to a harmless depth, so that no NaN enters the graph.
    front = depth.detach() >= NEAR_METRES
    z = torch.where(front, depth, torch.ones_like(depth))
    x_low, x_high, y_low, y_high = slope_limits(camera)
    ux, uy, zero = (x / z).clamp(x_low, x_high), (y / z).clamp(y_low, y_high), torch.zeros_like(z)
    jacobian = torch.stack([fx / z, zero, -fx * ux / z, zero, fy / z, -fy * uy / z], -1).reshape(-1, 2, 3)
    factor = jacobian @ view[:3, :3] @ (quats_to_matrices(gaussians.quats) * gaussians.log_scales.exp()[:, None, :])
    covariance = factor @ factor.transpose(1, 2)
    a, b, c = covariance[:, 0, 0] + BLUR_PIXELS2, covariance[:, 0, 1], covariance[:, 1, 1] + BLUR_PIXELS2
    determinant = a * c - b * b
    opacities = gaussians.logit_opacities.sigmoid()
    seen = front & (opacities.detach() >= ALPHA_MIN) & (determinant.detach() > 0)
    reach = 2 * torch.log((opacities.detach() / ALPHA_MIN).clamp_min(1))
    extents = torch.sqrt(reach[:, None] * torch.stack([a, c], -1).detach())
    eye = -torch.linalg.inv(view[:3, :3]) @ view[:3, 3]
    basis = spherical_harmonics(torch.nn.functional.normalize(means - eye, dim=-1), gaussians.sh.shape[1])
    return Splats(
        torch.stack([fx * x / z + cx, fy * y / z + cy], -1),
        torch.stack([c, -b, a], -1) / determinant[:, None],
        torch.where(seen, opacities, zero),
        ((basis[..., None] * gaussians.sh).sum(1) + 0.5).clamp_min(0),
        depth,
        torch.where(seen[:, None], extents, torch.zeros_like(extents)),
    )


def blend_weights(splats: Splats, pixels: Tensor) -> tuple[Tensor, Tensor]:
    """Weights [N, P] of depth-sorted splats at pixel centres [P, 2], and what light is left [P]."""
    dx = pixels[None, :, 0] - splats.means2d[:, None, 0]
    dy = pixels[None, :, 1] - splats.means2d[:, None, 1]
    a, b, c = (v[:, None] for v in splats.conics.unbind(-1))
    alpha = splats.opacities[:, None] * torch.exp(-0.5 * (a * dx * dx + c * dy * dy) - b * dx * dy)
    alpha = alpha.clamp_max(ALPHA_MAX)
    alpha = torch.where(alpha >= ALPHA_MIN, alpha, torch.zeros_like(alpha))
    # The first Gaussian that takes the light below the threshold still counts; those behind it do not.
    with torch.no_grad():
        before = torch.cat([torch.ones_like(alpha[:1]), torch.cumprod(1 - alpha, 0)])[:-1]
    alpha = torch.where(before > T_MIN, alpha, torch.zeros_like(alpha))
    through = torch.cat([torch.ones_like(alpha[:1]), torch.cumprod(1 - alpha, 0)])
    return alpha * through[:-1], through[-1]


def rasterize_reference(gaussians: Gaussians, camera: Camera, *, with_depth: bool = False) -> Render:
    """Render without background in the dtype of the Gaussians; memory grows as N x H x W, for tests only."""
    splats = project(gaussians, camera)
    order = torch.argsort(splats.depths.detach(), stable=True)
    splats = Splats(*(v[order] for v in splats))
    like = splats.means2d
    ys, xs = torch.meshgrid(
        torch.arange(camera.height).to(like) + 0.5, torch.arange(camera.width).to(like) + 0.5, indexing="ij"
    )
    weights, left = blend_weights(splats, torch.stack([xs.reshape(-1), ys.reshape(-1)], -1))
    size = camera.height, camera.width
    rgb = (weights.T @ splats.colours).reshape(*size, 3)
    depth = (weights.detach().T @ splats.depths.detach()).reshape(size) if with_depth else None
    return Render(rgb, (1 - left).reshape(size), depth)
