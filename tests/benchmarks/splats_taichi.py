"""Blending in taichi on the CPU, one pixel a thread as one writes it for a card; for `rasterizers.py` only."""

import numpy as np
import taichi as ti

ti.init(arch=ti.cpu, offline_cache=True, log_level=ti.ERROR)
TILE, ALPHA_MIN, ALPHA_MAX, T_MIN = 16, 1.0 / 255.0, 0.999, 1e-4
F1 = ti.types.ndarray(dtype=ti.f32, ndim=1)
F2 = ti.types.ndarray(dtype=ti.f32, ndim=2)
F3 = ti.types.ndarray(dtype=ti.f32, ndim=3)
I1 = ti.types.ndarray(dtype=ti.i32, ndim=1)
L1 = ti.types.ndarray(dtype=ti.i64, ndim=1)


@ti.func
def alpha_of(packed: ti.template(), g, x, y):
    """Opacity of Gaussian g at a pixel, and the offset from its centre."""
    dx, dy = x + 0.5 - packed[g, 0], y + 0.5 - packed[g, 1]
    power = -0.5 * (packed[g, 2] * dx * dx + packed[g, 4] * dy * dy) - packed[g, 3] * dx * dy
    return packed[g, 5] * ti.exp(power), dx, dy


@ti.kernel
def blend(packed: F2, starts: L1, ids: I1, wide: ti.i32, rgb: F3, alpha: F2):
    """Premultiplied colour and alpha of all pixels."""
    for y, x in ti.ndrange(alpha.shape[0], alpha.shape[1]):
        t = (y // TILE) * wide + x // TILE
        through = 1.0
        colour = ti.Vector([0.0, 0.0, 0.0])
        for k in range(ti.cast(starts[t], ti.i32), ti.cast(starts[t + 1], ti.i32)):
            g = ids[k]
            raw, _, _ = alpha_of(packed, g, x, y)
            a = ti.min(raw, ALPHA_MAX)
            if a >= ALPHA_MIN:
                w = a * through
                colour += w * ti.Vector([packed[g, 6], packed[g, 7], packed[g, 8]])
                through -= w
                if through <= T_MIN:
                    break
        alpha[y, x] = 1.0 - through
        for j in ti.static(range(3)):
            rgb[y, x, j] = colour[j]


@ti.kernel
def blend_backward(
    packed: F2, starts: L1, ids: I1, wide: ti.i32, rgb: F3, alpha: F2, g_rgb: F3, g_alpha: F2, grads: F2
):
    """Gradients [N, 9] of mean, conic, log opacity and colour, added up by atomic sums."""
    for y, x in ti.ndrange(alpha.shape[0], alpha.shape[1]):
        t = (y // TILE) * wide + x // TILE
        slope = ti.Vector([g_rgb[y, x, 0], g_rgb[y, x, 1], g_rgb[y, x, 2]])
        rest = slope.dot(ti.Vector([rgb[y, x, 0], rgb[y, x, 1], rgb[y, x, 2]]))
        rest -= (1.0 - alpha[y, x]) * g_alpha[y, x]
        through = 1.0
        for k in range(ti.cast(starts[t], ti.i32), ti.cast(starts[t + 1], ti.i32)):
            g = ids[k]
            raw, dx, dy = alpha_of(packed, g, x, y)
            a = ti.min(raw, ALPHA_MAX)
            if a >= ALPHA_MIN:
                w = a * through
                own = w * slope.dot(ti.Vector([packed[g, 6], packed[g, 7], packed[g, 8]]))
                rest -= own
                if raw < ALPHA_MAX:
                    h = own - a * rest / (1.0 - a)
                    grads[g, 0] += h * (packed[g, 2] * dx + packed[g, 3] * dy)
                    grads[g, 1] += h * (packed[g, 3] * dx + packed[g, 4] * dy)
                    grads[g, 2] += -0.5 * h * dx * dx
                    grads[g, 3] += -h * dx * dy
                    grads[g, 4] += -0.5 * h * dy * dy
                    grads[g, 5] += h
                for j in ti.static(range(3)):
                    grads[g, 6 + j] += w * slope[j]
                through -= w
                if through <= T_MIN:
                    break


def version() -> str:
    """What ran."""
    return f"taichi {'.'.join(map(str, ti.__version__))}"


def forward(scratch, rgb: np.ndarray, alpha: np.ndarray) -> None:
    """Blend a prepared scene."""
    blend(scratch.packed, scratch.tile_starts, scratch.ids, scratch.tiles_wide, rgb, alpha)


def backward(scratch, rgb, alpha, g_rgb, g_alpha) -> np.ndarray:
    """Gradients [N, 9] of a blended scene."""
    grads = np.zeros((scratch.count, 9), np.float32)
    lists = (scratch.packed, scratch.tile_starts, scratch.ids, scratch.tiles_wide)
    blend_backward(*lists, rgb, alpha, g_rgb, g_alpha, grads)
    return grads
