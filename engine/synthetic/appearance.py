"""How the sample person looks: procedural skin, lips, brows, eyes, teeth, hair and cloth, shaded per pixel in numba.

Colour is a function of the rest position of a surface point, so it sticks to the skin while the face moves.
"""

from __future__ import annotations

import functools

import numba
import numpy as np
from numpy.typing import NDArray

from emotalker.engine.render.mesh import MeshFrame

F32 = NDArray[np.float32]
SKIN, EYE_L, EYE_R, TEETH, TONGUE, HAIR, CLOTH, FALL = range(8)
NOISE_SIZE = 32
IRIS_RADIUS = 0.0059
# the outline of the lips in the rest face, metres: distance from the midline, and heights of both borders there
LIP_X = np.array([0.0, 0.005, 0.012, 0.019, 0.0245])
LIP_TOP = np.array([-0.0178, -0.0166, -0.0200, -0.0253, -0.0290])
LIP_BOTTOM = np.array([-0.0402, -0.0399, -0.0378, -0.0333, -0.0292])
LIP_FRONT = 0.084
# height of the hairline at each depth, metres: low at the nape, high at the forehead
HAIRLINE_Z = np.array([-0.075, -0.035, 0.0, 0.026, 0.056, 0.081])
HAIRLINE_Y = np.array([-0.022, -0.017, 0.033, 0.056, 0.083, 0.097])
BROW_X = np.array([0.0105, 0.018, 0.028, 0.038, 0.050])
BROW_Y = np.array([0.0495, 0.0520, 0.0540, 0.0535, 0.0478])
BROW_HALF = np.array([0.0018, 0.0023, 0.0021, 0.0015, 0.0006])


@functools.lru_cache(maxsize=1)
def noise_volume() -> F32:
    """Smooth periodic random numbers in [-1, 1], [32, 32, 32]; always the same."""
    return np.random.default_rng(7).uniform(-1, 1, (NOISE_SIZE,) * 3).astype(np.float32)


@numba.njit(nogil=True, cache=True, inline="always")
def _noise(volume, x, y, z):  # type: ignore[no-untyped-def]
    """Trilinear value noise of period 32."""
    fx, fy, fz = np.floor(x), np.floor(y), np.floor(z)
    u, v, w = x - fx, y - fy, z - fz
    i, j, k = int(fx) & 31, int(fy) & 31, int(fz) & 31
    i1, j1, k1 = (i + 1) & 31, (j + 1) & 31, (k + 1) & 31
    a = volume[i, j, k] * (1 - u) + volume[i1, j, k] * u
    b = volume[i, j1, k] * (1 - u) + volume[i1, j1, k] * u
    c = volume[i, j, k1] * (1 - u) + volume[i1, j, k1] * u
    d = volume[i, j1, k1] * (1 - u) + volume[i1, j1, k1] * u
    return (a * (1 - v) + b * v) * (1 - w) + (c * (1 - v) + d * v) * w


@numba.njit(nogil=True, cache=True, inline="always")
def _step(low, high, x):  # type: ignore[no-untyped-def]
    t = min(max((x - low) / (high - low), 0.0), 1.0)
    return t * t * (3 - 2 * t)


@numba.njit(nogil=True, cache=True)
def _curve(x, xs, ys):  # type: ignore[no-untyped-def]
    for i in range(1, len(xs)):
        if x < xs[i]:
            t = (x - xs[i - 1]) / (xs[i] - xs[i - 1])
            return ys[i - 1] + t * (ys[i] - ys[i - 1])
    return ys[-1]


