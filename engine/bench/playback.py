"""Frames per second of showing 20 000 Gaussians at 512x512: the CPU renderer alone, Gaussians moving every frame."""

from __future__ import annotations

import itertools

import numpy as np

from emotalker.engine.bench.scene import KEY, head_blob
from emotalker.engine.bench.timing import median_ms
from emotalker.engine.gaussians.cpu import PlaybackRenderer
from emotalker.engine.gaussians.cpu.playback import arrays_of


def measure() -> dict[str, float]:
    """Frames per second from the median time of a frame over a plate."""
    gaussians, camera = head_blob()
    arrays = arrays_of(gaussians)
    frames = [arrays._replace(means=arrays.means + np.float32(0.0005 * i)) for i in range(8)]
    plate = np.full((camera.height, camera.width, 3), 96, np.uint8)
    renderer, image, order = PlaybackRenderer(), np.empty_like(plate), itertools.cycle(frames)
    milliseconds = median_ms(lambda: renderer.render(next(order), camera, plate, image), 60)
    return {f"playback.{KEY}.fps": 1000 / milliseconds}
