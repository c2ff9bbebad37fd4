"""One picture of a twin with a see-through background, for screenshots."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from emotalker.engine.camera import Camera
from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.engine.gaussians.cpu import GaussianArrays, rasterize_cpu
from emotalker.engine.gaussians.gaussians import Gaussians

if TYPE_CHECKING:
    from emotalker.engine.avatar import Avatar

LEAST_ALPHA = 0.5 / 255


def still_rgba(scene: Avatar | Gaussians | GaussianArrays, camera: Camera) -> NDArray[np.uint8]:
    """The person alone, u8 [H, W, 4]: red, green, blue and straight (not premultiplied) alpha, as PNG files want it.

    Args:
        scene: Gaussians in world space, or a twin, which is then shown neutral and silent.
        camera: the view.
    """
    with torch.inference_mode():
        render = rasterize_cpu(_gaussians(scene), camera)
        alpha = render.alpha.clamp(0, 1)[..., None]
        # below half a level of alpha the colour is noise, and nothing shows it
        colour = torch.where(alpha >= LEAST_ALPHA, render.rgb / alpha.clamp_min(LEAST_ALPHA), 0)
        picture = torch.cat([colour.clamp(0, 1), alpha], -1)
        return np.asarray((picture * 255 + 0.5).to(torch.uint8).numpy())


def _gaussians(scene: Avatar | Gaussians | GaussianArrays) -> Gaussians:
    if isinstance(scene, Gaussians):
        return scene
    if isinstance(scene, GaussianArrays):
        return Gaussians(*(torch.from_numpy(np.ascontiguousarray(a, np.float32)) for a in scene))
    return scene.pose(0.0, EmotionCurve.constant("neutral", 0.0))
