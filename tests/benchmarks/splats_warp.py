"""Blending in warp on the CPU, one pixel a thread as one writes it for a card; for `rasterizers.py` only.

Warp runs the threads of a CPU kernel one after the other, on one core.
"""

import numpy as np
import warp as wp

wp.config.quiet = True
wp.init()
TILE = wp.constant(16)
ALPHA_MIN = wp.constant(1.0 / 255.0)
ALPHA_MAX = wp.constant(0.999)
T_MIN = wp.constant(1.0e-4)


@wp.func
def alpha_of(packed: wp.array2d(dtype=float), g: int, dx: float, dy: float):
    """Opacity of Gaussian g at an offset from its centre."""
    power = -0.5 * (packed[g, 2] * dx * dx + packed[g, 4] * dy * dy) - packed[g, 3] * dx * dy
    return packed[g, 5] * wp.exp(power)


@wp.kernel
def blend(
    packed: wp.array2d(dtype=float),
    starts: wp.array(dtype=wp.int64),
    ids: wp.array(dtype=int),
    wide: int,
    rgb: wp.array3d(dtype=float),
    alpha: wp.array2d(dtype=float),
):
    """Premultiplied colour and alpha of a pixel."""
    y, x = wp.tid()
    t = (y // TILE) * wide + x // TILE
    through = float(1.0)  # noqa: UP018 (a variable of warp, not a constant)
    colour = wp.vec3(0.0, 0.0, 0.0)
    for k in range(int(starts[t]), int(starts[t + 1])):
        g = ids[k]
        dx = float(x) + 0.5 - packed[g, 0]
        dy = float(y) + 0.5 - packed[g, 1]
        a = wp.min(alpha_of(packed, g, dx, dy), ALPHA_MAX)
        if a >= ALPHA_MIN:
            w = a * through
            colour = colour + w * wp.vec3(packed[g, 6], packed[g, 7], packed[g, 8])
            through = through - w
            if through <= T_MIN:
                break
    alpha[y, x] = 1.0 - through
    rgb[y, x, 0] = colour[0]
    rgb[y, x, 1] = colour[1]
    rgb[y, x, 2] = colour[2]


@wp.kernel
def blend_backward(
    packed: wp.array2d(dtype=float),
    starts: wp.array(dtype=wp.int64),
    ids: wp.array(dtype=int),
    wide: int,
    rgb: wp.array3d(dtype=float),
    alpha: wp.array2d(dtype=float),
    g_rgb: wp.array3d(dtype=float),
    g_alpha: wp.array2d(dtype=float),
    grads: wp.array2d(dtype=float),
):
    """Gradients [N, 9] of mean, conic, log opacity and colour, added up by atomic sums."""
    y, x = wp.tid()
    t = (y // TILE) * wide + x // TILE
    slope = wp.vec3(g_rgb[y, x, 0], g_rgb[y, x, 1], g_rgb[y, x, 2])
    rest = wp.dot(slope, wp.vec3(rgb[y, x, 0], rgb[y, x, 1], rgb[y, x, 2])) - (1.0 - alpha[y, x]) * g_alpha[y, x]
    through = float(1.0)  # noqa: UP018 (a variable of warp, not a constant)
    for k in range(int(starts[t]), int(starts[t + 1])):
        g = ids[k]
        dx = float(x) + 0.5 - packed[g, 0]
        dy = float(y) + 0.5 - packed[g, 1]
        raw = alpha_of(packed, g, dx, dy)
        a = wp.min(raw, ALPHA_MAX)
        if a >= ALPHA_MIN:
            w = a * through
            own = w * wp.dot(slope, wp.vec3(packed[g, 6], packed[g, 7], packed[g, 8]))
            rest = rest - own
            if raw < ALPHA_MAX:
                h = own - a * rest / (1.0 - a)
                wp.atomic_add(grads, g, 0, h * (packed[g, 2] * dx + packed[g, 3] * dy))
                wp.atomic_add(grads, g, 1, h * (packed[g, 3] * dx + packed[g, 4] * dy))
                wp.atomic_add(grads, g, 2, -0.5 * h * dx * dx)
                wp.atomic_add(grads, g, 3, -h * dx * dy)
                wp.atomic_add(grads, g, 4, -0.5 * h * dy * dy)
                wp.atomic_add(grads, g, 5, h)
            wp.atomic_add(grads, g, 6, w * slope[0])
            wp.atomic_add(grads, g, 7, w * slope[1])
            wp.atomic_add(grads, g, 8, w * slope[2])
            through = through - w
            if through <= T_MIN:
                break


def version() -> str:
    """What ran."""
    return f"warp {wp.__version__}"


def seen(array: np.ndarray):
    """A numpy array as warp sees it, without a copy."""
    return wp.array(array, dtype={"i": {4: int, 8: wp.int64}, "f": {4: float}}[array.dtype.kind][array.itemsize],
                    device="cpu", copy=False)  # fmt: skip


def forward(scratch, rgb: np.ndarray, alpha: np.ndarray) -> None:
    """Blend a prepared scene."""
    lists = [seen(scratch.packed), seen(scratch.tile_starts), seen(scratch.ids), scratch.tiles_wide]
    wp.launch(blend, dim=alpha.shape, inputs=[*lists, seen(rgb), seen(alpha)], device="cpu")


def backward(scratch, rgb, alpha, g_rgb, g_alpha) -> np.ndarray:
    """Gradients [N, 9] of a blended scene."""
    grads = np.zeros((scratch.count, 9), np.float32)
    lists = [seen(scratch.packed), seen(scratch.tile_starts), seen(scratch.ids), scratch.tiles_wide]
    pictures = [seen(a) for a in (rgb, alpha, g_rgb, g_alpha, grads)]
    wp.launch(blend_backward, dim=alpha.shape, inputs=[*lists, *pictures], device="cpu")
    return grads
