"""Expression and pose in one pass: the same numbers and slopes as the readable form, for any number of threads."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from emotalker.engine.gaussians.blendshapes import FACE, GaussianBlendshapes
from emotalker.engine.gaussians.deltas import FIXED, LEARNED, SparseDeltas
from emotalker.engine.gaussians.gaussians import FIELDS, Gaussians
from emotalker.engine.gaussians.posed import RowGradient
from emotalker.engine.head.model import axis_angle_to_matrix

EXPRESSIONS = 7
Inputs = dict[str, Tensor]


def random_head(count: int, degree: int = 0, seed: int = 0) -> GaussianBlendshapes:
    """Gaussians with deltas for a random half of the expressions; some hang on two joints, some on six."""
    rng = np.random.default_rng(seed)

    def normal(*shape: int) -> Tensor:
        return torch.from_numpy(rng.standard_normal(shape).astype(np.float32))

    owner, expression = np.nonzero(rng.random((count, EXPRESSIONS)) < 0.5)
    start = np.concatenate([[0], np.cumsum(np.bincount(owner, minlength=count))]).astype(np.int64)
    rows = len(owner)
    fixed = (0.1 * rng.standard_normal((rows, FIXED))).astype(np.float32)
    mask = rng.random(rows).astype(np.float32)
    deltas = SparseDeltas(start, expression.astype(np.int32), fixed, mask, 0.1 * normal(rows, LEARNED))
    weights = rng.random((count, 6)) * (rng.random((count, 6)) < 0.6)
    weights[:, 0] += 0.1
    weights /= weights.sum(1, keepdims=True)
    base = Gaussians(
        normal(count, 3), normal(count, 4), normal(count, 3), normal(count), normal(count, (degree + 1) ** 2, 3)
    )
    return GaussianBlendshapes(
        base, deltas, torch.from_numpy(weights.astype(np.float32)), np.zeros(count, np.int64),
        np.zeros((count, 3), np.float32), np.full(count, FACE, np.uint8),
    )  # fmt: skip


def random_pose(seed: int = 1) -> Inputs:
    """A pose with every joint turned, and an expression some of whose entries are 0."""
    generator = torch.Generator().manual_seed(seed)
    psi = torch.rand(EXPRESSIONS, generator=generator)
    psi[2] = 0
    turn = axis_angle_to_matrix(0.4 * torch.randn(7, 3, generator=generator))
    joints = torch.cat([turn, 0.2 * torch.randn(7, 3, 1, generator=generator)], -1)
    return {"psi": psi, "bones": joints[:6].clone(), "root": joints[6].clone()}


def slopes(shapes: GaussianBlendshapes, pose: Inputs, call: Callable[..., Gaussians], dtype: torch.dtype) -> Inputs:
    """World Gaussians and the gradient of a fixed mixture of them to every input, as float64."""
    leaves = {name: value.to(dtype, copy=True).requires_grad_() for name, value in pose.items()}
    leaves |= {name: getattr(shapes.base, name).detach().to(dtype, copy=True).requires_grad_() for name in FIELDS}
    leaves["learned"] = shapes.deltas.learned.detach().to(dtype, copy=True).requires_grad_()
    twin = GaussianBlendshapes(
        Gaussians(*(leaves[name] for name in FIELDS)),
        SparseDeltas(shapes.deltas.start, shapes.deltas.expression, shapes.deltas.fixed, shapes.deltas.mask,
                     leaves["learned"]),
        shapes.weights.to(dtype), shapes.triangle, shapes.barycentric, shapes.layer,
    )  # fmt: skip
    result = call(twin, *(leaves[name] for name in ("psi", "bones", "root")))
    fields = [getattr(result, name) for name in FIELDS]
    generator = torch.Generator().manual_seed(5)
    mix = [torch.randn(f.shape, generator=generator).to(dtype) for f in fields]
    torch.stack([(f * m).sum() for f, m in zip(fields, mix)]).sum().backward()
    values = {f"world {name}": f.detach().double() for name, f in zip(FIELDS, fields)}
    return values | {name: leaf.grad.double() for name, leaf in leaves.items()}


def in_plain_torch(shapes: GaussianBlendshapes, psi: Tensor, bones: Tensor, root: Tensor) -> Gaussians:
    """The readable form, in the dtype of its inputs."""
    shapes.deltas.mix = shapes.deltas._mix_torch  # type: ignore[method-assign]
    return shapes.pose(shapes.blend(psi), bones, root)


@pytest.mark.parametrize("degree", [0, 1])
def test_the_same_as_float64_torch(degree: int) -> None:
    """Values and gradients to base, deltas, psi, bones and root agree with float64 autograd to float32 rounding."""
    shapes, pose = random_head(60, degree), random_pose()
    ours = slopes(shapes, pose, GaussianBlendshapes.posed, torch.float32)
    wanted = slopes(shapes, pose, in_plain_torch, torch.float64)
    assert ours.keys() == wanted.keys()
    for name, value in wanted.items():
        assert float((ours[name] - value).norm() / value.norm().clamp_min(1e-9)) < 3e-6, name


def test_a_frozen_part_gets_no_gradient_and_changes_no_other() -> None:
    """With only psi asked for, its gradient is the one it has beside all the others."""
    shapes, pose = random_head(40), random_pose()
    every = slopes(shapes, pose, GaussianBlendshapes.posed, torch.float32)["psi"]
    psi = pose["psi"].clone().requires_grad_()
    result = shapes.posed(psi, pose["bones"], pose["root"])
    generator = torch.Generator().manual_seed(5)
    fields = [getattr(result, name) for name in FIELDS]
    mix = [torch.randn(f.shape, generator=generator) for f in fields]
    torch.stack([(f * m).sum() for f, m in zip(fields, mix)]).sum().backward()
    assert shapes.base.means.grad is None
    np.testing.assert_allclose(psi.grad.numpy(), every.numpy(), rtol=1e-5, atol=1e-6)


def test_row_gradient_says_what_every_row_would_get() -> None:
    """Spread by psi and mask, what is handed to the optimiser is the gradient of the learned rows."""
    shapes, pose = random_head(40), random_pose()
    wanted = slopes(shapes, pose, GaussianBlendshapes.posed, torch.float32)["learned"]
    shapes.base.means.requires_grad_()
    rows: list[RowGradient] = []
    result = shapes.posed(pose["psi"], pose["bones"], pose["root"], rows)
    generator = torch.Generator().manual_seed(5)
    fields = [getattr(result, name) for name in FIELDS]
    mix = [torch.randn(f.shape, generator=generator) for f in fields]
    torch.stack([(f * m).sum() for f, m in zip(fields, mix)]).sum().backward()
    assert len(rows) == 1
    d = shapes.deltas
    owner = np.repeat(np.arange(len(shapes)), np.diff(d.start))
    spread = (rows[0].psi[d.expression] * d.mask)[:, None] * rows[0].gaussians[owner]
    np.testing.assert_allclose(spread, wanted.numpy(), rtol=1e-6, atol=1e-7)


def test_threads_change_nothing(use_threads: Callable[[int], None]) -> None:
    """Three thousand Gaussians on one and on three threads: bit-equal values and gradients."""
    shapes, pose = random_head(3000), random_pose()
    results = []
    for threads in (1, 3):
        use_threads(threads)
        results.append(slopes(shapes, pose, GaussianBlendshapes.posed, torch.float32))
    for name in results[0]:
        np.testing.assert_array_equal(results[0][name].numpy(), results[1][name].numpy(), err_msg=name)
