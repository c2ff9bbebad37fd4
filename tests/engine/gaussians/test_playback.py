"""The renderer for showing."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch

from emotalker.engine.gaussians.cpu import PlaybackRenderer
from emotalker.engine.gaussians.cpu.playback import arrays_of
from emotalker.engine.render.rasterizer import rasterize, to_uint8


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Decibels between two byte pictures."""
    error = np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


@pytest.mark.parametrize("degree", [0, 3])
def test_playback_shows_what_training_renders(scene: Callable, degree: int) -> None:
    """Over a plate the bytes match the training path: at least 50 dB and never off by more than one level."""
    gaussians, camera = scene(degree=degree, width=70, height=50)
    plate = np.random.default_rng(0).integers(0, 256, (50, 70, 3), np.uint8)
    shown = PlaybackRenderer().render(gaussians, camera, plate)
    render = rasterize(gaussians, camera, torch.from_numpy(plate).float() / 255)
    trained = to_uint8(render.rgb).numpy()
    assert psnr(shown, trained) >= 50
    assert np.abs(shown.astype(int) - trained).max() <= 1


def test_plain_backgrounds(scene: Callable) -> None:
    """A colour, none, and a change of colour between frames; no Gaussians show the background exactly."""
    gaussians, camera = scene(count=0)
    renderer = PlaybackRenderer()
    assert not renderer.render(gaussians, camera).any()
    assert (renderer.render(gaussians, camera, (0.0, 1.0, 0.5)) == [0, 255, 128]).all()
    assert (renderer.render(gaussians, camera, np.array([1.0, 0.0, 0.0])) == [255, 0, 0]).all()


def test_frames_follow_one_another(scene: Callable) -> None:
    """One renderer serves changing Gaussians, counts and sizes, and writes into the caller's array."""
    renderer = PlaybackRenderer()
    for count, width in ((30, 40), (60, 40), (60, 55)):
        gaussians, camera = scene(count=count, width=width)
        out = np.zeros((45, width, 3), np.uint8)
        assert renderer.render(arrays_of(gaussians), camera, out=out) is out
        assert np.array_equal(out, PlaybackRenderer().render(gaussians, camera))
        assert out.any()


def test_wrong_sizes_are_refused(scene: Callable) -> None:
    """A plate or target of another size is an error, not a crash in a kernel."""
    gaussians, camera = scene(count=3)
    renderer = PlaybackRenderer()
    with pytest.raises(ValueError, match="plate"):
        renderer.render(gaussians, camera, np.zeros((10, 10, 3), np.uint8))
    with pytest.raises(ValueError, match="out"):
        renderer.render(gaussians, camera, out=np.zeros((10, 10, 3), np.uint8))