@numba.njit(nogil=True, cache=True)
def _skin(p, cavity, eyes, volume, tone, out):  # type: ignore[no-untyped-def]
    """Albedo and gloss (out[3]) of skin at the rest position p."""
    x, y, z = p[0], p[1], p[2]
    side = abs(x)
    broad = _noise(volume, x * 45 + 3, y * 45, z * 45) * 0.6 + _noise(volume, x * 110, y * 110 + 9, z * 110) * 0.4
    fine = _noise(volume, x * 900, y * 900, z * 900 + 5)
    for c in range(3):
        out[c] = tone[c] * (1 + 0.045 * broad + 0.03 * fine)
    out[3] = 0.10
    # blood: cheeks, nose tip, ears
    red = 0.5 * np.exp(-((side - 0.038) ** 2 + (y - 0.005) ** 2) / 0.0004) * _step(0.03, 0.08, z)
    red += 0.5 * np.exp(-(x * x + (y - 0.004) ** 2) / 0.0002) * _step(0.09, 0.11, z) + 0.4 * _step(0.07, 0.08, side)
    out[1] *= 1 - 0.16 * red
    out[2] *= 1 - 0.18 * red
    spots = _noise(volume, x * 620 + 11, y * 620, z * 620)
    freckles = _step(0.40, 0.85, spots) * _step(-0.025, 0.01, y) * _step(0.045, 0.02, y) * _step(0.05, 0.08, z)
    for c in range(3):
        out[c] *= 1 - 0.11 * freckles * (0.6 + 0.4 * c)
    if z > LIP_FRONT - 0.02 and side < 0.027 and y > -0.046 and y < -0.012:
        top, bottom = _curve(side, LIP_X, LIP_TOP), _curve(side, LIP_X, LIP_BOTTOM)
        lip = _step(-0.0008, 0.0006, top - y) * _step(-0.0009, 0.0006, y - bottom) * _step(0.0255, 0.0235, side)
        lip *= 0.9 + 0.12 * _noise(volume, x * 700, y * 90, z * 90)
        lip = min(max(lip, 0.0), 1.0)
        out[0] += lip * (tone[0] * 0.84 - out[0])
        out[1] += lip * (tone[1] * 0.56 - out[1])
        out[2] += lip * (tone[2] * 0.66 - out[2])
        out[3] += lip * 0.15
    if y > 0.042 and y < 0.06 and side > 0.009 and side < 0.052 and z > 0.05:
        off = abs(y - _curve(side, BROW_X, BROW_Y))
        half = _curve(side, BROW_X, BROW_HALF) * (1 + 0.35 * _noise(volume, x * 1500, y * 500, z * 300))
        hair = _step(half + 0.0012, half - 0.0004, off) * (0.85 + 0.25 * _noise(volume, x * 2600, y * 1200, z * 500))
        hair = min(max(hair, 0.0), 1.0) * _step(0.0095, 0.013, side) * 0.8
        for c in range(3):
            out[c] += hair * (0.20 - 0.05 * c - out[c])
    centre = eyes[0] if x > 0 else eyes[1]
    dx, dy, dz = x - centre[0], y - centre[1], z - centre[2]
    reach = np.sqrt(dx * dx + dy * dy + dz * dz)
    lash = _step(0.0178, 0.0163, reach) * (1.0 if dy > -0.001 else 0.35) * _step(0.0, 0.006, dz)
    shadow = _step(0.026, 0.017, reach) * 0.14
    for c in range(3):
        out[c] *= (1 - 0.75 * lash) * (1 - shadow)
    # the jaw keeps light from the throat, the hair from the temples and the nape
    throat = _step(-0.050, -0.085, y) * _step(-0.205, -0.115, y) * _step(0.085, 0.030, z)
    beside = _step(0.062, 0.080, side) * _step(0.11, 0.06, y) * _step(-0.125, -0.09, y) * _step(0.05, 0.0, z)
    for c in range(3):
        out[c] *= (1 - (0.26 + 0.05 * c) * throat) * (1 - 0.3 * beside)
    over = y - _curve(z, HAIRLINE_Z, HAIRLINE_Y) + 0.004 * _noise(volume, x * 500, y * 160, z * 160)
    scalp = _step(-0.009, 0.003, over + 0.005 * _noise(volume, x * 900, 3.5, z * 200)) * (
        1 - _step(0.071, 0.076, side) * _step(0.075, 0.06, y)
    )
    for c in range(3):
        out[c] += 0.85 * scalp * (tone[c] * (0.30 - 0.04 * c) - out[c])
    dark = 1 - 0.80 * cavity
    out[0] *= dark * (1 - 0.1 * cavity)
    out[1] *= dark * (1 - 0.5 * cavity)
    out[2] *= dark * (1 - 0.5 * cavity)


