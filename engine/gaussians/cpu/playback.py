"""The path for showing: numpy in, bytes out, no graph, buffers kept between frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.cpu.pipeline import GaussianArrays, Scratch, draw_bytes, prepare
from emotalker.engine.gaussians.gaussians import FIELDS, Gaussians

__all__ = ["GaussianArrays", "PlaybackRenderer", "arrays_of"]


def arrays_of(gaussians: Gaussians) -> GaussianArrays:
    """The fields as float32 arrays, without a copy where they already are."""
    tensors = (getattr(gaussians, name).detach().to("cpu").numpy() for name in FIELDS)
    return GaussianArrays(*(np.ascontiguousarray(t, np.float32) for t in tensors))


class PlaybackRenderer:
    """Renders frame after frame to RGB bytes; not to be shared by threads (make one each)."""

    def __init__(self) -> None:
        self._scratch: Scratch | None = None
        self._plate = np.zeros((0, 0, 3), np.uint8)
        self._colour: tuple[int, ...] | None = None

    def render(
        self,
        gaussians: GaussianArrays | Gaussians,
        camera: Camera,
        background: NDArray | tuple[float, float, float] | None = None,
        out: NDArray[np.uint8] | None = None,
    ) -> NDArray[np.uint8]:
        """Render one frame.

        Args:
            gaussians: N Gaussians in world space.
            camera: the view.
            background: plate uint8 [H, W, 3], colour [3] in [0, 1], or None for black.
            out: uint8 [H, W, 3] to write into; a new array when None.

        Returns:
            The image, uint8 [H, W, 3].

        Raises:
            ValueError: if the plate or `out` has another size than the camera.
        """
        arrays = arrays_of(gaussians) if isinstance(gaussians, Gaussians) else gaussians
        arrays = GaussianArrays(*(np.ascontiguousarray(a, np.float32) for a in arrays))
        height, width = int(camera.height), int(camera.width)
        image = np.empty((height, width, 3), np.uint8) if out is None else out
        if image.shape != (height, width, 3):
            raise ValueError(f"out is {image.shape}, the camera's image is {(height, width, 3)}")
        key = (len(arrays.means), width, height)
        if self._scratch is None or self._scratch.key != key:
            self._scratch = Scratch(*key)
        prepare(arrays, camera, self._scratch)
        draw_bytes(self._scratch, self._plate_of(background, height, width), image)
        return image

    def _plate_of(self, background: NDArray | tuple[float, float, float] | None, height: int, width: int) -> NDArray:
        """The background as uint8 [H, W, 3]; a plain colour is painted once and kept."""
        value = np.zeros(3) if background is None else np.asarray(background)
        if value.ndim == 3:
            if value.shape != (height, width, 3) or value.dtype != np.uint8:
                raise ValueError(f"a plate must be uint8 {(height, width, 3)}, not {value.dtype} {value.shape}")
            return np.ascontiguousarray(value)
        colour = tuple(int(c) for c in np.clip(value * 255 + 0.5, 0, 255))
        if self._plate.shape != (height, width, 3) or self._colour != colour:
            self._plate = np.empty((height, width, 3), np.uint8)
            self._plate[:] = colour
            self._colour = colour
        return self._plate
