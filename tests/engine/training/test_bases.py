"""Reduced bases: the same twin from fewer learned deltas, written as deltas of single expressions."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from emotalker.engine.files import read_arrays
from emotalker.engine.gaussians.deltas import LEARNED, SparseDeltas
from emotalker.engine.jobs import Metric, Outcome, StopToken, run
from emotalker.engine.refining.config import RefineConfig
from emotalker.engine.training.bases import principal_map, spread
from emotalker.engine.training.config import Stage1Config
from emotalker.engine.training.stage1 import fit

K, N = 7, 9


def some_deltas() -> SparseDeltas:
    """Gaussians that two to four of seven expressions reach."""
    rng = np.random.default_rng(0)
    count = rng.integers(2, 5, N)
    start = np.concatenate([[0], np.cumsum(count)]).astype(np.int64)
    expression = np.concatenate([rng.permutation(K)[:c] for c in count]).astype(np.int32)
    rows = len(expression)
    fixed, mask = np.zeros((rows, 6), np.float32), np.ones(rows, np.float32)
    return SparseDeltas(start, expression, fixed, mask, torch.zeros(rows, LEARNED))


def test_components_keep_the_expressions_that_were_seen() -> None:
    """Three ways of moving are kept by three components, the stronger first."""
    rng = np.random.default_rng(1)
    psi = (rng.random((200, 3)) * [3, 2, 1] @ rng.random((3, K))).astype(np.float32)
    mapping = principal_map(psi, 3)
    assert mapping.shape == (K, 3)
    np.testing.assert_allclose(mapping.T @ mapping, np.eye(3), atol=1e-5)
    np.testing.assert_allclose(psi @ mapping @ mapping.T, psi, atol=1e-4)
    strength = np.square(psi @ mapping).sum(0)
    assert (np.diff(strength) < 0).all()


def test_rows_and_gradients_are_those_of_the_plain_sum() -> None:
    """Against torch: every row is its expression's mixture of the Gaussian's bases."""
    deltas = some_deltas()
    mapping = np.random.default_rng(2).normal(size=(K, 4)).astype(np.float32)
    bases = torch.randn(N, 4, LEARNED, generator=torch.Generator().manual_seed(0), requires_grad=True)
    owner = np.repeat(np.arange(N), np.diff(deltas.start))
    expected = (torch.from_numpy(mapping[deltas.expression])[:, :, None] * bases[owner]).sum(1)
    found = spread(bases, mapping, deltas)
    torch.testing.assert_close(found, expected)
    pull = torch.randn(expected.shape, generator=torch.Generator().manual_seed(1))
    gradients = [torch.autograd.grad((x * pull).sum(), bases)[0] for x in (found, expected)]
    torch.testing.assert_close(*gradients)


@pytest.mark.parametrize("stop_at", [None, 40])
def test_a_head_trains_in_reduced_bases(person, tmp_path: Path, stop_at: int | None) -> None:
    """The run learns deltas that lie in the span of four components, also when interrupted."""
    config = Stage1Config(steps=60, count=900, most=1000, size=96, densify_every=30, densify_gradient=1e-6)
    config = replace(config, learned_bases=4, refine=RefineConfig(0))
    stop = StopToken()

    def listen(event: object) -> None:
        if isinstance(event, Metric) and stop_at is not None and event.step >= stop_at:
            stop.request()

    outcome = run(fit(person.clips, person.track_dir, tmp_path, config, stop), listen)
    if stop_at is not None:
        assert outcome is Outcome.STOPPED
        outcome = run(fit(person.clips, person.track_dir, tmp_path, config, StopToken()))
    assert outcome is Outcome.FINISHED
    arrays = read_arrays(tmp_path / "model.safetensors")[0]
    learned, start = arrays["shapes.deltas.learned"], arrays["shapes.deltas.start"]
    assert np.abs(learned).max() > 0
    busiest = int(np.argmax(np.diff(start)))
    strengths = np.linalg.svd(learned[start[busiest] : start[busiest + 1]].astype(np.float64))[1]
    assert strengths[4] < 1e-5 * strengths[0]
