"""Rasterizers side by side: `python tests/benchmarks/rasterizers.py [--count N ...] [--size S] [--json F]`.

The same Gaussians, camera and gradient of the picture for all, in one run: our CPU kernels, vectorised torch by tiles,
the float64 definition, and, where installed (`pip install taichi warp-lang`), per-pixel kernels in taichi and warp as
one writes them for a card; gsplat where CUDA works. Medians in milliseconds, decibels against the float64 definition,
and the largest relative error of a field's gradient against our kernels'. Taichi and warp get the projection, depth
order and tile lists of our kernels, with their time; only the blending is theirs. They and torch use all cores (warp's
CPU kernels run on one), our kernels too.
"""

from __future__ import annotations

import argparse
import importlib
import json
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import torch

from emotalker.engine.bench.scene import head_blob
from emotalker.engine.bench.timing import median_ms, torch_median_ms
from emotalker.engine.bench.torch_tiles import rasterize_torch_tiles
from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.cpu import get_threads, pipeline, rasterize_cpu, warm_up
from emotalker.engine.gaussians.cpu.playback import arrays_of
from emotalker.engine.gaussians.cpu.project_backward import project_backward
from emotalker.engine.gaussians.cpu.shade import shade_backward
from emotalker.engine.gaussians.cpu.threads import for_chunks
from emotalker.engine.gaussians.cuda import probe_cuda, rasterize_cuda
from emotalker.engine.gaussians.gaussians import FIELDS, Gaussians
from emotalker.engine.gaussians.reference import Splats, blend_weights, project
from emotalker.engine.render.rasterizer import Render

BLOCK = 32
Row = dict[str, float | str]


def by_definition(gaussians: Gaussians, camera: Camera) -> torch.Tensor:
    """The float64 picture [H, W, 3], in blocks that see only the Gaussians whose box reaches them."""
    with torch.no_grad():
        splats = project(Gaussians(*(getattr(gaussians, name).double() for name in FIELDS)), camera)
        splats = Splats(*(v[torch.argsort(splats.depths, stable=True)] for v in splats))
        image = torch.zeros(camera.height, camera.width, 3, dtype=torch.float64)
        low, high = splats.means2d - splats.extents, splats.means2d + splats.extents
        for y in range(0, camera.height, BLOCK):
            for x in range(0, camera.width, BLOCK):
                corner = torch.tensor([x, y])
                near = ((high > corner) & (low < corner + BLOCK)).all(1) & (splats.extents[:, 0] > 0)
                if not near.any():
                    continue
                ys, xs = torch.meshgrid(
                    torch.arange(y, min(y + BLOCK, camera.height)) + 0.5,
                    torch.arange(x, min(x + BLOCK, camera.width)) + 0.5,
                    indexing="ij",
                )
                some = Splats(*(v[near] for v in splats))
                weights, _ = blend_weights(some, torch.stack([xs.reshape(-1), ys.reshape(-1)], -1).double())
                image[y : y + BLOCK, x : x + BLOCK] = (weights.T @ some.colours).reshape(*xs.shape, 3)
    return image


def decibels(image: torch.Tensor, truth: torch.Tensor) -> float:
    """Likeness of two pictures."""
    return -10 * float((image.detach().cpu().double() - truth).square().mean().clamp_min(1e-30).log10())


def slopes(camera: Camera) -> tuple[torch.Tensor, torch.Tensor]:
    """A fixed gradient of colour and alpha."""
    generator = torch.Generator().manual_seed(1)
    shape = camera.height, camera.width
    return torch.randn(*shape, 3, generator=generator), torch.randn(*shape, generator=generator)


def of_torch(
    rasterizer: Callable[[Gaussians, Camera], Render], gaussians: Gaussians, camera: Camera, truth: torch.Tensor,
    timer: Callable[..., float], repeats: tuple[int, int], device: str = "cpu",
) -> tuple[Row, list[torch.Tensor]]:  # fmt: skip
    """Figures and gradients of a rasterizer that is a torch function."""
    leaves = [getattr(gaussians, name).to(device).clone().requires_grad_() for name in FIELDS]
    down = [g.to(device) for g in slopes(camera)]

    def finish() -> None:
        if device == "cuda":
            torch.cuda.synchronize()

    def forward() -> Render:
        with torch.no_grad():
            render = rasterizer(Gaussians(*leaves), camera)
        finish()
        return render

    def both() -> list[torch.Tensor]:
        render = rasterizer(Gaussians(*leaves), camera)
        gradients = list(torch.autograd.grad([render.rgb, render.alpha], leaves, down))
        finish()
        return gradients

    row: Row = {
        "forward_ms": timer(forward, *repeats),
        "forward_backward_ms": timer(both, *repeats),
        "decibels": decibels(forward().rgb, truth),
    }
    return row, [g.cpu() for g in both()]


