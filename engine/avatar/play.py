"""One frame of Gaussians for showing: expression, offsets, light and skinning in a single pass without a graph.

`GaussianBlendshapes` does the same in torch for training, in many passes over memory; a test holds the two together.
"""

from __future__ import annotations

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray

from emotalker.engine.gaussians.blendshapes import GaussianBlendshapes, aligned_quaternions
from emotalker.engine.gaussians.cpu.playback import GaussianArrays, arrays_of
from emotalker.engine.gaussians.cpu.quaternions import blend_joints, product
from emotalker.engine.gaussians.cpu.threads import for_chunks, split
from emotalker.engine.gaussians.gaussians import SH_C0

F32 = NDArray[np.float32]
CHUNK = 2048
# Columns of a row of everything an expression adds: with the surface, position 3 and turn 3; learned, position 3,
# quaternion 4, log-scale 3, opacity 1 and colour 3.
CARRIED, COLUMNS = 6, 20
# Columns of offsets: position 3, quaternion 4, log-scale 3, opacity 1, colour 3.
OFFSETS = 14


ONE = np.float32(1)


@njit(nogil=True, cache=True, fastmath=True)
def _pose(  # type: ignore[no-untyped-def]
    first, last, start, expression, rows, psi, known, offsets, near, nearness, means, quats, scales, opacities, sh,
    weights, bones, turns, light, out_means, out_quats, out_scales, out_opacities, out_sh,
):  # fmt: skip
    """Gaussians [first, last): see `Player.frame`; bones [6, 12], turns [6, 4] wxyz, light [3, 4] on colour - 0.5."""
    d = np.empty(COLUMNS, np.float32)
    bone = np.empty(12, np.float32)
    turn = np.empty(4, np.float32)
    o = np.empty(OFFSETS, np.float32)
    extra = offsets.shape[0] > 0
    for g in range(first, last):
        d[:] = 0
        for r in range(start[g], start[g + 1]):
            p = psi[expression[r]]
            if p != 0:
                for j in range(CARRIED):
                    d[j] += p * rows[r, j]
                p = known[expression[r]]
                for j in range(CARRIED, COLUMNS):
                    d[j] += p * rows[r, j]

        # the expression's fixed turn (scalar part 1) times the learned rotation
        w, x, y, z = quats[g, 0] + d[9], quats[g, 1] + d[10], quats[g, 2] + d[11], quats[g, 3] + d[12]
        qw, qx, qy, qz = product(ONE, d[3], d[4], d[5], w, x, y, z)
        px, py, pz = means[g, 0] + d[0] + d[6], means[g, 1] + d[1] + d[7], means[g, 2] + d[2] + d[8]
        if extra:
            o[:] = 0
            for i in range(near.shape[1]):
                for j in range(OFFSETS):
                    o[j] += nearness[g, i] * offsets[near[g, i], j]
            px, py, pz = px + o[0], py + o[1], pz + o[2]
            qw, qx, qy, qz = qw + o[3], qx + o[4], qy + o[5], qz + o[6]
            for j in range(3):
                d[13 + j] += o[7 + j]
                d[17 + j] += o[11 + j]
            d[16] += o[10]

        blend_joints(weights[g], bones, turns, bone, turn)
        for r in range(3):
            out_means[g, r] = bone[4 * r] * px + bone[4 * r + 1] * py + bone[4 * r + 2] * pz + bone[4 * r + 3]
        w, x, y, z = product(turn[0], turn[1], turn[2], turn[3], qw, qx, qy, qz)
        out_quats[g, 0], out_quats[g, 1], out_quats[g, 2], out_quats[g, 3] = w, x, y, z

        for j in range(3):
            out_scales[g, j] = scales[g, j] + d[13 + j]
        out_opacities[g] = opacities[g] + d[16]
        # light is linear, so lighting the colours is lighting the picture
        for s in range(sh.shape[1]):
            red, green, blue = sh[g, s, 0], sh[g, s, 1], sh[g, s, 2]
            if s == 0:
                red, green, blue = red + d[17], green + d[18], blue + d[19]
            for j in range(3):
                value = light[j, 0] * red + light[j, 1] * green + light[j, 2] * blue
                out_sh[g, s, j] = value + light[j, 3] if s == 0 else value


