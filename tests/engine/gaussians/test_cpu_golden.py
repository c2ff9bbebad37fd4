"""Our rasterizers against pictures that gsplat made on a GPU."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.cpu import rasterize_cpu
from emotalker.engine.gaussians.gaussians import Gaussians
from emotalker.engine.gaussians.reference import rasterize_reference
from emotalker.engine.render.rasterizer import Render

GOLDEN = Path(__file__).resolve().parents[4] / "shared" / "data" / "golden"
POSITION = (0.123, 0.456, -8.0)


@pytest.mark.data
@pytest.mark.parametrize("case", ["tiny", "basic"])
@pytest.mark.parametrize("rasterizer", [rasterize_cpu, rasterize_reference])
def test_golden_case(case: str, rasterizer: Callable[[Gaussians, Camera], Render]) -> None:
    """Degree 3 colours, alpha and shape agree with gsplat within 1e-5 absolute or 1 %."""
    file = GOLDEN / f"{case}_case.safetensors"
    if not file.exists():
        pytest.skip(f"{file} is not there")
    data = load_file(file)
    height, width = data["out_img"].shape[:2]
    view = np.eye(4, dtype=np.float32)
    view[:3, 3] = -np.array(POSITION)
    focal = width / 2
    camera = Camera(
        view, np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]], np.float32), width, height
    )
    gaussians = Gaussians(data["means"], data["quats"], data["scales"], data["opacities"], data["coeffs"])
    render = rasterizer(gaussians, camera)
    ours = torch.cat([render.rgb, render.alpha[..., None]], -1)
    error = (ours - data["out_img"]).abs()
    assert bool((error <= torch.maximum(torch.tensor(1e-5), 0.01 * data["out_img"].abs())).all())
