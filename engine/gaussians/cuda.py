"""The CUDA backend: gsplat 1.5.3 behind the signature of the CPU rasterizer.

Nothing here waits for the card; gsplat itself does once a render, where it reads the number of (Gaussian, tile) pairs
to make room for them.

gsplat is an optional extra and imports happily on a machine where it cannot run; only a real render tells, so ask
`probe_cuda` before choosing this backend.
"""

from __future__ import annotations

import functools
import importlib.util
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from emotalker.engine.camera import Camera
from emotalker.engine.errors import UserError
from emotalker.engine.gaussians.cpu.constants import BLUR_PIXELS2, NEAR_METRES, TILE
from emotalker.engine.gaussians.gaussians import FIELDS, Gaussians
from emotalker.engine.render.rasterizer import RasterProbe, Render

SH_CONSTANT = 0.28209479177387814
"""Spherical harmonic of degree 0."""


@dataclass(frozen=True)
class CudaProbe:
    """Whether the CUDA backend renders on this machine.

    Attributes:
        ok: it rendered one Gaussian and its gradient.
        reason: one plain sentence: the card's name, or what is in the way.
    """

    ok: bool
    reason: str


def _watch(probe: RasterProbe, radii: Tensor, means2d: Tensor) -> None:
    """Fill the probe from gsplat's per-image radii [1, N, 2] and screen means [1, N, 2], the gradient by a hook."""
    sides = radii[0].detach()
    probe.visible = (sides > 0).all(-1)
    probe.radii = torch.where(probe.visible, sides.amax(-1), 0).to(torch.float32)
    probe.means2d_grad = None
    if means2d.requires_grad:

        def keep(grad: Tensor) -> None:
            probe.means2d_grad = grad[0].norm(dim=-1)

        means2d.register_hook(keep)


def rasterize_cuda(
    gaussians: Gaussians, camera: Camera, *, with_depth: bool = False, probe: RasterProbe | None = None
) -> Render:
    """Render Gaussians with gsplat, differentiable in every field.

    Args:
        gaussians: N >= 0 Gaussians in world space; those not on a CUDA device are brought to the first one.
        camera: the view.
        with_depth: also return depth (no gradient).
        probe: filled with what densification needs; its gradient after `backward`.

    Returns:
        The premultiplied render without background, on the CUDA device.

    Raises:
        UserError: if the backend does not run on this machine.
    """
    state = probe_cuda()
    if not state.ok:
        raise UserError("The CUDA backend does not run here.", state.reason, "Choose the CPU device instead.")
    return _render(gaussians, camera, with_depth, probe)


@functools.lru_cache(maxsize=64)
def _on_device(view: bytes, intrinsics: bytes, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """A camera brought to a device once: viewmat [1, 4, 4], K [1, 3, 3], and its centre in world space [3]."""
    viewmat, matrix = (np.frombuffer(b, np.float32).reshape(n, n).copy() for b, n in ((view, 4), (intrinsics, 3)))
    centre = (-np.linalg.inv(viewmat[:3, :3].astype(np.float64)) @ viewmat[:3, 3]).astype(np.float32)
    view_on, matrix_on, centre_on = (torch.from_numpy(a).to(device) for a in (viewmat, matrix, centre))
    return view_on[None], matrix_on[None], centre_on


def _colours(means: Tensor, sh: Tensor, degree: int, centre: Tensor) -> Tensor:
    """Colours [N, 3] seen from `centre`.

    gsplat would do it itself, but it inverts the camera on the card for that, and `torch.inverse` waits for the card.
    """
    if degree == 0:
        return (sh[:, 0] * SH_CONSTANT + 0.5).clamp_min(0)
    from gsplat import spherical_harmonics

    return (spherical_harmonics(degree, means - centre, sh) + 0.5).clamp_min(0)


def _render(gaussians: Gaussians, camera: Camera, with_depth: bool, probe: RasterProbe | None) -> Render:
    from gsplat import rasterization

    device = gaussians.means.device if gaussians.means.is_cuda else torch.device("cuda")
    means, quats, log_scales, logits, sh = (getattr(gaussians, n).to(device, torch.float32) for n in FIELDS)
    height, width = int(camera.height), int(camera.width)
    if len(means) == 0:
        rgb, alpha = torch.zeros(height, width, 3, device=device), torch.zeros(height, width, device=device)
        if probe is not None:
            nothing = torch.zeros(0, device=device)
            probe.visible, probe.radii, probe.means2d_grad = nothing.bool(), nothing, nothing
        return Render(rgb, alpha, alpha.clone() if with_depth else None)
    view, intrinsics = (np.ascontiguousarray(a, np.float32).tobytes() for a in (camera.viewmat, camera.K))
    viewmat, matrix, centre = _on_device(view, intrinsics, device)
    colours, alphas, meta = rasterization(
        means,
        quats,
        log_scales.exp(),
        logits.sigmoid(),
        _colours(means, sh, gaussians.sh_degree, centre),
        viewmat,
        matrix,
        width,
        height,
        near_plane=NEAR_METRES,
        eps2d=BLUR_PIXELS2,
        tile_size=TILE,
        # Not packed: every Gaussian keeps its row, which is what the probe reports, and heads fit the memory.
        packed=False,
        render_mode="RGB+D" if with_depth else "RGB",
        rasterize_mode="classic",
    )
    if probe is not None:
        _watch(probe, meta["radii"], meta["means2d"])
    depth = colours[0, ..., 3].detach() if with_depth else None
    return Render(colours[0, ..., :3], alphas[0, ..., 0], depth)


@functools.cache
def probe_cuda() -> CudaProbe:
    """Render one Gaussian and its gradient with gsplat; the first time on a machine gsplat may compile for minutes."""
    if not torch.cuda.is_available():
        return CudaProbe(False, "PyTorch finds no CUDA card on this computer.")
    if importlib.util.find_spec("gsplat") is None:
        return CudaProbe(False, "The package gsplat is not installed; the extra [cuda] brings it.")
    camera = Camera(np.eye(4, dtype=np.float32), np.array([[16, 0, 8], [0, 16, 8], [0, 0, 1]], np.float32), 16, 16)
    means = torch.tensor([[0.0, 0.0, 1.0]], device="cuda", requires_grad=True)
    rest = [torch.tensor(v, device="cuda") for v in ([[1.0, 0, 0, 0]], [[-2.0, -2, -2]], [2.0], [[[0.5, 0.5, 0.5]]])]
    try:
        with torch.enable_grad():
            render = _render(Gaussians(means, *rest), camera, False, None)
            (slope,) = torch.autograd.grad(render.alpha.sum() + render.rgb.sum(), means)
        shown, sane = float(render.alpha.detach().max()), bool(torch.isfinite(slope).all())
    except Exception as error:
        # Whatever breaks in a compiler, a driver or a package means the same here: the sentence goes to the user.
        lines = str(error).strip().splitlines()
        return CudaProbe(
            False, f"gsplat cannot render here ({type(error).__name__}: {lines[0] if lines else 'no text'})."
        )
    if not (0.5 < shown <= 1.0 and sane):
        return CudaProbe(False, f"gsplat rendered a wrong picture of one Gaussian (alpha {shown:.3f}).")
    return CudaProbe(True, torch.cuda.get_device_name())
