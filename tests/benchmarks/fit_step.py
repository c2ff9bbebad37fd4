"""Where a stage-1 step spends its time: `python tests/benchmarks/fit_step.py [PROJECT] [--count N] [--size S]`.

Trains on a project's tracked clips, or on the sample person with true tracks, and prints the median milliseconds of
each part over some steps: waiting for pictures, blending and posing, rasterizing, light and losses, their gradients,
Adam and what is left. The parts are timed by wrapping the functions of the real step, so that what is measured is what
trains. "processor time" is that of a step, reader included: divided by the cores it says what the step would take on a
machine that does nothing else. With --one-thread the parts are given in processor time of a single kernel thread, which
other programs hardly disturb. Only on the CPU: on a card a call returns before its work is done.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import json
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from emotalker.engine.clip import ClipInput
from emotalker.engine.gaussians import blendshapes, deltas, posed
from emotalker.engine.gaussians.cpu import autograd, get_threads, set_threads, warm_up
from emotalker.engine.head.folder import head_of
from emotalker.engine.media import Prefetcher
from emotalker.engine.presets import preset
from emotalker.engine.synthetic.sample import SampleConfig, make_sample
from emotalker.engine.synthetic.truth import true_tracks
from emotalker.engine.torch_threads import one_torch_thread
from emotalker.engine.training import stage1
from emotalker.engine.training.frames import TrainingFrames
from emotalker.engine.training.loss import dssim, picture

PARTS = {
    "blend": [(blendshapes.GaussianBlendshapes, "blend")],
    "pose": [(blendshapes.GaussianBlendshapes, "pose")],
    "posed": [(blendshapes.GaussianBlendshapes, "posed")],
    "raster forward": [(stage1, "rasterize")],
    "light and compose": [(stage1, "relight"), (stage1, "compose")],
    "picture loss": [(stage1, "picture_loss"), (stage1, "picture_losses")],
    "prior": [(stage1, "prior_loss")],
    "backward, all": [(stage1.torch.Tensor, "backward")],
    "backward of raster": [(autograd._Rasterize, "backward")],
    "backward of dssim": [(dssim._Ssim, "backward")],
    "backward of losses": [(picture, "_Compare.backward")],
    "backward of posed": [(posed, "Posed.backward")],
    "backward of deltas": [(deltas, "_Mix.backward")],
    "corrections": [(stage1, "posed_with"), (stage1.Corrections, "learn"), (stage1.Corrections, "cost")],
    "watch of clips": [(stage1.ClipWatch, "look")],
    "density": [(stage1.Density, "add")],
    "psnr": [(stage1, "psnr_of")],
}
"""What is wrapped for each line of the table, where it exists."""


class Stopwatch:
    """Milliseconds of named parts, step by step, by a clock that gives seconds."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.clock = clock
        self.now: dict[str, float] = defaultdict(float)
        self.steps: list[dict[str, float]] = []

    def around(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """`call`, timed under `name`."""

        @functools.wraps(call)
        def timed(*args: Any, **kwargs: Any) -> Any:
            start = self.clock()
            try:
                return call(*args, **kwargs)
            finally:
                self.now[name] += 1000 * (self.clock() - start)

        return timed

    def next_step(self) -> None:
        """Close the books of a step."""
        self.steps.append(dict(self.now))
        self.now.clear()

    def medians(self) -> dict[str, float]:
        """Median of each part over the steps, 0 where it did not run."""
        names = dict.fromkeys(name for step in self.steps for name in step)
        return {name: statistics.median(step.get(name, 0.0) for step in self.steps) for name in names}


@contextmanager
def wrapped(watch: Stopwatch) -> Iterator[None]:
    """The parts of the step report to `watch` for a while."""
    undo = []
    for name, places in PARTS.items():
        for owner, attribute in places:
            *path, attribute = attribute.split(".")
            for part in path:
                owner = getattr(owner, part, None)
            if owner is None or not hasattr(owner, attribute):
                continue
            kept = owner.__dict__.get(attribute, getattr(owner, attribute))
            timed = watch.around(name, getattr(owner, attribute))
            setattr(owner, attribute, staticmethod(timed) if isinstance(kept, staticmethod) else timed)
            undo.append((owner, attribute, kept))
    try:
        yield
    finally:
        for owner, attribute, kept in reversed(undo):
            setattr(owner, attribute, kept)


def sample_clips(folder: Path, size: int, seconds: float) -> tuple[list[ClipInput], Path]:
    """Two clips of the sample person and a track folder that holds the truth about them."""
    config = SampleConfig(size=size, seconds=seconds, emotions=("neutral", "happy"), levels=(2.0,))
    sample, track_dir = list(make_sample(folder / "film", config)), folder / "track"
    true_tracks(sample, track_dir)
    return [clip.clip for clip in sample], track_dir


def project_clips(folder: Path) -> tuple[list[ClipInput], Path]:
    """The tracked clips of a project; labels do not matter here."""
    track_dir = folder / "runs" / "track"
    names = sorted(p.parent.name for p in track_dir.glob("clips/*/track.safetensors"))
    return [ClipInput(name, Path(name), "neutral", 0.0) for name in names], track_dir


def measure(
    clips: list[ClipInput], track_dir: Path, config: Any, steps: int, warm: int, clock: Callable[[], float]
) -> dict[str, float]:
    """Median milliseconds of each part; "step" is the whole, waiting included, whose quickest tenth is given too."""
    watch = Stopwatch(clock)
    with closing(TrainingFrames(head_of(track_dir), clips, track_dir, config.size, config.weight_mouth)) as frames:
        trainer = stage1.Stage1Trainer(frames, config)
        trainer.step = config.steps // 5  # where corrections have begun and nothing is doubled yet
        order = np.random.default_rng(config.seed).integers(0, len(frames), warm + steps).tolist()
        with wrapped(watch), closing(Prefetcher(frames.read, order, depth=8, workers=1)) as samples:
            trainer.optimizer.step = watch.around("adam", trainer.optimizer.step)  # type: ignore[method-assign]
            for _ in range(warm + steps):
                start, spent = clock(), time.process_time()
                _, sample = next(samples)
                watch.now["read wait"] += 1000 * (clock() - start)
                trainer.train_step(sample)
                watch.now["step"] += 1000 * (clock() - start)
                watch.now["processor"] += 1000 * (time.process_time() - spent)
                watch.next_step()
        del watch.steps[:warm]
        alone = Stopwatch(clock)
        for number in range(min(20, len(frames))):
            alone.around("reader alone", frames.read)(number)
            alone.next_step()
        quick = statistics.quantiles((step["step"] for step in watch.steps), n=10)[0]
        return watch.medians() | alone.medians() | {"quickest tenth": quick, "gaussians": len(trainer.shapes)}


def report(figures: dict[str, float]) -> None:
    """Print the table, indented where a part lies within another."""
    whole = figures["step"]
    totals = ("step", "processor", "quickest tenth", "gaussians")
    inner = ("backward of", "reader", *totals)
    rest = whole - sum(v for k, v in figures.items() if not k.startswith(inner))
    for name, value in figures.items():
        if name not in totals:
            print(f"{'  ' * name.startswith('backward of')}{name:24s} {value:7.2f} ms")
    print(f"{'left':24s} {rest:7.2f} ms\n{'whole step':24s} {whole:7.2f} ms, {figures['gaussians']:.0f} Gaussians")
    print(f"{'quickest tenth below':24s} {figures['quickest tenth']:7.2f} ms")
    print(f"{'processor time':24s} {figures['processor']:7.2f} ms")


def main() -> None:
    """Parse, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("project", nargs="?", type=Path, help="with tracked clips; else the sample person")
    parser.add_argument("--count", type=int, default=20_000)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--steps", type=int, default=60)
    parser.add_argument("--warm", type=int, default=15)
    parser.add_argument("--one-thread", action="store_true")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    config = dataclasses.replace(
        preset("standard").fit, count=args.count, most=2 * args.count, size=args.size, densify_from=1
    )
    if args.one_thread:
        set_threads(1)
    clock = time.thread_time if args.one_thread else time.perf_counter
    warm_up()
    with tempfile.TemporaryDirectory() as folder, one_torch_thread():
        given = project_clips(args.project) if args.project else sample_clips(Path(folder), args.size, 1.5)
        figures = measure(*given, config, args.steps, args.warm, clock)
    print(f"{args.count} Gaussians asked for, {args.size} x {args.size}, {get_threads()} kernel threads")
    report(figures)
    if args.json:
        args.json.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