def of_port(
    port: ModuleType, gaussians: Gaussians, camera: Camera, truth: torch.Tensor, repeats: tuple[int, int]
) -> tuple[Row, list[torch.Tensor]]:
    """Figures and gradients of kernels that blend what ours have prepared."""
    arrays = arrays_of(gaussians)
    scratch = pipeline.Scratch(len(arrays.means), camera.width, camera.height)
    rgb, alpha = (
        np.zeros((camera.height, camera.width, 3), np.float32),
        np.zeros((camera.height, camera.width), np.float32),
    )
    g_rgb, g_alpha = (g.numpy() for g in slopes(camera))

    def forward() -> pipeline.View:
        view = pipeline.prepare(arrays, camera, scratch)
        port.forward(scratch, rgb, alpha)
        return view

    def both() -> list[torch.Tensor]:
        view = forward()
        grads = port.backward(scratch, rgb, alpha, g_rgb, g_alpha)
        screen, colour = np.ascontiguousarray(grads[:, :6]), np.ascontiguousarray(grads[:, 6:])
        g = [np.empty_like(a) for a in arrays]
        s, chunks = scratch, scratch.gaussian_chunks()
        for_chunks(
            project_backward, chunks, arrays.means, arrays.quats, arrays.log_scales, view, s.tiles, s.packed, screen,
            *g[:4], np.empty(s.count, np.float32),
        )  # fmt: skip
        for_chunks(shade_backward, chunks, arrays.means, arrays.sh, view, s.tiles, s.packed, colour, g[4], g[0])
        return [torch.from_numpy(a) for a in g]

    row: Row = {"forward_ms": median_ms(forward, *repeats), "forward_backward_ms": median_ms(both, *repeats)}
    row["decibels"] = decibels(torch.from_numpy(rgb), truth)
    return row, both()


def compare(count: int, size: int, repeats: int) -> dict[str, Row]:
    """A row of figures for each rasterizer."""
    gaussians, camera = head_blob(count, size)
    truth = by_definition(gaussians, camera)
    rows: dict[str, Row] = {}
    common = (gaussians, camera, truth)
    rows["ours, CPU"], ours = of_torch(rasterize_cpu, *common, median_ms, (repeats, 5))

    def add(name: str, result: tuple[Row, list[torch.Tensor]]) -> None:
        rows[name], theirs = result
        rows[name]["gradient_error"] = max(float((a - b).norm() / a.norm()) for a, b in zip(ours, theirs))

    for name in ("taichi", "warp"):
        try:
            port = importlib.import_module(f"splats_{name}")
        except ModuleNotFoundError:
            rows[name] = {"note": "not installed"}
            continue
        add(port.version(), of_port(port, *common, (max(repeats // 4, 3), 2)))
    add("torch, tiles", of_torch(rasterize_torch_tiles, *common, torch_median_ms, (2, 1)))
    rows["torch, float64 definition"] = {"forward_ms": median_ms(lambda: by_definition(gaussians, camera), 1, 0)}
    state = probe_cuda()
    if state.ok:
        add(f"gsplat, {state.reason}", of_torch(rasterize_cuda, *common, median_ms, (repeats, 5), "cuda"))
    else:
        rows["gsplat"] = {"note": state.reason}
    return rows


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, nargs="+", default=[20_000, 50_000])
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=30)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    warm_up()
    every = {}
    for count in args.count:
        every[str(count)] = rows = compare(count, args.size, args.repeats)
        print(f"\n{count} Gaussians, {args.size} x {args.size}, {get_threads()} kernel threads")
        print(f"{'':28s}{'forward ms':>12s}{'+ backward ms':>15s}{'dB':>8s}{'gradient error':>16s}")
        for name, row in rows.items():
            if "note" in row:
                print(f"{name:28s}  {row['note']}")
                continue
            columns = (("forward_ms", 12, 1), ("forward_backward_ms", 15, 1), ("decibels", 8, 1))
            cells = "".join(f"{row[k]:{w}.{d}f}" if k in row else " " * w for k, w, d in columns)
            print(f"{name:28s}{cells}" + (f"{row['gradient_error']:16.1e}" if "gradient_error" in row else ""))
    if args.json:
        args.json.write_text(json.dumps(every, indent=2) + "\n")


if __name__ == "__main__":
    main()
