"""From posed Gaussians to what a frame holds: camera, background, and a picture where the viewport wants one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from emotalker.engine.avatar import Avatar
from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.cpu import GaussianArrays, PlaybackRenderer
from emotalker.engine.gaussians.gaussians import Gaussians
from emotalker.engine.playback.scene import Look
from emotalker.engine.render.backdrop import backdrop_or_plate
from emotalker.engine.render.view import camera_of

U8 = NDArray[np.uint8]


class Drawer:
    """Draws frame after frame; for one thread.

    Args:
        on_notice: takes a sentence for the user, such as that a background picture is gone.
    """

    def __init__(self, on_notice: Callable[[str], None] = lambda text: None) -> None:
        self._renderer = PlaybackRenderer()
        self._on_notice = on_notice
        self._told = ""
        self._seen: tuple[Avatar, Look] | None = None
        self._camera: Camera | None = None
        self._background: U8 | None = None
        self._on_card: torch.Tensor | None = None

    def draw(self, avatar: Avatar, look: Look, arrays: GaussianArrays) -> tuple[U8 | None, Camera, U8]:
        """Picture (None for "gl"), camera and background of a frame.

        A background that cannot be read is told once, and the recorded one stands in for it.

        Raises:
            UserError: if the backend does not run here.
        """
        camera, background = self._surroundings(avatar, look)
        if look.backend == "gl":
            return None, camera, background
        if look.backend == "cuda":
            return self._by_card(arrays, camera, background), camera, background
        # a new picture every time: nobody knows how long a window keeps the last one
        return self._renderer.render(arrays, camera, background), camera, background

    def _surroundings(self, avatar: Avatar, look: Look) -> tuple[Camera, U8]:
        if self._seen is None or self._seen[0] is not avatar or self._seen[1] != look:
            self._seen = None
            self._camera = camera_of(avatar, look.view, look.width, look.height)
            self._background, error = backdrop_or_plate(
                look.background, avatar.plate, look.view, look.width, look.height
            )
            if error is not None and self._told != look.background:
                self._on_notice(f"{error.what} The recorded background is shown instead. {error.what_to_do}")
            self._told = look.background if error is not None else ""
            self._on_card = None
            self._seen = (avatar, look)
        assert self._camera is not None
        assert self._background is not None
        return self._camera, self._background

    def _by_card(self, arrays: GaussianArrays, camera: Camera, background: U8) -> U8:
        from emotalker.engine.gaussians.cuda import rasterize_cuda

        device = torch.device("cuda")
        if self._on_card is None:
            self._on_card = torch.from_numpy(background).to(device, torch.float32)
        with torch.inference_mode():
            render = rasterize_cuda(Gaussians(*(torch.from_numpy(a).to(device) for a in arrays)), camera)
            picture = 255 * render.rgb + (1 - render.alpha)[..., None] * self._on_card
            return np.asarray((picture + 0.5).clamp(0, 255).to(torch.uint8).cpu().numpy())