class Player:
    """Poses one head again and again, in any thread.

    Args:
        shapes: the head, N Gaussians; values are copied.
        interpolation: points that offsets are given at, for every Gaussian [N, n], and their shares [N, n]; when left
            out, offsets are given for every Gaussian.
        seen: coefficients up to which the head has learned its expressions [K]. Beyond, the surface carries the
            Gaussians further, but what they learned of colour and form goes no further: nobody knows how it would.
            Everything counts as seen when left out.
    """

    def __init__(
        self,
        shapes: GaussianBlendshapes,
        interpolation: tuple[NDArray[np.int64], F32] | None = None,
        seen: F32 | None = None,
    ) -> None:
        deltas = shapes.deltas
        self._base = arrays_of(shapes.base)
        self._start = np.ascontiguousarray(deltas.start)
        self._expression = np.ascontiguousarray(deltas.expression)
        learned = deltas.learned.detach().cpu().numpy() * deltas.mask[:, None]
        self._rows = np.ascontiguousarray(np.concatenate([deltas.fixed, learned], 1), np.float32)
        self._seen = seen
        self._weights = np.ascontiguousarray(shapes.weights.cpu().numpy(), np.float32)
        n = len(shapes)
        near, share = interpolation or (np.arange(n)[:, None], np.ones((n, 1), np.float32))
        self._near, self._share = np.ascontiguousarray(near, np.int32), np.ascontiguousarray(share, np.float32)
        self._none = np.zeros((0, OFFSETS), np.float32)

    def frame(
        self, psi: F32, bones: F32, root: F32, lighting: F32 | None = None, offsets: F32 | None = None
    ) -> GaussianArrays:
        """World Gaussians of one frame.

        Args:
            psi: expression [K].
            bones: skinning transforms [6, 3, 4].
            root: rigid transform [3, 4].
            lighting: affine colour transform [3, 4]; none when left out.
            offsets: what stage 2 adds to the attributes before activation, at the points of `interpolation` [P, 14]:
                position, quaternion, log-scale, logit opacity, colour; none when left out.

        Returns:
            New arrays, to be kept as long as wanted.
        """
        b = self._base
        n = len(b.means)
        turn, shift = root[:, :3], root[:, 3:]
        world = np.concatenate([turn @ bones[..., :3], turn @ bones[..., 3:] + shift], -1).astype(np.float32)
        quats = aligned_quaternions(torch.from_numpy(world[..., :3])).numpy()
        light = _light_on_coefficients(np.eye(3, 4, dtype=np.float32) if lighting is None else lighting)
        out = GaussianArrays(*(np.empty(a.shape, np.float32) for a in b))
        extra = self._none if offsets is None else np.ascontiguousarray(offsets, np.float32)
        psi = np.ascontiguousarray(psi, np.float32)
        known = psi if self._seen is None else np.minimum(psi, self._seen).astype(np.float32)
        table = (self._start, self._expression, self._rows, psi, known)
        drive = (self._weights, np.ascontiguousarray(world.reshape(-1, 12)), np.ascontiguousarray(quats), light)
        for_chunks(_pose, split(n, CHUNK), *table, extra, self._near, self._share, *b, *drive, *out)
        return out


def _light_on_coefficients(lighting: F32) -> F32:
    """The transform [3, 4] of spherical-harmonics coefficients, where colour = c SH_C0 + 0.5."""
    light = np.array(lighting, np.float32)
    light[:, 3] = (light[:, 3] + 0.5 * light[:, :3].sum(1) - 0.5) / SH_C0
    return light