@numba.njit(nogil=True, cache=True)
def _eye(p, centre, volume, iris, out):  # type: ignore[no-untyped-def]
    """Albedo and gloss of an eyeball: sclera with a warm rim, a striped iris with a dark border, a pupil."""
    dx, dy = p[0] - centre[0], p[1] - centre[1]
    radius = np.sqrt(dx * dx + dy * dy)
    front = p[2] > centre[2]
    edge = _step(0.006, 0.013, radius)
    out[0], out[1], out[2] = 0.88, 0.86 - 0.06 * edge, 0.84 - 0.08 * edge
    out[3] = 0.6
    if front and radius < IRIS_RADIUS + 0.0006:
        angle = np.arctan2(dy, dx)
        stripes = _noise(volume, angle * 9, radius * 900, 3.3)
        inside = _step(IRIS_RADIUS + 0.0004, IRIS_RADIUS - 0.0003, radius)
        border = 1 - 0.6 * _step(0.0043, 0.0058, radius)
        pupil = _step(0.0024, 0.0019, radius)
        for c in range(3):
            colour = iris[c] * (1 + 0.3 * stripes) * border * (1 - pupil) + 0.015 * pupil
            out[c] += inside * (colour - out[c])
    # the upper lid and its lashes shade the ball below them
    lid = 1 - 0.45 * _step(0.0005, 0.0062, dy)
    for c in range(3):
        out[c] *= lid


@numba.njit(nogil=True, cache=True)
def _hair(kind, p, volume, colour, out):  # type: ignore[no-untyped-def]
    """Albedo and gloss of hair combed back (HAIR) or hanging (FALL): noise stretched along the strands."""
    if kind == FALL:
        across, along = np.arctan2(p[0], -0.008 - p[2]) * 16.0, p[1] * 14
    else:
        across, along = np.arctan2(p[0] - 0.004, p[1] - 0.03) * 14.0, p[2] * 22
    strand = 0.5 * _noise(volume, across * 2.2, along, 1.5) + 0.5 * _noise(volume, across * 6.5, along * 1.8, 7.5)
    fine = _noise(volume, across * (9.0 if kind == FALL else 15.0), along * 2.0, 4.5)
    lock = _noise(volume, p[0] * 60, p[1] * 30, p[2] * 30)
    for c in range(3):
        out[c] = colour[c] * (1 + 0.35 * strand + 0.25 * fine + 0.2 * lock)
    out[3] = 0.22 * (1 + 0.8 * strand + 0.5 * fine)
    if kind == FALL:
        tips = _step(-0.10, 0.02, p[1])
        for c in range(3):
            out[c] *= 1.35 - 0.35 * tips


@numba.njit(nogil=True, cache=True, inline="always")
def _hem(p):  # type: ignore[no-untyped-def]
    """How far inside the neckline of the shirt a point is, metres; below 0 on the cloth. It is a soft V."""
    low = np.sqrt(0.0009 + 1.15 * p[0] * p[0]) - 0.222 if p[2] > -0.015 else -0.125
    return p[1] - low


@numba.njit(nogil=True, cache=True)
def _albedo(kind, p, cavity, eyes, volume, palette, out):  # type: ignore[no-untyped-def]
    if kind == SKIN:
        _skin(p, cavity, eyes, volume, palette[0], out)
    elif kind == EYE_L:
        _eye(p, eyes[0], volume, palette[1], out)
    elif kind == EYE_R:
        _eye(p, eyes[1], volume, palette[1], out)
    elif kind == TEETH:
        gap = 0.12 * _step(0.75, 1.0, abs(np.sin(p[0] * 420)))
        depth = 0.35 + 0.65 * _step(0.055, 0.088, p[2])
        out[0], out[1], out[2] = (0.80 - gap) * depth, (0.76 - gap) * depth, (0.69 - gap) * depth
        out[3] = 0.3 * depth
    elif kind == TONGUE:
        depth = 0.3 + 0.7 * _step(0.04, 0.085, p[2])
        out[0], out[1], out[2], out[3] = 0.62 * depth, 0.28 * depth, 0.27 * depth, 0.1
    elif kind in (HAIR, FALL):
        _hair(kind, p, volume, palette[2], out)
    else:
        hem = _hem(p)
        if hem > 0:
            _skin(p, cavity, eyes, volume, palette[0], out)
            return
        weave = _noise(volume, p[0] * 400, p[1] * 400, p[2] * 400)
        fold = _noise(volume, p[0] * 25, p[1] * 14, p[2] * 25)
        for c in range(3):
            out[c] = palette[3, c] * (1 + 0.08 * weave + 0.14 * fold)
        if hem > -0.009:
            ribs = 0.80 + 0.08 * np.sin(p[0] * 2600) - 0.25 * _step(-0.0075, -0.009, hem)
            for c in range(3):
                out[c] *= ribs
        out[3] = 0.0


