"""Gaussians packed into quads for a graphics card."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.cpu.constants import ALPHA_MIN
from emotalker.engine.gaussians.cpu.pipeline import GaussianArrays
from emotalker.engine.gaussians.cpu.playback import PlaybackRenderer, arrays_of
from emotalker.engine.gaussians.packing import QUAD, QuadPacker


def draw(quads: np.ndarray, width: int, height: int) -> np.ndarray:
    """What a graphics card makes of the quads over black, u8 [H, W, 3], slowly."""
    y, x = np.mgrid[0:height, 0:width]
    place = np.stack([(x + 0.5) * 2 / width - 1, (y + 0.5) * 2 / height - 1], -1)
    image = np.zeros((height, width, 3))
    for quad in quads.astype(np.float64):
        axes = np.array([quad[2:4], quad[4:6]])
        disc = (place - quad[:2]) @ np.linalg.inv(axes)
        reach = (disc**2).sum(-1)
        alpha = np.where(reach <= 1, np.minimum(quad[7] * np.exp(-quad[6] * reach), 0.999), 0)[..., None]
        image = image * (1 - alpha) + quad[8:11] * alpha
    return (image.clip(0, 1) * 255 + 0.5).astype(np.uint8)


@pytest.mark.parametrize("degree", [0, 3])
def test_the_quads_make_the_cpu_picture(scene: Callable, degree: int) -> None:
    """Blended one after the other they give the CPU renderer's picture to at least 50 dB."""
    gaussians, camera = scene(count=200, degree=degree)
    arrays = arrays_of(gaussians)
    shown = draw(QuadPacker().pack(arrays, camera), camera.width, camera.height)
    expected = PlaybackRenderer().render(arrays, camera)
    error = np.mean((shown.astype(float) - expected) ** 2)
    assert 10 * np.log10(255**2 / max(error, 1e-9)) >= 50


def test_farthest_first_and_nothing_unseen(scene: Callable) -> None:
    """Depths fall along the array; what lies behind the camera, beside the picture or is too faint is not in it."""
    gaussians, camera = scene(count=500)
    arrays = arrays_of(gaussians)
    # the colour carries the depth, so that the order can be read from the quads
    depth = (arrays.means @ camera.viewmat[:3, :3].T + camera.viewmat[:3, 3])[:, 2]
    sh = np.zeros((len(depth), 1, 3), np.float32)
    sh[:, 0, 0] = np.maximum(depth, 0)
    quads = QuadPacker().pack(arrays._replace(sh=sh), camera)
    assert 100 < len(quads) < 500
    assert quads.shape[1] == QUAD
    assert np.isfinite(quads).all()
    assert (np.diff(quads[:, 8]) <= 0).all()
    assert (quads[:, 7] >= ALPHA_MIN).all()
    reach = np.abs(quads[:, 2:4]) + np.abs(quads[:, 4:6])
    assert (np.abs(quads[:, :2]) - reach < 1).all()


def test_needles_stay_finite() -> None:
    """A very long thin Gaussian is a long thin quad, not an endless one."""
    turn = np.array([[np.cos(0.3), 0, 0, np.sin(0.3)]], np.float32)
    needle = GaussianArrays(
        np.array([[0, 0, 1]], np.float32), turn, np.log(np.array([[20.0, 1e-6, 1e-6]], np.float32)),
        np.array([3], np.float32), np.ones((1, 1, 3), np.float32),
    )  # fmt: skip
    camera = Camera(np.eye(4, dtype=np.float32), np.array([[64, 0, 32], [0, 64, 32], [0, 0, 1]], np.float32), 64, 64)
    (quad,) = QuadPacker().pack(needle, camera)
    assert np.isfinite(quad).all()
    long, short = sorted((np.linalg.norm(quad[2:4]), np.linalg.norm(quad[4:6])), reverse=True)
    assert 10 < long < 1e4
    assert short < 0.1


def test_one_packer_serves_changing_frames(scene: Callable) -> None:
    """Counts and sizes may change from frame to frame, down to no Gaussian at all."""
    packer = QuadPacker()
    for count, width in ((40, 61), (90, 61), (0, 61), (30, 80)):
        gaussians, camera = scene(count=count, width=width)
        quads = packer.pack(arrays_of(gaussians), camera)
        assert np.array_equal(quads, QuadPacker().pack(arrays_of(gaussians), camera))
        assert (len(quads) > 0) == (count > 0)
