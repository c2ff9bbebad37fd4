"""The CUDA route beside the CPU: `python tests/benchmarks/cuda.py [PROJECT] [--steps N] [--json F]`.

For a machine with a CUDA card and the extra [cuda]; elsewhere it says why not and ends. It measures: how far gsplat's
pictures are from our CPU kernels' (dB, at least 45 wanted); frames a second at 512 x 512 with 50 000 Gaussians (400
wanted); a step of stage 1 with the Standard preset, from which its minutes follow (3 wanted); and how often one step
makes the processor wait for the card, counted by torch itself, which gsplat needs once (see `engine.gaussians.cuda`).
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import torch
from fit_step import project_clips, sample_clips

from emotalker.engine.bench.scene import head_blob
from emotalker.engine.gaussians.cpu import rasterize_cpu, warm_up
from emotalker.engine.gaussians.cuda import probe_cuda, rasterize_cuda
from emotalker.engine.gaussians.gaussians import FIELDS, Gaussians
from emotalker.engine.head.folder import head_of
from emotalker.engine.media import Prefetcher
from emotalker.engine.presets import preset
from emotalker.engine.training.frames import TrainingFrames
from emotalker.engine.training.stage1 import Stage1Trainer

COUNTS = (20_000, 50_000)


def seconds_of(call: Callable[[], object], repeats: int) -> float:
    """Mean seconds of `call`, the card's work included."""
    for _ in range(5):
        call()
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(repeats):
        call()
    torch.cuda.synchronize()
    return (time.perf_counter() - start) / repeats


def pictures() -> dict[str, float]:
    """Likeness to the CPU and speed, forward and with gradients."""
    figures = {}
    for count in COUNTS:
        gaussians, camera = head_blob(count)
        on_card = Gaussians(*(getattr(gaussians, name).cuda() for name in FIELDS))
        with torch.no_grad():
            ours, theirs = rasterize_cpu(gaussians, camera).rgb, rasterize_cuda(on_card, camera).rgb.cpu()
            forward = seconds_of(lambda g=on_card, c=camera: rasterize_cuda(g, c), 200)
        leaves = [getattr(on_card, name).requires_grad_() for name in FIELDS]

        def both(leaves: list[torch.Tensor] = leaves, camera=camera) -> None:  # type: ignore[no-untyped-def]
            render = rasterize_cuda(Gaussians(*leaves), camera)
            torch.autograd.grad(render.rgb.square().sum() + render.alpha.sum(), leaves)

        key = f"n{count}_s{camera.width}"
        figures[f"{key}.decibels"] = -10 * float((ours - theirs).square().mean().log10())
        figures[f"{key}.frames_per_second"] = 1 / forward
        figures[f"{key}.forward_backward_ms"] = 1000 * seconds_of(both, 100)
    return figures


def training(project: Path | None, steps: int) -> dict[str, float]:
    """Milliseconds of a stage-1 step with the Standard preset, and what the whole run would take."""
    config = preset("standard").fit
    with tempfile.TemporaryDirectory() as folder:
        clips, track_dir = project_clips(project) if project else sample_clips(Path(folder), config.size, 2.0)
        frames = TrainingFrames(head_of(track_dir), clips, track_dir, config.size, config.weight_mouth)
        with closing(frames):
            trainer = Stage1Trainer(frames, config, "cuda")
            trainer.step = config.steps // 5
            order = np.random.default_rng(0).integers(0, len(frames), steps + 40).tolist()
            with closing(Prefetcher(frames.read, order, depth=8, workers=2)) as samples:
                for _ in range(20):
                    trainer.train_step(next(samples)[1])
                torch.cuda.synchronize()
                start, waited = time.perf_counter(), 0.0
                for _ in range(steps):
                    before = time.perf_counter()
                    _, sample = next(samples)
                    waited += time.perf_counter() - before
                    trainer.train_step(sample)
                torch.cuda.synchronize()
                each = (time.perf_counter() - start) / steps
                waits = syncs_of(trainer, next(samples)[1])
    return {
        "stage1.step_ms": 1000 * each,
        "stage1.read_wait_ms": 1000 * waited / steps,
        "stage1.minutes": each * config.steps / 60,
        "stage1.waits_for_the_card": float(waits),
    }


def syncs_of(trainer: Stage1Trainer, sample) -> int:  # type: ignore[no-untyped-def]
    """How often torch waits for the card during one step; gsplat's own wait is made by its C++ through torch too."""
    torch.cuda.set_sync_debug_mode("warn")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        trainer.train_step(sample)
    torch.cuda.set_sync_debug_mode("default")
    for warning in said:
        print(f"  waited at {warning.filename}:{warning.lineno}")
    return len(said)


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", nargs="?", type=Path, help="with tracked clips; else the sample person")
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    state = probe_cuda()
    print(state.reason)
    if not state.ok:
        return
    warm_up()
    figures = pictures() | training(args.project, args.steps)
    for name, value in figures.items():
        print(f"{name:36s} {value:10.2f}")
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
