"""Expression and pose of all Gaussians in one pass: deltas, blending and skinning, forward and backward.

The same sums as `GaussianBlendshapes.pose(blend(psi))`, which stays as the readable form and serves other devices. In
plain torch they cost as much memory traffic as a render; here each Gaussian is read once and written once.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor
from torch.autograd.function import once_differentiable

from emotalker.engine.gaussians.cpu.quaternions import blend_joints, product
from emotalker.engine.gaussians.cpu.threads import for_chunks, split
from emotalker.engine.gaussians.deltas import CHUNK, FIXED, LEARNED, SparseDeltas, psi_backward, row_backward

F32 = NDArray[np.float32]
KEPT = 14
"""What the backward pass wants of each Gaussian: mean at rest 3, quaternion at rest 4, the same unturned 4, turn 3."""


@dataclass
class RowGradient:
    """The gradient of learned deltas of one render, before it is spread over the rows of the expressions.

    Row r of Gaussian g has the gradient psi[expression[r]] * mask[r] * gaussians[g]: 14 numbers a Gaussian say what the
    rows need, a fraction of the memory.

    Attributes:
        psi: expression of the render, float32 [K].
        gaussians: gradient of the mixed deltas, float32 [N, 14].
    """

    psi: F32
    gaussians: F32


@njit(nogil=True, cache=True, fastmath=True)
def _posed(  # type: ignore[no-untyped-def]
    first, last, start, expression, fixed, mask, learned, psi, weights, world, turns,
    b_means, b_quats, b_scales, b_logits, b_sh, means, quats, scales, logits, sh, kept,
):  # fmt: skip
    """Gaussians [first, last): rows of deltas, base, then joints `world` [6, 12] with quaternions `turns` [6, 4]."""
    f = np.empty(FIXED, np.float32)
    d = np.empty(LEARNED, np.float32)
    a, q = np.empty(12, np.float32), np.empty(4, np.float32)
    for g in range(first, last):
        for j in range(FIXED):
            f[j] = 0
        for j in range(LEARNED):
            d[j] = 0
        for r in range(start[g], start[g + 1]):
            p = psi[expression[r]]
            if p != 0:
                for j in range(FIXED):
                    f[j] += p * fixed[r, j]
                m = p * mask[r]
                for j in range(LEARNED):
                    d[j] += m * learned[r, j]
        x, y, z = b_means[g, 0] + f[0] + d[0], b_means[g, 1] + f[1] + d[1], b_means[g, 2] + f[2] + d[2]
        uw, ux, uy, uz = b_quats[g, 0] + d[3], b_quats[g, 1] + d[4], b_quats[g, 2] + d[5], b_quats[g, 3] + d[6]
        rw, rx, ry, rz = product(np.float32(1), f[3], f[4], f[5], uw, ux, uy, uz)
        blend_joints(weights[g], world, turns, a, q)
        means[g, 0] = a[0] * x + a[1] * y + a[2] * z + a[3]
        means[g, 1] = a[4] * x + a[5] * y + a[6] * z + a[7]
        means[g, 2] = a[8] * x + a[9] * y + a[10] * z + a[11]
        quats[g, 0], quats[g, 1], quats[g, 2], quats[g, 3] = product(q[0], q[1], q[2], q[3], rw, rx, ry, rz)
        for j in range(3):
            scales[g, j] = b_scales[g, j] + d[7 + j]
            sh[g, 0, j] = b_sh[g, 0, j] + d[11 + j]
        logits[g] = b_logits[g] + d[10]
        for i in range(1, sh.shape[1]):
            for j in range(3):
                sh[g, i, j] = b_sh[g, i, j]
        k = kept[g]
        k[0], k[1], k[2] = x, y, z
        k[3], k[4], k[5], k[6] = rw, rx, ry, rz
        k[7], k[8], k[9], k[10] = uw, ux, uy, uz
        k[11], k[12], k[13] = f[3], f[4], f[5]


@njit(nogil=True, cache=True, fastmath=True)
def _posed_backward(  # type: ignore[no-untyped-def]
    first, last, weights, world, turns, kept, g_means, g_quats, g_scales, g_logits, g_sh, g_fixed, g_mixed, sums,
    with_joints,
):  # fmt: skip
    """Gradients of mixed deltas `g_fixed` [N, 6], `g_mixed` [N, 14]; of joints, a chunk's sums [chunks, 6, 16]."""
    a, q = np.empty(12, np.float32), np.empty(4, np.float32)
    total = sums[first // CHUNK]
    for g in range(first, last):
        blend_joints(weights[g], world, turns, a, q)
        k = kept[g]
        m0, m1, m2 = g_means[g, 0], g_means[g, 1], g_means[g, 2]
        h0, h1, h2, h3 = g_quats[g, 0], g_quats[g, 1], g_quats[g, 2], g_quats[g, 3]
        # a product's gradient is again a product: with the conjugate of the other factor, on its side
        vw, vx, vy, vz = product(q[0], -q[1], -q[2], -q[3], h0, h1, h2, h3)
        uw, ux, uy, uz = product(np.float32(1), -k[11], -k[12], -k[13], vw, vx, vy, vz)
        _, tx, ty, tz = product(vw, vx, vy, vz, k[7], -k[8], -k[9], -k[10])
        x = a[0] * m0 + a[4] * m1 + a[8] * m2
        y = a[1] * m0 + a[5] * m1 + a[9] * m2
        z = a[2] * m0 + a[6] * m1 + a[10] * m2
        g_fixed[g, 0], g_fixed[g, 1], g_fixed[g, 2] = x, y, z
        g_fixed[g, 3], g_fixed[g, 4], g_fixed[g, 5] = tx, ty, tz
        d = g_mixed[g]
        d[0], d[1], d[2] = x, y, z
        d[3], d[4], d[5], d[6] = uw, ux, uy, uz
        d[7], d[8], d[9] = g_scales[g, 0], g_scales[g, 1], g_scales[g, 2]
        d[10] = g_logits[g]
        d[11], d[12], d[13] = g_sh[g, 0, 0], g_sh[g, 0, 1], g_sh[g, 0, 2]
        if with_joints:
            sw, sx, sy, sz = product(h0, h1, h2, h3, k[3], -k[4], -k[5], -k[6])
            for b in range(weights.shape[1]):
                w = weights[g, b]
                if w != 0:
                    t = total[b]
                    for i in range(3):
                        m = w * g_means[g, i]
                        t[4 * i] += m * k[0]
                        t[4 * i + 1] += m * k[1]
                        t[4 * i + 2] += m * k[2]
                        t[4 * i + 3] += m
                    t[12] += w * sw
                    t[13] += w * sx
                    t[14] += w * sy
                    t[15] += w * sz


class Posed(torch.autograd.Function):
    """(psi, learned, world [6, 12], turns [6, 4], fields of the base) -> fields in world space."""

    @staticmethod
    def forward(  # type: ignore[override]
        ctx: Any, deltas: SparseDeltas, weights: Tensor, rows: list[RowGradient] | None, psi: Tensor, learned: Tensor,
        world: Tensor, turns: Tensor, *base: Tensor,
    ) -> tuple[Tensor, ...]:  # fmt: skip
        """Means, quaternions, log-scales, logit opacities and colours of all Gaussians."""
        n = len(weights)
        base = tuple(b.contiguous() for b in base)
        out = [torch.empty_like(b) for b in base]
        kept = np.empty((n, KEPT), np.float32)
        p, values, joints, quats = (x.detach().contiguous().numpy() for x in (psi, learned, world, turns))
        table = (deltas.start, deltas.expression, deltas.fixed, deltas.mask, values, p)
        for_chunks(
            _posed, split(n, CHUNK), *table, weights.numpy(), joints, quats,
            *(b.detach().numpy() for b in base), *(o.numpy() for o in out), kept,
        )  # fmt: skip
        ctx.kept = (deltas, weights.numpy(), rows, p, values, joints, quats, kept)
        return tuple(out)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor | None, ...]:  # type: ignore[override]
        """Gradients of whatever requires one."""
        deltas, weights, rows, p, values, joints, quats, kept = ctx.kept
        n = len(weights)
        chunks = split(n, CHUNK)
        _, _, _, wants_psi, wants_learned, wants_world, wants_turns, *wants_base = ctx.needs_input_grad
        fixed, mixed = np.empty((n, FIXED), np.float32), np.empty((n, LEARNED), np.float32)
        joint_sums = np.zeros((len(chunks), weights.shape[1], 16), np.float32)
        g_means, g_quats, g_scales, g_logits, g_sh = (g.contiguous() for g in grads)
        incoming = (g.numpy() for g in (g_means, g_quats, g_scales, g_logits, g_sh))
        wants_joints = bool(wants_world or wants_turns)
        for_chunks(
            _posed_backward, chunks, weights, joints, quats, kept, *incoming, fixed, mixed, joint_sums, wants_joints
        )
        psi_grad = learned_grad = world_grad = turns_grad = None
        table = (deltas.start, deltas.expression)
        if wants_psi:
            sums = np.zeros((len(chunks), len(p)), np.float32)
            for_chunks(psi_backward, chunks, *table, deltas.fixed, deltas.mask, values, fixed, mixed, sums)
            psi_grad = torch.from_numpy(sums.sum(0))
        if wants_learned:
            out = np.empty_like(values)
            for_chunks(row_backward, chunks, *table, deltas.mask, p, mixed, out)
            learned_grad = torch.from_numpy(out)
        elif rows is not None:
            rows.append(RowGradient(p, mixed))
        if wants_joints:
            joint_grad = torch.from_numpy(joint_sums.sum(0))
            world_grad, turns_grad = joint_grad[:, :12], joint_grad[:, 12:]
        straight = (torch.from_numpy(mixed[:, :3]), torch.from_numpy(mixed[:, 3:7]), g_scales, g_logits, g_sh)
        base = [g if wanted else None for g, wanted in zip(straight, wants_base)]
        return None, None, None, psi_grad, learned_grad, world_grad, turns_grad, *base