@numba.njit(nogil=True, cache=True)
def _lit(kind, p, n, hollow, eyes, volume, palette, lights, view, mix, out):  # type: ignore[no-untyped-def]
    """Add the lit colour of one surface point to `out` [3]."""
    length = np.sqrt(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]) + 1e-9
    nx, ny, nz = n[0] / length, n[1] / length, n[2] / length
    if kind == TEETH:
        # the strips are folded sheets whose own normals say little: light them as the arch they stand for
        nx, ny, nz = 12 * p[0], 0.0, 1.0
        length = np.sqrt(nx * nx + 1.0)
        nx, nz = nx / length, nz / length
    _albedo(kind, p, hollow, eyes, volume, palette, mix)
    hair = kind in (HAIR, FALL)
    inside = kind == FALL and nx * p[0] + nz * (p[2] + 0.008) < 0
    tx, ty, tz = 0.0, 0.0, -1.0
    if kind == FALL:
        ty, tz = -1.0, 0.0
    if hair:
        # strands lie in the surface: their direction without its part along the normal
        off = tx * nx + ty * ny + tz * nz
        tx, ty, tz = tx - off * nx, ty - off * ny, tz - off * nz
        off = np.sqrt(tx * tx + ty * ty + tz * tz) + 1e-6
        tx, ty, tz = tx / off, ty / off, tz / off
    squarings = 6 if kind in (EYE_L, EYE_R) else 4
    red = green = blue = 0.28 + 0.12 * ny
    shine = 0.0
    for m in range(lights.shape[0]):
        along = nx * lights[m, 0] + ny * lights[m, 1] + nz * lights[m, 2]
        # light wraps round soft skin and reddens where it fades
        warm, cool = max((along + 0.25) / 1.25, 0.0), max((along + 0.15) / 1.15, 0.0)
        red += lights[m, 3] * warm
        green += lights[m, 4] * cool
        blue += lights[m, 5] * cool
        hx, hy, hz = lights[m, 0] + view[0], lights[m, 1] + view[1], lights[m, 2] + view[2]
        size = np.sqrt(hx * hx + hy * hy + hz * hz) + 1e-6
        half = max((nx * hx + ny * hy + nz * hz) / size, 0.0)
        if hair:
            across = (tx * hx + ty * hy + tz * hz) / size + 0.10 * (mix[3] / 0.22 - 1)
            half = np.sqrt(max(1 - across * across, 0.0)) * (1.0 if along > -0.1 else 0.9)
        for _ in range(squarings):
            half *= half
        shine += lights[m, 4] * half
    shine *= mix[3] * (1 - hollow)
    if inside:
        # between hair and neck it is dark
        red, green, blue, shine = 0.30, 0.30, 0.30, 0.0
    out[0] += min(mix[0] * red + shine, 1.0)
    out[1] += min(mix[1] * green + shine, 1.0)
    out[2] += min(mix[2] * blue + shine, 1.0)


@numba.njit(nogil=True, cache=True)
def _point(triangle, weights, triangles, rest, normals, cavity, share, p, n):  # type: ignore[no-untyped-def]
    """Add `share` of a sample's rest position and normal to p and n; its cavity is returned."""
    hollow = 0.0
    for k in range(3):
        w, i = weights[k] * share, triangles[triangle, k]
        hollow += w * cavity[i]
        for c in range(3):
            p[c] += w * rest[i, c]
            n[c] += w * normals[i, c]
    return hollow


