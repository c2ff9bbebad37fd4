"""Structural similarity as a loss: fused numba kernels, forward and backward, instead of ten convolutions.

SSIM of Wang et al. 2004 with the window of 3D Gaussian splatting: 11 taps, sigma 1.5, zero padding, each channel alone.
A band of rows is blurred sideways into a ring of eleven rows and then downwards, so nothing image-sized is stored but
the three partial derivatives that the backward pass blurs once more.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import torch
from numba import njit
from torch import Tensor
from torch.autograd.function import once_differentiable

from emotalker.engine.gaussians.cpu.threads import for_chunks, split

f4 = np.float32
TAPS = 11
RADIUS = 5
SIGMA = 1.5
# Rows of one piece of work: the ten rows it shares with its neighbours are blurred twice.
BAND = 128


def gaussian_window() -> np.ndarray:
    """The eleven weights of the window, float64, summing to 1."""
    weights = np.exp(-((np.arange(TAPS) - RADIUS) ** 2) / (2 * SIGMA**2))
    return weights / weights.sum()


W0, W1, W2, W3, W4, W5 = (f4(w) for w in gaussian_window()[: RADIUS + 1])
ZERO = f4(0)
ONE = f4(1)
TWO = f4(2)
C1 = f4(0.01**2)
C2 = f4(0.03**2)
# A multiple of the ring's length that keeps row - 5 positive.
LIFT = 110
# The one number of interleaved channels that is read without a copy: a render's.
INTERLEAVED = 3


@njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def blur_plane(p, out, width):
    """Horizontal window over a row `p` of one channel, padded by five on each side."""
    for x in range(width):
        s = W5 * p[x + 5] + W4 * (p[x + 4] + p[x + 6]) + W3 * (p[x + 3] + p[x + 7])
        out[x] = s + W2 * (p[x + 2] + p[x + 8]) + W1 * (p[x + 1] + p[x + 9]) + W0 * (p[x] + p[x + 10])


@njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def blur_interleaved(p, out, width):
    """Horizontal window over a row `p` of three interleaved channels, padded by fifteen on each side."""
    for x in range(width):
        s = W5 * p[x + 15] + W4 * (p[x + 12] + p[x + 18]) + W3 * (p[x + 9] + p[x + 21])
        out[x] = s + W2 * (p[x + 6] + p[x + 24]) + W1 * (p[x + 3] + p[x + 27]) + W0 * (p[x] + p[x + 30])


@njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def blur_row(padded, step, out, width):
    """Horizontal window; constant steps, because with a variable one LLVM gives up on SIMD."""
    if step == 1:
        blur_plane(padded, out, width)
    else:
        blur_interleaved(padded, out, width)


@njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def blur_ring(ring, y, planes, out, width):
    """Vertical window around row y over the ring [11, planes, W]."""
    k = y + LIFT
    for j in range(planes):
        r0, r1, r2 = ring[(k - 5) % TAPS, j], ring[(k - 4) % TAPS, j], ring[(k - 3) % TAPS, j]
        r3, r4, r5 = ring[(k - 2) % TAPS, j], ring[(k - 1) % TAPS, j], ring[k % TAPS, j]
        r6, r7, r8 = ring[(k + 1) % TAPS, j], ring[(k + 2) % TAPS, j], ring[(k + 3) % TAPS, j]
        r9, r10 = ring[(k + 4) % TAPS, j], ring[(k + 5) % TAPS, j]
        o = out[j]
        for x in range(width):
            s = W5 * r5[x] + W4 * (r4[x] + r6[x]) + W3 * (r3[x] + r7[x])
            o[x] = s + W2 * (r2[x] + r8[x]) + W1 * (r1[x] + r9[x]) + W0 * (r0[x] + r10[x])


@njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def compare_row(v, d_mean, d_square, d_product, width):
    """SSIM summed over a row from blurred a, b, aa + bb, ab [4, W]; writes its partials to mean, E[aa] and E[ab].

    The two variances only occur as a sum, so that their squares are blurred together.
    """
    total = ZERO
    for x in range(width):
        m1 = v[0, x]
        m2 = v[1, x]
        squares = m1 * m1 + m2 * m2
        product = m1 * m2
        a = TWO * product + C1
        b = TWO * (v[3, x] - product) + C2
        c = squares + C1
        d = v[2, x] - squares + C2
        inverse = ONE / (c * d)
        ssim_here = a * b * inverse
        total += ssim_here
        to_s1 = -ssim_here / d
        to_s12 = TWO * a * inverse
        d_mean[x] = TWO * m2 * b * inverse - TWO * m1 * ssim_here / c - TWO * m1 * to_s1 - m2 * to_s12
        d_square[x] = to_s1
        d_product[x] = to_s12
    return total


@njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def ssim_forward(begin, end, bands, step, image, target, partials, sums):
    """Bands [begin, end) of plane x band: `sums` [jobs] and `partials` [3, planes, H, W].

    A plane is [H, W] with `step` (1 or 3) interleaved channels in a row: all of them are blurred at once.
    """
    height = image.shape[1]
    width = image.shape[2]
    pad = RADIUS * step
    ring = np.zeros((TAPS, 4, width), np.float32)
    pa = np.zeros(width + 2 * pad, np.float32)
    pb = np.zeros(width + 2 * pad, np.float32)
    product = np.zeros(width + 2 * pad, np.float32)
    v = np.zeros((4, width), np.float32)
    for job in range(begin, end):
        c = job // bands
        y0 = (job % bands) * BAND
        y1 = min(y0 + BAND, height)
        total = 0.0
        for row in range(y0 - RADIUS, y1 + RADIUS):
            r = ring[(row + LIFT) % TAPS]
            if row < 0 or row >= height:
                r[:] = ZERO
            else:
                for x in range(width):
                    pa[x + pad] = image[c, row, x]
                    pb[x + pad] = target[c, row, x]
                blur_row(pa, step, r[0], width)
                blur_row(pb, step, r[1], width)
                for x in range(pad, width + pad):
                    product[x] = pa[x] * pa[x] + pb[x] * pb[x]
                blur_row(product, step, r[2], width)
                for x in range(pad, width + pad):
                    product[x] = pa[x] * pb[x]
                blur_row(product, step, r[3], width)
            y = row - RADIUS
            if y >= y0:
                blur_ring(ring, y, 4, v, width)
                total += compare_row(v, partials[0, c, y], partials[1, c, y], partials[2, c, y], width)
        sums[job] = total


@njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def ssim_backward(begin, end, bands, step, image, target, partials, scale, gradient):
    """Gradient [planes, H, W] of `scale` times the sum of SSIM, bands [begin, end) of plane x band."""
    height = image.shape[1]
    width = image.shape[2]
    pad = RADIUS * step
    ring = np.zeros((TAPS, 3, width), np.float32)
    padded = np.zeros(width + 2 * pad, np.float32)
    v = np.zeros((3, width), np.float32)
    for job in range(begin, end):
        c = job // bands
        y0 = (job % bands) * BAND
        y1 = min(y0 + BAND, height)
        for row in range(y0 - RADIUS, y1 + RADIUS):
            r = ring[(row + LIFT) % TAPS]
            for j in range(3):
                if row < 0 or row >= height:
                    r[j] = ZERO
                else:
                    for x in range(width):
                        padded[x + pad] = partials[j, c, row, x]
                    blur_row(padded, step, r[j], width)
            y = row - RADIUS
            if y >= y0:
                blur_ring(ring, y, 3, v, width)
                for x in range(width):
                    pull = v[0, x] + TWO * image[c, y, x] * v[1, x] + target[c, y, x] * v[2, x]
                    gradient[c, y, x] = scale * pull


class _Ssim(torch.autograd.Function):
    """SSIM of pictures [planes, H, W * step]."""

    @staticmethod
    def forward(ctx: Any, image: Tensor, target: Tensor, step: int) -> Tensor:  # type: ignore[override]
        planes, height, _ = image.shape
        bands = (height + BAND - 1) // BAND
        partials = torch.empty(3, *image.shape)
        sums = np.zeros(planes * bands)
        arrays = (t.detach().numpy() for t in (image, target, partials))
        for_chunks(ssim_forward, split(len(sums), 1), bands, step, *arrays, sums)
        ctx.save_for_backward(image, target, partials)
        ctx.step = step
        return torch.tensor(sums.sum() / image.numel(), dtype=torch.float32)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None, None]:  # type: ignore[override]
        planes, height, _ = ctx.saved_tensors[0].shape
        bands = (height + BAND - 1) // BAND
        gradient = torch.empty(ctx.saved_tensors[0].shape)
        arrays = (t.detach().numpy() for t in ctx.saved_tensors)
        scale = f4(grad.item() / gradient.numel())
        for_chunks(ssim_backward, split(planes * bands, 1), bands, ctx.step, *arrays, scale, gradient.numpy())
        return gradient, None, None


def ssim_of_convolutions(image: Tensor, target: Tensor) -> Tensor:
    """The same as `ssim`, as a device other than the CPU likes it: two convolutions over fifteen planes."""
    weights = _window_on(image.device, image.dtype)
    planes = torch.stack([image, target, image * image, target * target, image * target]).flatten(0, 1)[:, None]
    across = torch.nn.functional.conv2d(planes, weights[None, None, None, :], padding=(0, RADIUS))
    blurred = torch.nn.functional.conv2d(across, weights[None, None, :, None], padding=(RADIUS, 0))
    m1, m2, s1, s2, s12 = blurred.unflatten(0, (5, -1)).squeeze(2).unbind(0)
    above = (2 * m1 * m2 + float(C1)) * (2 * (s12 - m1 * m2) + float(C2))
    below = (m1 * m1 + m2 * m2 + float(C1)) * (s1 - m1 * m1 + s2 - m2 * m2 + float(C2))
    return (above / below).mean()


@functools.cache
def _window_on(device: torch.device, dtype: torch.dtype) -> Tensor:
    return torch.from_numpy(gaussian_window()).to(device, dtype)


def ssim(image: Tensor, target: Tensor) -> Tensor:
    """Mean structural similarity of two pictures, differentiable in the first; 1 - ssim is D-SSIM's loss.

    The same for any number of threads. A render [H, W, 3] seen as `rgb.permute(2, 0, 1)` is read where it lies, without
    a copy. On another device torch's convolutions do it there, and nothing waits for the device.

    Args:
        image: [C, H, W], values in [0, 1].
        target: [C, H, W]; gets no gradient.

    Returns:
        Scalar float32 tensor, 1 for equal pictures.

    Raises:
        ValueError: if the shapes differ or are not [C, H, W] with at least one pixel.
    """
    if image.ndim != 3 or image.shape != target.shape or image.numel() == 0:
        raise ValueError(
            f"two pictures [C, H, W] of one size are needed, not {tuple(image.shape)}, {tuple(target.shape)}"
        )
    if image.device.type != "cpu":
        return ssim_of_convolutions(image, target.detach())
    image, target = image.to(torch.float32), target.detach().to("cpu", torch.float32)
    channels, height, width = image.shape
    interleaved = image.permute(1, 2, 0)
    if channels != INTERLEAVED or not interleaved.is_contiguous():
        return _Ssim.apply(image.contiguous(), target.contiguous(), 1)
    row = 1, height, width * channels
    return _Ssim.apply(interleaved.reshape(row), target.permute(1, 2, 0).reshape(row).contiguous(), channels)
