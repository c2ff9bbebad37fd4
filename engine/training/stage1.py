"""Stage 1: the neutral Gaussian head of a person, fitted to the tracked frames (NGI of the paper)."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from emotalker.engine.clip import ClipInput
from emotalker.engine.files import Arrays, write_arrays
from emotalker.engine.gaussians.blendshapes import GaussianBlendshapes
from emotalker.engine.gaussians.cpu import morton_order
from emotalker.engine.gaussians.gaussians import FIELDS
from emotalker.engine.gaussians.posed import RowGradient
from emotalker.engine.head.folder import head_of
from emotalker.engine.jobs import Job, Metric, Notice, Outcome, Preview, Progress, StopToken
from emotalker.engine.media import Prefetcher
from emotalker.engine.refining.stage import refine_tracks
from emotalker.engine.render.rasterizer import RasterProbe, Render, rasterize
from emotalker.engine.torch_threads import one_torch_thread
from emotalker.engine.tracking.refined import FOLDER as TRACKS
from emotalker.engine.training.adam import FusedAdam
from emotalker.engine.training.bases import F32, principal_map, spread
from emotalker.engine.training.config import Stage1Config
from emotalker.engine.training.corrections import Corrections, posed_with, save_corrected
from emotalker.engine.training.density import Density, double
from emotalker.engine.training.finishing.tidy import tidy
from emotalker.engine.training.first_shapes import first_shapes
from emotalker.engine.training.frames import Sample, TrainingFrames
from emotalker.engine.training.halfway import FOLDER as HALFWAY
from emotalker.engine.training.halfway import follow_again, half_of
from emotalker.engine.training.late import LateNumbers
from emotalker.engine.training.loss.losses import compose, relight
from emotalker.engine.training.loss.picture import picture_losses
from emotalker.engine.training.loss.priors import homes_of, prior_loss, pulls_of
from emotalker.engine.training.run_folder import RunFolder, optimizer_arrays, restore_optimizer, run_mark
from emotalker.engine.training.sampling_order import HardestFirst
from emotalker.engine.training.watching.clip_watch import ClipWatch
from emotalker.engine.training.watching.verdict import Verdict

STAGE = "fit"
EVERY = 20
"""Steps between metrics."""
LAYOUT = 2
"""Of checkpoints; one written with another layout is not resumed. 2: learned deltas in their own units."""
VERDICT_AT = 0.18
"""Share of the steps after which the clips are judged for the first time."""
SETTLE_FRAMES, SETTLE_SIZE = 48, 256
"""Frames, and pixels of their side at most, by which the end finds out what was ever seen."""
NAMES = (*FIELDS, "deltas", "lighting")


def fit(
    clips: Sequence[ClipInput], track_dir: Path, out: Path, config: Stage1Config, stop: StopToken, device: str = "cpu"
) -> Job:
    """Fit the Gaussian blendshapes of a person.

    Writes checkpoint.safetensors, metrics.jsonl, previews/, model.safetensors and done.json below `out`; then, with
    `config.refine`, the tracks of all clips anew below tracks/. Stopped and run again it ends, on the CPU, with the
    same numbers as if never stopped.

    Args:
        clips: the clips of the person; nothing is learned from held-out ones, only their tracks are refined.
        track_dir: folder of the tracking stage.
        out: folder of this run.
        config: settings.
        stop: asks for a checkpoint and an early end.
        device: "cpu" or "cuda".

    Raises:
        UserError: if there is nothing to train on, or a file is missing or damaged.
    """
    with one_torch_thread():
        outcome = yield from _fit(clips, track_dir, out, config, stop, device)
        if outcome is Outcome.FINISHED and config.refine.iterations:
            outcome = yield from refine_tracks(clips, track_dir, out, config.refine, stop)
        return outcome


def _fit(
    clips: Sequence[ClipInput], track_dir: Path, out: Path, config: Stage1Config, stop: StopToken, device: str
) -> Job:
    run = RunFolder(out, run_mark(clips, track_dir, asdict(config) | {"layout": LAYOUT}))
    if run.finished:
        yield Notice(STAGE, "The head is already fitted to these clips.")
        return Outcome.FINISHED
    frames = TrainingFrames(head_of(track_dir), clips, track_dir, config.size, config.weight_mouth)
    with closing(frames):
        return (yield from _train(Stage1Trainer(frames, config, device), track_dir, run, stop))


def _train(trainer: Stage1Trainer, track_dir: Path, run: RunFolder, stop: StopToken) -> Job:
    config, frames = trainer.config, trainer.frames
    saved = run.load()
    if saved is not None:
        trainer.restore(*saved)
        yield Notice(STAGE, f"Going on from step {trainer.step}.")
    half = half_of(config)
    if trainer.step < half:
        if (yield from _steps(trainer, half, run, stop)) is Outcome.STOPPED:
            return Outcome.STOPPED
        run.save(*trainer.snapshot())
    if half:
        begin = trainer.step == half
        clips = [posed.clip for posed in frames.clips]
        write = trainer.write_model if begin else None
        if (yield from follow_again(clips, track_dir, run.folder, config, stop, write)) is Outcome.STOPPED:
            return Outcome.STOPPED
        frames.follow(track_dir, run.folder / HALFWAY)
        if begin:
            trainer.corrections = trainer.no_corrections()
    if (yield from _steps(trainer, config.steps, run, stop)) is Outcome.STOPPED:
        return Outcome.STOPPED
    run.save(*trainer.snapshot())
    save_corrected(trainer.corrections.all(), frames.clips, frames.index, run.folder / TRACKS)
    trainer.write_model(run.folder / "model.safetensors", even=True)
    last = trainer.watch.verdicts()
    yield from _warnings(last)
    run.finish(config=asdict(config), gaussians=len(trainer.shapes), verdicts=[asdict(v) for v in last])
    return Outcome.FINISHED


def _steps(trainer: Stage1Trainer, until: int, run: RunFolder, stop: StopToken) -> Job:
    """Train up to step `until`, with checkpoints, metrics and pictures."""
    config, frames = trainer.config, trainer.frames
    last_save = time.monotonic()
    order = trainer.order.order(trainer.step, until)
    with closing(Prefetcher(frames.read, order, depth=8, workers=1)) as samples:
        for _, sample in samples:
            terms = trainer.train_step(sample)
            if trainer.step % EVERY == 0 or trainer.step == config.steps:
                values = trainer.metrics(terms)
                run.log(trainer.step, values)
                yield Metric(STAGE, trainer.step, values)
                yield Progress(STAGE, trainer.step, config.steps)
            if trainer.step % config.preview_every == 0 or trainer.step == config.steps:
                yield Preview(STAGE, trainer.step, run.preview(trainer.step, trainer.preview()))
            if trainer.step == round(VERDICT_AT * config.steps):
                yield from _warnings(trainer.watch.verdicts())
            overdue = time.monotonic() - last_save > config.checkpoint_seconds
            if overdue or stop.requested:
                run.save(*trainer.snapshot())
                last_save = time.monotonic()
            if stop.requested:
                return Outcome.STOPPED
    return Outcome.FINISHED


def _warnings(found: Sequence[Verdict]) -> Iterator[Notice]:
    """What is wrong with the clips, worst first."""
    for verdict in sorted((v for v in found if v.region), key=lambda v: -v.error):
        yield Notice(STAGE, verdict.text, "warning")


class Stage1Trainer:
    """The state of a stage-1 training.

    Args:
        frames: what to learn from.
        config: settings.
        device: "cpu" or "cuda".
    """

    def __init__(self, frames: TrainingFrames, config: Stage1Config, device: str = "cpu") -> None:
        if device == "cuda":
            more = config.more_on_cuda
            config = replace(config, count=int(config.count * more), most=int(config.most * more))
        self.frames, self.config, self.device = frames, config, device
        frames.pin = device == "cuda"
        self.step = 0
        even = 1 if config.hardest > 1 else 2**62
        self.order = HardestFirst(len(frames), config.seed, even, most=max(config.hardest, 1.0))
        self.watch = ClipWatch(frames)
        self.corrections = self.no_corrections()
        shapes = first_shapes(frames, config.count, config.degree, config.seed)
        lighting = torch.eye(3, 4).repeat(len(frames.clips), 1, 1)
        rates = torch.full((14,), config.lr_delta)
        rates[:3] = 1.0
        base = (
            [config.lr_delta_means] * 3
            + [config.lr_quats] * 4
            + [config.lr_scale] * 3
            + [config.lr_opacity]
            + [config.lr_sh] * 3
        )
        self.delta_scale = (torch.tensor(base) * rates).to(device)
        self.late: LateNumbers[tuple[int, int]] = LateNumbers()
        self.plates = [posed.plate.to(device) for posed in frames.clips]
        shapes.deltas.learned = torch.zeros_like(shapes.deltas.learned)
        self.mapping: F32 | None = None
        bases = None
        if config.learned_bases is not None:
            self.mapping = principal_map(np.concatenate([p.track.psi for p in frames.clips]), config.learned_bases)
            bases = torch.zeros(len(shapes), self.mapping.shape[1], len(self.delta_scale))
        self._adopt(shapes, lighting, homes_of(shapes), {}, bases)

    def no_corrections(self) -> Corrections:
        """Tracks as they are."""
        c, expressions = self.config, self.frames.clips[0].psi.shape[1]
        return Corrections(len(self.frames), expressions, tuple(c.correct), c.weight_correct, self.device)

    def _adopt(
        self, shapes: GaussianBlendshapes, lighting: Tensor, homes: Tensor, moments: Arrays, bases: Tensor | None
    ) -> None:
        """Make these the parameters being trained, with Adam's moments where given."""
        c = self.config
        self.shapes = shapes
        base = shapes.base
        for name in FIELDS:
            setattr(base, name, getattr(base, name).to(self.device).requires_grad_(True))
        shapes.weights = shapes.weights.to(self.device)
        # on the CPU the optimiser spreads the gradient over the rows itself
        shapes.deltas.learned = shapes.deltas.learned.to(self.device).requires_grad_(self.device != "cpu")
        self.rows: list[RowGradient] = []
        # in units of their learning rates, as Adam moves all entries of a parameter alike
        self.bases = None if bases is None else bases.to(self.device).requires_grad_(True)
        self.lighting = lighting.to(self.device).requires_grad_(True)
        rates = (c.lr_means, c.lr_quats, c.lr_scale, c.lr_opacity, c.lr_sh, 1.0, c.lr_lighting)
        groups = [{"params": [p], "lr": lr} for p, lr in zip(self._parameters().values(), rates)]
        # Adam moves every entry by its learning rate; the columns of the deltas have different units
        if self.bases is None:
            groups[5] |= {"columns": self.delta_scale, "deltas": shapes.deltas, "rows": self.rows}
        self.optimizer = FusedAdam(groups)
        restore_optimizer(self.optimizer, self._parameters(), moments)
        self.density = Density.empty(len(shapes), self.device)
        self.homes, self.pulls = homes.to(self.device), pulls_of(shapes, c).to(self.device)

    def _parameters(self) -> dict[str, Tensor]:
        learned = self.shapes.deltas.learned if self.bases is None else self.bases
        return dict(zip(NAMES, [*(getattr(self.shapes.base, name) for name in FIELDS), learned, self.lighting]))

    def _spread_bases(self) -> None:
        """Bring the deltas of single expressions up to date, where mixtures of them are learned."""
        if self.bases is not None and self.mapping is not None:
            self.shapes.deltas.learned = spread(self.bases, self.mapping, self.shapes.deltas) * self.delta_scale

    def _rasterized(self, number: int, row: Tensor | None = None, probe: RasterProbe | None = None) -> Render:
        """A training frame with its correction `row`, before light and plate."""
        clip, frame = self.frames.index[number]
        posed = self.frames.clips[clip]
        psi, bones, root = posed.psi[frame], posed.bones[frame], posed.root[frame]
        if row is not None:
            psi, bones, root = posed_with(self.frames.head, self.frames.joints, posed.track, frame, row)
        psi, bones, root = (t.to(self.device, non_blocking=True) for t in (psi, bones, root))
        backend = "cuda" if self.device == "cuda" else "cpu"
        self._spread_bases()
        return rasterize(
            self.shapes.posed(psi, bones, root, self.rows), self.frames.camera, backend=backend, probe=probe
        )

    def render(self, number: int, row: Tensor | None = None) -> Tensor:
        """Picture over the clip's plate [S, S, 3] of a training frame, with its correction `row`."""
        result, clip = self._rasterized(number, row), self.frames.index[number][0]
        return compose(relight(result.rgb, result.alpha, self.lighting[clip]), result.alpha, self.plates[clip])

    def train_step(self, sample: Sample) -> dict[str, Tensor]:
        """One step of Adam on one frame; returns the loss terms, on the device."""
        c = self.config
        progress = self.step / max(c.steps, 1)
        self.optimizer.param_groups[0]["lr"] = c.lr_means * 0.01**progress
        self.optimizer.param_groups[5]["lr"] = 0.05**progress
        for group in (1, 2, 3, 4):
            rate = (c.lr_quats, c.lr_scale, c.lr_opacity, c.lr_sh)[group - 1]
            self.optimizer.param_groups[group]["lr"] = rate * 0.1**progress
        probe = RasterProbe()
        correcting = bool(c.correct) and progress >= c.correct_from
        row = self.corrections.row(sample.number).requires_grad_(True) if correcting else None
        result = self._rasterized(sample.number, row, probe)
        given = (sample.image, sample.importance, sample.matte, sample.sure)
        target, importance, matte, sure = (t.to(self.device, non_blocking=True) for t in given)
        light, plate = self.lighting[sample.clip], self.plates[sample.clip]
        terms = picture_losses(result.rgb, result.alpha, light, plate, target, importance, matte, sure)
        prior = prior_loss(self.shapes, self.homes, self.pulls, c)
        neutral = (self.lighting.mean(0) - torch.eye(3, 4, device=self.device)).square().sum()
        picture = (1 - c.weight_ssim) * terms.l1 + c.weight_ssim * terms.dssim
        loss = picture + c.weight_matte * terms.matte + prior + 10 * neutral
        if row is not None:
            loss = loss + self.corrections.cost(row)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        self.optimizer.step()
        if row is not None and row.grad is not None:
            self.corrections.learn(sample.number, row.grad, 0.1**progress)
        self.watch.look(self.step, sample, terms.image)
        for (step, number), value in self.late.put((self.step, sample.number), loss):
            self.order.learned(step, number, value)
        self.density.add(probe, c.size)
        self.step += 1
        if self._densify_now():
            self._densify()
        told = {"loss": loss.detach(), "l1": terms.l1, "dssim": terms.dssim}
        return told | {"matte": terms.matte, "square": terms.square}

    def metrics(self, terms: dict[str, Tensor]) -> dict[str, float]:
        """What is logged of a step; waits for the device."""
        values = {name: float(value.detach()) for name, value in terms.items()}
        psnr = -10 * float(np.log10(max(values.pop("square"), 1e-10)))
        return values | {"psnr": psnr, "gaussians": float(len(self.shapes))}

    def _densify_now(self) -> bool:
        c = self.config
        inside = c.densify_from * c.steps <= self.step <= c.densify_until * c.steps
        return inside and self.step % c.densify_every == 0

    def _densify(self) -> None:
        keep, doubled = self.density.plan(self.shapes, self.config)
        self._spread_bases()
        old = self.shapes.cpu()
        grown = double(old, keep, doubled, (self.config.seed, self.step))
        # the kernels are fastest when neighbours in space are neighbours in memory
        order = morton_order(grown.base.means).numpy().astype(np.int64)
        source = np.concatenate([keep, doubled])[order]
        rows = old.deltas.rows_of(source) if self.bases is None else source
        moments = optimizer_arrays(self.optimizer, self._parameters())
        for name in NAMES[:-1]:
            for part in ("m", "v"):
                key = f"adam.{name}.{part}"
                moments[key] = moments[key][rows if name == "deltas" else source]
        grown = grown.select(order)
        homes = self.homes[torch.from_numpy(source).to(self.device)]
        bases = None if self.bases is None else self.bases.detach()[torch.from_numpy(source).to(self.device)]
        self._adopt(grown, self.lighting.detach(), homes, moments, bases)

    def preview(self) -> list[Tensor]:
        """Recording and render of a few fixed frames, side by side."""
        pictures = []
        with torch.no_grad():
            for number in np.linspace(0, len(self.frames) - 1, 3).astype(int):
                sample = self.frames.read(int(number))
                pictures += [sample.image, self.render(sample.number, self.corrections.row(sample.number))]
        return pictures

    def snapshot(self) -> tuple[Arrays, dict[str, object]]:
        """Everything needed to go on as if nothing had happened."""
        self._spread_bases()
        arrays = {f"shapes.{k}": v for k, v in self.shapes.to_arrays().items()}
        arrays |= {
            "lighting": self.lighting.detach().cpu().numpy(), "homes": self.homes.cpu().numpy(),
            "density.total": self.density.total.cpu().numpy(), "density.seen": self.density.seen.cpu().numpy(),
        }  # fmt: skip
        if self.bases is not None:
            arrays["bases"] = self.bases.detach().cpu().numpy()
        arrays |= self.corrections.to_arrays() | self.order.to_arrays() | self.watch.to_arrays()
        return arrays | optimizer_arrays(self.optimizer, self._parameters()), {"step": self.step}

    def restore(self, arrays: Arrays, state: dict[str, int]) -> None:
        """Put back a snapshot."""
        self.step = int(state["step"])
        self.corrections.restore(arrays)
        self.order.restore(arrays)
        self.watch.restore(arrays)
        shapes = GaussianBlendshapes.from_arrays({k[7:]: v for k, v in arrays.items() if k.startswith("shapes.")})
        moments = {k: v for k, v in arrays.items() if k.startswith("adam.")}
        lighting, homes = (torch.from_numpy(np.array(arrays[name])) for name in ("lighting", "homes"))
        bases = torch.from_numpy(np.array(arrays["bases"])) if "bases" in arrays else None
        self._adopt(shapes, lighting, homes, moments, bases)
        gathered = (torch.from_numpy(np.array(arrays[f"density.{k}"])) for k in ("total", "seen"))
        self.density = Density(*(t.to(self.device) for t in gathered))

    def write_model(self, path: Path, even: bool = False) -> None:
        """The fitted head, with each clip's lighting, in order (see `tidy`) where no frame shows it well."""
        self._spread_bases()
        shapes = self.shapes.cpu().select(np.arange(len(self.shapes)))
        frames = self.frames
        poses = []
        for number in np.linspace(0, len(frames) - 1, SETTLE_FRAMES).astype(int):
            clip, frame = frames.index[number]
            row = self.corrections.row(int(number))
            psi, bones, root = posed_with(frames.head, frames.joints, frames.clips[clip].track, frame, row)
            poses.append((psi.cpu(), bones.cpu(), root.cpu()))
        size = min(SETTLE_SIZE, self.config.size)
        small = frames.camera.resized(size, size)
        tidy(shapes, self.homes.cpu(), frames.head, frames.identity, poses, small, even)
        arrays = {f"shapes.{k}": v for k, v in shapes.to_arrays().items()}
        arrays["lighting"] = self.lighting.detach().cpu().numpy()
        clips = [{"id": p.clip.id, "emotion": p.clip.emotion, "level": p.clip.level} for p in self.frames.clips]
        write_arrays(path, arrays, {"clips": json.dumps(clips), "degree": str(self.config.degree)})
