"""PSNR, SSIM and CPBD against definitions computed another way."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from emotalker.engine.metrics.image import cpbd, psnr, ssim


def noise(seed: int, shape: tuple[int, ...] = (24, 30, 3)) -> NDArray[np.float32]:
    return np.random.default_rng(seed).random(shape, dtype=np.float32)


def textured() -> NDArray[np.float32]:
    """Upright stripes of several widths, contrasts and phases."""
    y, x = np.mgrid[0:256, 0:256]
    stripes = (np.sin(x / (4 + y // 64) + y / 40) > 0) * (0.3 + 0.2 * (y // 64))
    return np.repeat(stripes[..., None], 3, 2).astype(np.float32)


@given(st.floats(0.001, 0.5))
def test_psnr_of_a_constant_error(error: float) -> None:
    """A picture off by e everywhere has a PSNR of -20 log10 e."""
    target = np.zeros((4, 5, 3))
    assert psnr(target + error, target) == pytest.approx(-20 * np.log10(error), abs=1e-3)


def test_psnr_of_bytes_and_floats_agree() -> None:
    """u8 counts from 0 to 255 as float from 0 to 1; equal pictures give 100 dB."""
    a, b = ((255 * noise(k)).astype(np.uint8) for k in (0, 1))
    assert psnr(a, b) == pytest.approx(psnr(a / np.float32(255), b / np.float32(255)), abs=1e-4)
    assert psnr(a, a) == 100


def test_masked_psnr_counts_only_the_mask() -> None:
    """What lies outside the mask may be anything; an empty mask or another shape is refused."""
    a = noise(0)
    b = a.copy()
    mask = np.zeros(a.shape[:2], bool)
    mask[3:7, 4:9] = True
    b[~mask] = 0
    assert psnr(a, b, mask) == 100
    b[mask] = np.clip(a[mask] + 0.1, 0, 2)
    assert psnr(a, b, mask) == pytest.approx(20, abs=1e-3)
    with pytest.raises(ValueError, match="nothing"):
        psnr(a, b, np.zeros_like(mask))
    with pytest.raises(ValueError, match="compare"):
        psnr(a, b[1:])


def test_ssim_of_one_window_by_hand() -> None:
    """On 11x11 pixels there is one window: the index follows from weighted moments written out."""
    x, y = noise(1, (11, 11, 3)).astype(np.float64), noise(2, (11, 11, 3)).astype(np.float64)
    line = np.exp(-((np.arange(11) - 5) ** 2) / (2 * 1.5**2))
    w = np.outer(line, line)[..., None]
    w /= w.sum()
    mx, my = (w * x).sum((0, 1)), (w * y).sum((0, 1))
    vx, vy = (w * (x - mx) ** 2).sum((0, 1)), (w * (y - my) ** 2).sum((0, 1))
    cov = (w * (x - mx) * (y - my)).sum((0, 1))
    index = (2 * mx * my + 1e-4) * (2 * cov + 9e-4) / ((mx**2 + my**2 + 1e-4) * (vx + vy + 9e-4))
    assert ssim(x, y) == pytest.approx(float(index.mean()), abs=1e-6)


def test_ssim_agrees_with_scikit_image() -> None:
    """The stated definition is that of scikit-image with Gaussian weights."""
    reference = pytest.importorskip("skimage.metrics").structural_similarity
    a = textured()
    b = np.clip(a + 0.1 * noise(3, a.shape), 0, 1)
    wanted = reference(
        a, b, data_range=1, channel_axis=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    assert ssim(a, b) == pytest.approx(float(wanted), abs=1e-5)


@given(st.integers(0, 1000))
def test_ssim_is_symmetric_and_one_at_most(seed: int) -> None:
    """SSIM(a, b) = SSIM(b, a) <= 1 = SSIM(a, a)."""
    a, b = noise(seed), noise(seed + 1)
    assert ssim(a, b) == pytest.approx(ssim(b, a), abs=1e-9)
    assert ssim(a, b) < ssim(a, a) == pytest.approx(1)


def test_cpbd_falls_with_blur() -> None:
    """Sharp edges are nearly all sharp, and the more blur the fewer."""
    values = [cpbd(textured())]
    values += [cpbd(cv2.GaussianBlur(textured(), (0, 0), sigma)) for sigma in (0.8, 1.6, 3.2)]
    assert values[0] > 0.95
    assert values == sorted(values, reverse=True)
    assert values[-1] < 0.1


@pytest.mark.parametrize(("width", "contrast", "wanted"), [(3, 0.8, 1), (5, 0.8, 0), (5, 0.15, 1), (7, 0.15, 0)])
def test_cpbd_knows_the_just_noticeable_blur(width: int, contrast: float, wanted: float) -> None:
    """A ramp of 3 pixels still looks sharp at high contrast, one of 5 only at low contrast."""
    row = np.clip((np.arange(128) - 30) / width, 0, 1) * contrast
    picture = np.repeat(np.tile(row, (128, 1))[..., None], 3, 2).astype(np.float32)
    assert cpbd(picture) == wanted


def test_cpbd_without_edges_is_zero() -> None:
    """A blank picture has no edge to judge."""
    assert cpbd(np.full((128, 128, 3), 0.5, np.float32)) == 0
