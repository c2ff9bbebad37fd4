"""Determinism and life cycle of the CPU rasterizer."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor

from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.cpu import rasterize_cpu, set_threads, warm_up
from emotalker.engine.gaussians.cpu.threads import for_chunks, split
from emotalker.engine.gaussians.gaussians import FIELDS, Gaussians


def everything(gaussians: Gaussians, camera: Camera) -> list[Tensor]:
    """Picture and gradients."""
    leaves = [getattr(gaussians, name).clone().requires_grad_() for name in FIELDS]
    render = rasterize_cpu(Gaussians(*leaves), camera, with_depth=True)
    loss = render.rgb.square().sum() + render.alpha.sum()
    return [render.rgb.detach(), render.alpha.detach(), render.depth, *torch.autograd.grad(loss, leaves)]


def test_same_bits_for_any_number_of_threads(scene: Callable, use_threads: Callable) -> None:
    """1, 2 and 3 threads give the same bits, and so does a second run."""
    gaussians, camera = scene(count=9000, degree=1, width=130, height=97)
    gaussians.log_scales -= 1.5
    results = []
    for count in (1, 2, 3, 2):
        use_threads(count)
        results.append(everything(gaussians, camera))
    for other in results[1:]:
        assert all(torch.equal(a, b) for a, b in zip(results[0], other))


def test_two_python_threads_at_once(scene: Callable, use_threads: Callable) -> None:
    """Playback and training may render at the same time: no crash, no mixed buffers."""
    use_threads(2)
    scenes = [scene(count=500, seed=seed) for seed in (1, 2)]
    alone = [everything(*s) for s in scenes]
    with ThreadPoolExecutor(2) as pool:
        together = list(pool.map(lambda i: everything(*scenes[i % 2]), range(12)))
    for i, result in enumerate(together):
        assert all(torch.equal(a, b) for a, b in zip(alone[i % 2], result))


def test_two_renders_before_one_backward(scene: Callable) -> None:
    """Renders that wait for their gradient keep their own buffers."""
    gaussians, camera = scene(count=100)
    expected = everything(gaussians, camera)[3]
    leaves = [getattr(gaussians, name).clone().requires_grad_() for name in FIELDS]
    first = rasterize_cpu(Gaussians(*leaves), camera)
    other = rasterize_cpu(Gaussians(*(leaf * 1.1 for leaf in leaves)), camera)
    other.rgb.sum().backward()
    got = torch.autograd.grad(first.rgb.square().sum() + first.alpha.sum(), leaves[0])[0]
    assert torch.equal(got, expected)


def test_gradient_twice_is_refused(scene: Callable) -> None:
    """A second backward through one render says so instead of reading recycled buffers."""
    gaussians, camera = scene(count=10)
    gaussians.means.requires_grad_()
    render = rasterize_cpu(gaussians, camera)
    render.rgb.sum().backward(retain_graph=True)
    with pytest.raises(RuntimeError, match="already taken"):
        render.rgb.sum().backward()


def test_partial_gradients(scene: Callable) -> None:
    """Only the fields that ask get a gradient, and it is the same as among all."""
    gaussians, camera = scene(count=50)
    all_gradients = everything(gaussians, camera)
    gaussians.sh.requires_grad_()
    render = rasterize_cpu(gaussians, camera)
    (render.rgb.square().sum() + render.alpha.sum()).backward()
    assert torch.equal(gaussians.sh.grad, all_gradients[-1])
    assert gaussians.means.grad is None


def test_float64_input_is_converted(scene: Callable) -> None:
    """Other dtypes are computed in float32 and get a gradient of their own dtype."""
    gaussians, camera = scene(count=20)
    means = gaussians.means.double().requires_grad_()
    render = rasterize_cpu(
        Gaussians(means, gaussians.quats, gaussians.log_scales, gaussians.logit_opacities, gaussians.sh), camera
    )
    render.rgb.sum().backward()
    assert render.rgb.dtype == torch.float32
    assert means.grad.dtype == torch.float64


def test_an_error_in_a_helper_reaches_the_caller(use_threads: Callable) -> None:
    """A chunk that raises is not lost in the pool."""
    use_threads(2)

    def work(begin: int, end: int) -> None:
        raise ZeroDivisionError(f"{begin}-{end}")

    with pytest.raises(ZeroDivisionError):
        for_chunks(work, split(10, 3))


def test_thread_count_and_chunks() -> None:
    """Chunks cover the range once; zero threads are refused; warming up runs every kernel."""
    assert split(10, 4) == [(0, 4), (4, 8), (8, 10)]
    assert split(0, 4) == []
    with pytest.raises(ValueError, match="at least one"):
        set_threads(0)
    warm_up()
