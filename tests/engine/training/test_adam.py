"""Our Adam: torch's numbers, rows of deltas without their gradient in memory, and an exact way back from disk."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

from emotalker.engine.gaussians.cpu import get_threads, set_threads
from emotalker.engine.gaussians.deltas import LEARNED, SparseDeltas
from emotalker.engine.gaussians.posed import RowGradient
from emotalker.engine.training.adam import FusedAdam
from emotalker.engine.training.run_folder import optimizer_arrays, restore_optimizer

COLUMNS = torch.linspace(1e-3, 1, LEARNED)


@pytest.fixture
def threads() -> Iterator[None]:
    """Give back the number of threads a test changed."""
    before = get_threads()
    yield
    set_threads(before)


def gradients(shape: tuple[int, ...], steps: int) -> Iterator[Tensor]:
    """Gradients of very different sizes, some of them 0."""
    generator = torch.Generator().manual_seed(3)
    for _ in range(steps):
        size = 10 ** (4 * torch.rand(shape, generator=generator) - 4)
        yield torch.randn(shape, generator=generator) * size * (torch.rand(shape, generator=generator) > 0.2)


def test_the_same_steps_as_torch() -> None:
    """Fifty steps with a falling rate end where torch's float64 Adam ends."""
    first = torch.linspace(-1, 1, 30_000).reshape(-1, 3)
    ours, theirs = first.clone().requires_grad_(), first.double().clone().requires_grad_()
    pair = FusedAdam([ours], lr=0.01), torch.optim.Adam([theirs], lr=0.01, eps=1e-15)
    for step, grad in enumerate(gradients(first.shape, 50)):
        ours.grad, theirs.grad = grad, grad.double()
        for optimizer in pair:
            optimizer.param_groups[0]["lr"] = 0.01 * 0.97**step
            optimizer.step()
    moved = (theirs.detach() - first).abs().max()
    assert float(moved) > 0.1
    assert float((ours.detach() - theirs.detach()).abs().max()) < 2e-5 * float(moved)


def test_columns_are_learning_rates() -> None:
    """A factor for each column is the same as a group for each column."""
    whole = torch.ones(50, LEARNED, requires_grad=True)
    apart = [torch.ones(50, requires_grad=True) for _ in range(LEARNED)]
    together = FusedAdam([{"params": [whole], "lr": 0.1, "columns": COLUMNS}])
    single = FusedAdam([{"params": [p], "lr": 0.1 * float(c)} for p, c in zip(apart, COLUMNS)])
    for grad in gradients((50, LEARNED), 5):
        whole.grad = grad
        for p, column in zip(apart, grad.unbind(1)):
            p.grad = column.contiguous()
        together.step()
        single.step()
    torch.testing.assert_close(whole.detach(), torch.stack([p.detach() for p in apart], 1), rtol=1e-5, atol=1e-6)


def random_rows(gaussians: int) -> SparseDeltas:
    """Deltas of which one Gaussian has more rows than the kernel takes at a time."""
    rng = np.random.default_rng(0)
    count = rng.integers(0, 12, gaussians)
    count[1] = 300
    start = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    expression = rng.integers(0, 9, start[-1]).astype(np.int32)
    mask = rng.random(start[-1]).astype(np.float32)
    return SparseDeltas(start, expression, np.zeros((start[-1], 6), np.float32), mask, torch.zeros(start[-1], LEARNED))


def renders(gaussians: int, seed: int) -> list[RowGradient]:
    """What two renders ask of the deltas."""
    rng = np.random.default_rng(seed)
    both = []
    for _ in range(2):
        psi = (rng.random(9) * (rng.random(9) > 0.4)).astype(np.float32)
        both.append(RowGradient(psi, rng.standard_normal((gaussians, LEARNED)).astype(np.float32)))
    return both


def test_rows_move_as_if_their_gradient_were_written() -> None:
    """Two renders a step, rows with psi 0 among them: the same as Adam on the dense gradient, whose moments decay."""
    deltas, dense = random_rows(40), random_rows(40).learned.clone().requires_grad_()
    rows: list[RowGradient] = []
    ours = FusedAdam([{"params": [deltas.learned], "lr": 0.1, "columns": COLUMNS, "deltas": deltas, "rows": rows}])
    theirs = FusedAdam([{"params": [dense], "lr": 0.1, "columns": COLUMNS}])
    owner = np.repeat(np.arange(40), np.diff(deltas.start))
    for step in range(6):
        rows.extend(renders(40, step))
        spread = sum((r.psi[deltas.expression] * deltas.mask)[:, None] * r.gaussians[owner] for r in rows)
        dense.grad = torch.from_numpy(np.asarray(spread))
        ours.step()
        theirs.step()
        assert not rows
    torch.testing.assert_close(deltas.learned, dense.detach(), rtol=1e-4, atol=1e-6)
    ours.step()
    torch.testing.assert_close(deltas.learned, dense.detach(), rtol=1e-4, atol=1e-6)


@pytest.mark.usefixtures("threads")
def test_threads_change_nothing() -> None:
    """One thread and three: bit-equal rows and entries."""
    results = []
    for count in (1, 3):
        set_threads(count)
        deltas, plain = random_rows(3000), torch.zeros(200_000, requires_grad=True)
        rows = renders(3000, 1)
        plain.grad = torch.linspace(-1, 1, 200_000)
        FusedAdam([{"params": [deltas.learned], "deltas": deltas, "rows": rows}, {"params": [plain]}]).step()
        results.append([deltas.learned.numpy(), plain.detach().numpy()])
    for one, three in zip(*results):
        np.testing.assert_array_equal(one, three)


def test_moments_saved_and_put_back_go_on_exactly() -> None:
    """Six steps, or three, disk and three more: bit-equal."""
    ends = []
    for stops in (False, True):
        parameter = torch.zeros(1000, requires_grad=True)
        optimizer = FusedAdam([parameter], lr=0.1)
        for step, grad in enumerate(gradients((1000,), 6)):
            if stops and step == 3:
                saved = {k: v.copy() for k, v in optimizer_arrays(optimizer, {"x": parameter}).items()}
                parameter = parameter.detach().clone().requires_grad_()
                optimizer = FusedAdam([parameter], lr=0.1)
                restore_optimizer(optimizer, {"x": parameter}, saved)
            parameter.grad = grad
            optimizer.step()
        ends.append(parameter.detach().numpy())
    np.testing.assert_array_equal(*ends)


def test_vanishing_gradients_leave_no_tiny_numbers() -> None:
    """A parameter whose gradient stops keeps moments that are normal numbers or 0, and comes to rest."""
    parameter = torch.zeros(4, requires_grad=True)
    optimizer = FusedAdam([parameter], lr=0.1)
    for step in range(1200):
        parameter.grad = torch.full((4,), 1e-3 if step < 3 else 0.0)
        optimizer.step()
    moment = optimizer.state[parameter]["exp_avg"]
    assert ((moment == 0) | (moment.abs() > 1e-37)).all()
    assert float(moment.abs().max()) == 0
