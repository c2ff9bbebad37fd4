"""Everything between a render and its loss in two passes: light, plate, L1, D-SSIM and matte, and back.

The sums are those of `losses`, which stay as the readable form and serve other devices. In plain torch each of their
twenty operations reads and writes the whole picture.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch
from numba import njit
from torch import Tensor
from torch.autograd.function import once_differentiable

from emotalker.engine.gaussians.cpu.threads import for_chunks, split
from emotalker.engine.training.loss.dssim import BAND, INTERLEAVED, ssim_backward, ssim_forward
from emotalker.engine.training.loss.losses import compose, picture_loss, relight

f4 = np.float32
ROWS = 16
"""Picture rows of one piece of work; also the order of the sums, whatever the number of threads."""


class PictureLosses(NamedTuple):
    """What a render costs.

    Attributes:
        l1: weighted mean absolute difference.
        dssim: 1 - SSIM.
        matte: mean believed squared difference of alpha and matte.
        square: mean squared difference of the pictures, without gradient.
        image: the render in its light over the plate [H, W, 3], without gradient.
    """

    l1: Tensor
    dssim: Tensor
    matte: Tensor
    square: Tensor
    image: Tensor


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def _compare(begin, end, rgb, alpha, light, plate, target, importance, matte, sure, image, sums):  # type: ignore[no-untyped-def]
    """Rows [begin, end) of the lit picture, and a chunk's sums of weighted L1, matte and squared differences."""
    l00, l01, l02, b0 = light[0, 0], light[0, 1], light[0, 2], light[0, 3]
    l10, l11, l12, b1 = light[1, 0], light[1, 1], light[1, 2], light[1, 3]
    l20, l21, l22, b2 = light[2, 0], light[2, 1], light[2, 2], light[2, 3]
    total = sums[begin // ROWS]
    for y in range(begin, end):
        first = second = third = f4(0)
        for x in range(rgb.shape[1]):
            r, g, b, a = rgb[y, x, 0], rgb[y, x, 1], rgb[y, x, 2], alpha[y, x]
            rest = f4(1) - a
            c0 = l00 * r + l01 * g + l02 * b + b0 * a + rest * plate[y, x, 0]
            c1 = l10 * r + l11 * g + l12 * b + b1 * a + rest * plate[y, x, 1]
            c2 = l20 * r + l21 * g + l22 * b + b2 * a + rest * plate[y, x, 2]
            image[y, x, 0], image[y, x, 1], image[y, x, 2] = c0, c1, c2
            d0, d1, d2 = c0 - target[y, x, 0], c1 - target[y, x, 1], c2 - target[y, x, 2]
            first += importance[y, x] * (abs(d0) + abs(d1) + abs(d2))
            off = a - matte[y, x]
            second += sure[y, x] * off * off
            third += d0 * d0 + d1 * d1 + d2 * d2
        total[0] += first
        total[1] += second
        total[2] += third


@njit(nogil=True, cache=True, fastmath=True, error_model="numpy")
def _compare_backward(  # type: ignore[no-untyped-def]
    begin, end, rgb, alpha, light, plate, target, importance, matte, sure, image, pull, by_l1, by_matte,
    g_rgb, g_alpha, sums,
):  # fmt: skip
    """Gradients of rows [begin, end), from `pull`, the one of D-SSIM [H, W, 3]; a chunk's sums for the light [12]."""
    l00, l01, l02, b0 = light[0, 0], light[0, 1], light[0, 2], light[0, 3]
    l10, l11, l12, b1 = light[1, 0], light[1, 1], light[1, 2], light[1, 3]
    l20, l21, l22, b2 = light[2, 0], light[2, 1], light[2, 2], light[2, 3]
    total = sums[begin // ROWS]
    for y in range(begin, end):
        s00 = s01 = s02 = s03 = s10 = s11 = s12 = s13 = s20 = s21 = s22 = s23 = f4(0)
        for x in range(rgb.shape[1]):
            r, g, b, a = rgb[y, x, 0], rgb[y, x, 1], rgb[y, x, 2], alpha[y, x]
            k = by_l1 * importance[y, x]
            d0 = image[y, x, 0] - target[y, x, 0]
            d1 = image[y, x, 1] - target[y, x, 1]
            d2 = image[y, x, 2] - target[y, x, 2]
            e0 = pull[y, x, 0] + (k if d0 > f4(0) else (-k if d0 < f4(0) else f4(0)))
            e1 = pull[y, x, 1] + (k if d1 > f4(0) else (-k if d1 < f4(0) else f4(0)))
            e2 = pull[y, x, 2] + (k if d2 > f4(0) else (-k if d2 < f4(0) else f4(0)))
            g_rgb[y, x, 0] = l00 * e0 + l10 * e1 + l20 * e2
            g_rgb[y, x, 1] = l01 * e0 + l11 * e1 + l21 * e2
            g_rgb[y, x, 2] = l02 * e0 + l12 * e1 + l22 * e2
            over = (b0 - plate[y, x, 0]) * e0 + (b1 - plate[y, x, 1]) * e1 + (b2 - plate[y, x, 2]) * e2
            g_alpha[y, x] = over + by_matte * sure[y, x] * (a - matte[y, x])
            s00 += e0 * r
            s01 += e0 * g
            s02 += e0 * b
            s03 += e0 * a
            s10 += e1 * r
            s11 += e1 * g
            s12 += e1 * b
            s13 += e1 * a
            s20 += e2 * r
            s21 += e2 * g
            s22 += e2 * b
            s23 += e2 * a
        for j, s in enumerate((s00, s01, s02, s03, s10, s11, s12, s13, s20, s21, s22, s23)):
            total[j] += s


class _Compare(torch.autograd.Function):
    """(rgb, alpha, light, plate, target, importance, matte, sure) -> the five of `PictureLosses`."""

    @staticmethod
    def forward(ctx: Any, rgb: Tensor, alpha: Tensor, light: Tensor, *given: Tensor) -> tuple[Tensor, ...]:  # type: ignore[override]
        height, width, channels = rgb.shape
        arrays = [t.detach().contiguous().numpy() for t in (rgb, alpha, light, *given)]
        image = torch.empty(rgb.shape)
        chunks = split(height, ROWS)
        sums = np.zeros((len(chunks), 3))
        for_chunks(_compare, chunks, *arrays, image.numpy(), sums)
        flat = [image.numpy().reshape(1, height, -1), arrays[4].reshape(1, height, -1)]
        partials = np.empty((3, 1, height, width * channels), np.float32)
        bands = (height + BAND - 1) // BAND
        similar = np.zeros(bands)
        for_chunks(ssim_forward, split(bands, 1), bands, INTERLEAVED, *flat, partials, similar)
        l1, matte, square = sums.sum(0) / (image.numel(), alpha.numel(), image.numel())
        dssim = 1 - similar.sum() / image.numel()
        ctx.kept = (arrays, image.numpy(), flat, partials)
        results = [torch.tensor(v, dtype=torch.float32) for v in (l1, dssim, matte, square)]
        ctx.mark_non_differentiable(results[3], image)
        return *results, image

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        arrays, image, flat, partials = ctx.kept
        height, width, _ = image.shape
        l1, dssim, matte = (float(g) for g in grads[:3])
        bands = (height + BAND - 1) // BAND
        pull = np.empty(flat[0].shape, np.float32)
        scale = f4(-dssim / image.size)
        for_chunks(ssim_backward, split(bands, 1), bands, INTERLEAVED, *flat, partials, scale, pull)
        g_rgb, g_alpha = np.empty(image.shape, np.float32), np.empty((height, width), np.float32)
        chunks = split(height, ROWS)
        sums = np.zeros((len(chunks), 12), np.float64)
        factors = (f4(l1 / image.size), f4(2 * matte / g_alpha.size))
        for_chunks(
            _compare_backward, chunks, *arrays, image, pull.reshape(image.shape), *factors, g_rgb, g_alpha, sums
        )  # fmt: skip
        g_light = torch.from_numpy(sums.sum(0).astype(np.float32).reshape(3, 4))
        wanted = zip((torch.from_numpy(g_rgb), torch.from_numpy(g_alpha), g_light), ctx.needs_input_grad)
        return *(g if w else None for g, w in wanted), None, None, None, None, None


def picture_losses(
    rgb: Tensor, alpha: Tensor, light: Tensor, plate: Tensor, target: Tensor, importance: Tensor, matte: Tensor,
    sure: Tensor,
) -> PictureLosses:  # fmt: skip
    """The losses of a render, differentiable in its colours, its alpha and the light.

    On the CPU the same for any number of threads; on another device nothing waits for it.

    Args:
        rgb: premultiplied colours [H, W, 3].
        alpha: [H, W].
        light: the clip's affine colour transform [3, 4].
        plate: background [H, W, 3] in [0, 1].
        target: the recorded picture [H, W, 3] in [0, 1].
        importance: weight of each pixel in the L1 [H, W].
        matte: the person's matte [H, W] in [0, 1].
        sure: how much the matte is believed [H, W].
    """
    if rgb.device.type == "cpu":
        return PictureLosses(*_Compare.apply(rgb, alpha, light, plate, target, importance, matte, sure))
    image = compose(relight(rgb, alpha, light), alpha, plate)
    l1, dssim = picture_loss(image, target, importance)
    off = ((alpha - matte) ** 2 * sure).mean()
    return PictureLosses(l1, dssim, off, (image.detach() - target).square().mean(), image.detach())
