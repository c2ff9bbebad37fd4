"""Structural similarity as a loss: fused numba kernels, forward and backward, instead of ten convolutions.

SSIM of Wang et al. 2004 with the window of 3D Gaussian splatting: 11 taps, sigma 1.5, zero padding, each channel alone.
A band of rows is blurred sideways into a ring of eleven rows and then downwards, so nothing image-sized is stored but
the three partial derivatives that the backward pass blurs once more.
"""

from __future__ import annotations

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


@njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def load_row(flat, steps, c, row, padded, width):
    """One row of one channel of a flat picture, into a row padded by five on each side."""
    start = c * steps[0] + row * steps[1]
    for x in range(width):
        padded[x + RADIUS] = flat[start + x * steps[2]]


@njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def blur_row(padded, out, width):
    """Horizontal window over a row padded by five on each side."""
    for x in range(width):
        s = W5 * padded[x + 5]
        s += W0 * (padded[x] + padded[x + 10]) + W1 * (padded[x + 1] + padded[x + 9])
        s += W2 * (padded[x + 2] + padded[x + 8]) + W3 * (padded[x + 3] + padded[x + 7])
        s += W4 * (padded[x + 4] + padded[x + 6])
        out[x] = s


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
    """SSIM summed over a row from blurred a, b, aa, bb, ab [5, W]; writes its partials to mean, E[aa] and E[ab]."""
    total = ZERO
    for x in range(width):
        m1 = v[0, x]
        m2 = v[1, x]
        s1 = v[2, x] - m1 * m1
        s2 = v[3, x] - m2 * m2
        s12 = v[4, x] - m1 * m2
        a = TWO * m1 * m2 + C1
        b = TWO * s12 + C2
        c = m1 * m1 + m2 * m2 + C1
        d = s1 + s2 + C2
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
def ssim_forward(begin, end, bands, image, image_steps, target, target_steps, partials, sums):
    """Bands [begin, end) of channel x band: `sums` [jobs] and `partials` [3, C, H, W].

    Pictures are flat, with the steps from channel to channel, row to row and pixel to pixel.
    """
    height = partials.shape[2]
    width = partials.shape[3]
    ring = np.zeros((TAPS, 5, width), np.float32)
    pa = np.zeros(width + 2 * RADIUS, np.float32)
    pb = np.zeros(width + 2 * RADIUS, np.float32)
    product = np.zeros(width + 2 * RADIUS, np.float32)
    v = np.zeros((5, width), np.float32)
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
                load_row(image, image_steps, c, row, pa, width)
                load_row(target, target_steps, c, row, pb, width)
                blur_row(pa, r[0], width)
                blur_row(pb, r[1], width)
                for x in range(width):
                    product[x + RADIUS] = pa[x + RADIUS] * pa[x + RADIUS]
                blur_row(product, r[2], width)
                for x in range(width):
                    product[x + RADIUS] = pb[x + RADIUS] * pb[x + RADIUS]
                blur_row(product, r[3], width)
                for x in range(width):
                    product[x + RADIUS] = pa[x + RADIUS] * pb[x + RADIUS]
                blur_row(product, r[4], width)
            y = row - RADIUS
            if y >= y0:
                blur_ring(ring, y, 5, v, width)
                total += compare_row(v, partials[0, c, y], partials[1, c, y], partials[2, c, y], width)
        sums[job] = total


@njit(nogil=True, fastmath=True, cache=True, error_model="numpy")
def ssim_backward(begin, end, bands, image, image_steps, target, target_steps, partials, scale, gradient):
    """Gradient (flat, in the image's layout) of `scale` times the sum of SSIM, bands [begin, end)."""
    height = partials.shape[2]
    width = partials.shape[3]
    ring = np.zeros((TAPS, 3, width), np.float32)
    padded = np.zeros(width + 2 * RADIUS, np.float32)
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
                        padded[x + RADIUS] = partials[j, c, row, x]
                    blur_row(padded, r[j], width)
            y = row - RADIUS
            if y >= y0:
                blur_ring(ring, y, 3, v, width)
                a = c * image_steps[0] + y * image_steps[1]
                b = c * target_steps[0] + y * target_steps[1]
                for x in range(width):
                    here = image[a + x * image_steps[2]]
                    there = target[b + x * target_steps[2]]
                    gradient[a + x * image_steps[2]] = scale * (v[0, x] + TWO * here * v[1, x] + there * v[2, x])


def _dense(picture: Tensor) -> Tensor:
    """The picture [C, H, W] without gaps: planes as they are, or interleaved channels as a render has them."""
    interleaved = picture.permute(1, 2, 0)
    return picture if interleaved.is_contiguous() else picture.contiguous()


def _flat(picture: Tensor) -> tuple[np.ndarray, tuple[int, ...]]:
    """All numbers of a dense picture in memory order, and the steps of its axes."""
    return picture.detach().as_strided((picture.numel(),), (1,)).numpy(), picture.stride()


class _Ssim(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, image: Tensor, target: Tensor) -> Tensor:  # type: ignore[override]
        channels, height, _ = image.shape
        bands = (height + BAND - 1) // BAND
        partials = torch.empty(3, *image.shape)
        sums = np.zeros(channels * bands)
        for_chunks(ssim_forward, split(len(sums), 1), bands, *_flat(image), *_flat(target), partials.numpy(), sums)
        ctx.save_for_backward(image, target, partials)
        return torch.tensor(sums.sum() / image.numel(), dtype=torch.float32)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:  # type: ignore[override]
        image, target, partials = ctx.saved_tensors
        channels, height, _ = image.shape
        bands = (height + BAND - 1) // BAND
        gradient = torch.empty_strided(image.shape, image.stride())
        scale = f4(grad.item() / image.numel())
        pictures = *_flat(image), *_flat(target), partials.numpy()
        for_chunks(ssim_backward, split(channels * bands, 1), bands, *pictures, scale, _flat(gradient)[0])
        return gradient, None


def ssim(image: Tensor, target: Tensor) -> Tensor:
    """Mean structural similarity of two pictures, differentiable in the first; 1 - ssim is D-SSIM's loss.

    The same for any number of threads. Only on the CPU: tensors elsewhere are brought over. A render [H, W, 3] seen as
    `rgb.permute(2, 0, 1)` is read where it lies, without a copy.

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
    return _Ssim.apply(*(_dense(t.to("cpu", torch.float32)) for t in (image, target.detach())))