@numba.njit(nogil=True, cache=True)
def _shade(triangle, weights, triangles, kinds, rest, normals, cavity, eyes, volume, palette, lights, view, image):  # type: ignore[no-untyped-def]
    height, width = image.shape[0], image.shape[1]
    factor = triangle.shape[0] // height
    samples = factor * factor
    p, n, mix, colour = np.zeros(3), np.zeros(3), np.zeros(4), np.zeros(3)
    for row in range(height):
        for column in range(width):
            covered, same, first = 0, True, -1
            for s in range(samples):
                t = triangle[row * factor + s // factor, column * factor + s % factor]
                if t >= 0:
                    covered += 1
                    if first < 0:
                        first = kinds[t]
                    same = same and kinds[t] == first
            if covered == 0:
                continue
            colour[:] = 0.0
            hollow = 0.0
            p[:] = 0.0
            n[:] = 0.0
            # one material: shade the middle of the samples once; several: each sample on its own
            for s in range(samples):
                y, x = row * factor + s // factor, column * factor + s % factor
                t = triangle[y, x]
                if t < 0:
                    continue
                if not same:
                    hollow = 0.0
                    p[:] = 0.0
                    n[:] = 0.0
                share = 1.0 / covered if same else 1.0
                hollow += _point(t, weights[y, x], triangles, rest, normals, cavity, share, p, n)
                if not same:
                    _lit(kinds[t], p, n, hollow, eyes, volume, palette, lights, view, mix, colour)
            if same:
                _lit(first, p, n, hollow, eyes, volume, palette, lights, view, mix, colour)
                for c in range(3):
                    colour[c] *= covered
            for c in range(3):
                image[row, column, c] = (image[row, column, c] * (samples - covered) + colour[c]) / samples


def shade(
    frame: MeshFrame,
    triangles: NDArray[np.int32],
    kinds: NDArray[np.int8],
    rest: F32,
    normals: F32,
    cavity: F32,
    eye_centres: F32,
    palette: F32,
    lights: F32,
    image: F32,
    view: tuple[float, float, float] = (0.0, 0.0, 1.0),
) -> F32:
    """Colour the covered pixels of `image` in place and return it.

    Args:
        frame: the rasterized posed mesh, at the size of the image or a whole multiple of it (then anti-aliased).
        triangles: [F, 3].
        kinds: material of each triangle [F]: SKIN, EYE_L, ...
        rest: rest positions [V, 3], metres, that colour depends on.
        normals: unit normals of the posed mesh [V, 3].
        cavity: [V] in [0, 1], 1 inside the mouth or the eye sockets, where it is dark.
        eye_centres: rest centres of the eyeballs [2, 3], left then right.
        palette: albedo of skin, iris, hair and cloth [4, 3], in [0, 1].
        lights: [L, 6]: unit direction towards the light, then its colour.
        image: float32 [H, W, 3] holding the background.
        view: unit direction towards the camera.
    """
    _shade(
        frame.triangle, frame.barycentrics, np.ascontiguousarray(triangles, np.int32), kinds,
        np.asarray(rest, np.float64), np.asarray(normals, np.float64), np.asarray(cavity, np.float64),
        np.asarray(eye_centres, np.float64), noise_volume(), np.asarray(palette, np.float64),
        np.asarray(lights, np.float64), np.asarray(view, np.float64), image,
    )  # fmt: skip
    return image


def default_palette() -> F32:
    """Skin, iris, hair and cloth of the sample person, [4, 3]."""
    return np.array([[0.88, 0.68, 0.57], [0.27, 0.40, 0.36], [0.21, 0.115, 0.065], [0.13, 0.34, 0.36]], np.float32)


def default_lights() -> F32:
    """A soft key light from the upper left of the picture, a cooler fill from the right, two rims, [4, 6]."""
    rows = [
        ((-0.45, 0.45, 0.77), (0.64, 0.62, 0.59)),
        ((0.75, 0.15, 0.64), (0.20, 0.21, 0.23)),
        ((0.80, 0.45, -0.55), (0.30, 0.31, 0.34)),
        ((-0.85, 0.35, -0.55), (0.16, 0.16, 0.18)),
    ]
    return np.array([np.r_[np.array(d) / np.linalg.norm(d), colour] for d, colour in rows], np.float32)
