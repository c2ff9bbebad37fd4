"""Stage 2: how emotion, intensity and speech change the Gaussians of a person (EGD of the paper)."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from emotalker.engine.avatar.emotive import Emotive
from emotalker.engine.clip import ClipInput
from emotalker.engine.emotion.deformation import Conditions, EmotionalDeformation, Offsets
from emotalker.engine.emotion.known import Known
from emotalker.engine.emotion.text import default_encoder, label_embeddings
from emotalker.engine.errors import UserError
from emotalker.engine.files import Arrays, read_arrays, write_arrays
from emotalker.engine.gaussians.blendshapes import GaussianBlendshapes
from emotalker.engine.gaussians.gaussians import Gaussians
from emotalker.engine.head.folder import head_of
from emotalker.engine.jobs import Job, Metric, Notice, Outcome, Preview, Progress, StopToken
from emotalker.engine.media import Prefetcher
from emotalker.engine.metrics.perceptual import VggLoss
from emotalker.engine.render.rasterizer import rasterize
from emotalker.engine.torch_threads import one_torch_thread
from emotalker.engine.tracking.refined import track_path
from emotalker.engine.training.config import Stage2Config
from emotalker.engine.training.driven import drive_clips
from emotalker.engine.training.first_shapes import grey_shapes
from emotalker.engine.training.frames import Sample, TrainingFrames
from emotalker.engine.training.loss.losses import compose, picture_loss, psnr_of, relight
from emotalker.engine.training.run_folder import RunFolder, optimizer_arrays, restore_optimizer, run_mark

STAGE = "emote"
MODEL = "model.safetensors"
EVERY = 10
"""Steps between metrics."""
FACE_POINTS = 468
"""Landmarks of the face surface; the last ten are irises."""


GREY_COLOUR = 2.0
"""Largest colour offset, spherical-harmonics units, from Gaussians that begin grey: it must reach any colour."""


def emote(
    clips: Sequence[ClipInput], track_dir: Path, fit_dir: Path, express_dir: Path, out: Path, config: Stage2Config,
    stop: StopToken, device: str = "cpu",
) -> Job:  # fmt: skip
    """Train the emotional deformation of a person's Gaussians.

    Writes checkpoint.safetensors, metrics.jsonl, previews/, model.safetensors and done.json below `out`; stopped and
    run again it ends, on the CPU, with the same numbers as if never stopped. With `config.without_egd` it only
    says that the twin goes without.

    Args:
        clips: the clips of the person; held-out ones are left alone.
        track_dir: folder of the tracking stage.
        fit_dir: folder of stage 1.
        express_dir: folder of the A2ET stage.
        out: folder of this run.
        config: settings.
        stop: asks for a checkpoint and an early end.
        device: "cpu" or "cuda".

    Raises:
        UserError: if an earlier stage is missing or there is nothing to train on.
    """
    with one_torch_thread():
        return (yield from _emote(clips, track_dir, fit_dir, express_dir, out, config, stop, device))


def _emote(
    clips: Sequence[ClipInput], track_dir: Path, fit_dir: Path, express_dir: Path, out: Path, config: Stage2Config,
    stop: StopToken, device: str,
) -> Job:  # fmt: skip
    run = RunFolder(out, stage_mark(clips, track_dir, fit_dir, express_dir, config))
    if run.finished:
        yield Notice(STAGE, "The emotional deformation is already trained on these clips.")
        return Outcome.FINISHED
    if config.without_egd:
        write_arrays(out / "model.safetensors", {"none": np.zeros(1, np.float32)}, {"egd": "off"})
        run.finish(config=asdict(config))
        return Outcome.FINISHED
    frames = TrainingFrames(head_of(track_dir), clips, track_dir, config.size, config.weight_mouth, fit_dir)
    with closing(frames):
        trainer = Stage2Trainer(frames, fit_dir / MODEL, express_dir, config, device)
        yield from trainer.notices
        return (yield from _train(trainer, run, stop))


def stage_mark(
    clips: Sequence[ClipInput], track_dir: Path, fit_dir: Path, express_dir: Path, config: Stage2Config
) -> str:
    """What a run of stage 2 is made from: clips, tracks, the stages before and the settings.

    Raises:
        UserError: if a stage before has not been finished.
    """
    digest = hashlib.sha256(run_mark(clips, track_dir, asdict(config)).encode())
    for path in (fit_dir / MODEL, express_dir / MODEL):
        if not path.exists():
            raise UserError(
                "The emotional stage cannot start.",
                f"{path.parent.name} has not been finished.",
                "Run that stage first.",
            )
        digest.update(path.read_bytes())
    for clip in clips:
        if not clip.held_out:
            digest.update(track_path(clip.id, track_dir, fit_dir).read_bytes())
    return digest.hexdigest()


def _train(trainer: Stage2Trainer, run: RunFolder, stop: StopToken) -> Job:
    config, frames = trainer.config, trainer.frames
    saved = run.load()
    if saved is not None:
        trainer.restore(*saved)
        yield Notice(STAGE, f"Going on from step {trainer.step}.")
    order = frames.order(trainer.step * config.batch, config.steps * config.batch, config.seed)
    last_save = time.monotonic()
    batch: list[Sample] = []
    with closing(Prefetcher(frames.read, order, depth=8, workers=1)) as samples:
        for _, sample in samples:
            batch.append(sample)
            if len(batch) < config.batch:
                continue
            values = trainer.train_step(batch)
            batch = []
            if trainer.step % EVERY == 0 or trainer.step == config.steps:
                run.log(trainer.step, values)
                yield Metric(STAGE, trainer.step, values)
                yield Progress(STAGE, trainer.step, config.steps)
            if trainer.step % config.preview_every == 0 or trainer.step == config.steps:
                yield Preview(STAGE, trainer.step, run.preview(trainer.step, trainer.preview()))
            if stop.requested or time.monotonic() - last_save > config.checkpoint_seconds:
                run.save(*trainer.snapshot())
                last_save = time.monotonic()
            if stop.requested:
                return Outcome.STOPPED
    run.save(*trainer.snapshot())
    trainer.write_model(run.folder / "model.safetensors")
    run.finish(config=asdict(config))
    return Outcome.FINISHED


class Stage2Trainer:
    """The state of a stage-2 training.

    Args:
        frames: what to learn from.
        fitted: stage 1's model file.
        express_dir: folder of the A2ET stage.
        config: settings.
        device: "cpu" or "cuda".

    Attributes:
        notices: what the user should hear before the training.
    """

    def __init__(
        self, frames: TrainingFrames, fitted: Path, express_dir: Path, config: Stage2Config, device: str = "cpu"
    ) -> None:
        self.frames, self.config, self.device = frames, config, device
        self.step = 0
        self.notices: list[Notice] = []
        arrays, _ = read_arrays(fitted)
        self.lighting = torch.from_numpy(arrays["lighting"]).to(device)
        if config.without_ngi:
            self.shapes = grey_shapes(frames, config.grey_count, config.seed)
        else:
            self.shapes = GaussianBlendshapes.from_arrays(
                {k[7:]: v for k, v in arrays.items() if k.startswith("shapes.")}
            )
        if device != "cpu":
            s = self.shapes
            s.base, s.weights, s.deltas.learned = s.base.to(device), s.weights.to(device), s.deltas.learned.to(device)
        self.labels = label_embeddings(default_encoder(on_notice=self._note))
        self.driven, self.mean_code = drive_clips(frames, express_dir)
        self.vgg = self._perceptual()
        torch.manual_seed(config.seed)
        head = frames.head
        speech_width = self.driven[0].speech.shape[1]
        self.network = EmotionalDeformation(config.deformation, self.shapes, len(head.expression_names), speech_width)
        if config.without_ngi:
            self.network.limits[-3:] = GREY_COLOUR
        self.network.fit_to_head(head, frames.identity, seed=config.seed)
        self.network.to(device)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=config.lr, fused=True)

    def _note(self, text: str) -> None:
        self.notices.append(Notice(STAGE, text, "warning"))

    def _perceptual(self) -> VggLoss | None:
        if not self.config.weight_vgg:
            return None
        try:
            return VggLoss().to(self.device)
        except UserError as error:
            self._note(f"Training goes on without the perceptual loss: {error.what}")
            return None

    def conditions(self, clip: int, frame: int, heard: bool, blank: bool = False) -> Conditions:
        """What the network is told about a frame, as a batch of one; a blank label keeps the emotion from it."""
        window = self.config.deformation.window
        return self.driven[clip].conditions(frame, heard, self.labels, window, blank).to(self.device)

    def render(self, clip: int, frame: int, heard: bool) -> tuple[Tensor, Tensor]:
        """Picture over the clip's plate [S, S, 3] and alpha [S, S], from tracked or heard expression."""
        conditions = self.conditions(clip, frame, heard)
        return self._picture(clip, frame, heard, conditions.psi_emo[0], self.network.at_anchors(conditions))

    def _picture(self, clip: int, frame: int, heard: bool, psi: Tensor, columns: Tensor) -> tuple[Tensor, Tensor]:
        """The same with offsets at the anchors [1, P, 14] worked out before (Eqs. 11-12)."""
        d = self.driven[clip]
        bones = d.heard_bones[frame] if heard else d.posed.bones[frame]
        offsets = Offsets.of(self.network.to_gaussians(columns))
        blended = add_offsets(self.shapes.blend(psi), offsets)
        world = self.shapes.pose(blended, bones.to(self.device), d.posed.root[frame].to(self.device))
        result = rasterize(world, self.frames.camera, backend="cuda" if self.device == "cuda" else "cpu")
        lit = relight(result.rgb, result.alpha, self.lighting[clip])
        return compose(lit, result.alpha, d.posed.plate.to(self.device)), result.alpha

    def train_step(self, batch: Sequence[Sample]) -> dict[str, float]:
        """One step of Adam on a batch of frames; returns the loss terms (Eqs. 13-18).

        The network answers for the whole batch at once; pictures are drawn one by one, and their slopes gathered where
        its answer meets them.
        """
        c = self.config
        for group in self.optimizer.param_groups:
            group["lr"] = c.lr * 0.1 ** (self.step / max(c.steps, 1))
        random = np.random.default_rng((c.seed, self.step))
        cases = [
            (
                not c.without_a2et and bool(random.random() < c.driven) and self.driven[s.clip].has_sound,
                bool(random.random() < c.blank_labels),
            )
            for s in batch
        ]
        asked = [self.conditions(s.clip, s.frame, *case) for s, case in zip(batch, cases)]
        pairs: list[int] = []
        if c.weight_steady and self.step % c.steady_every == 0:
            pairs = [i for i, s in enumerate(batch) if s.frame + 1 < len(self.driven[s.clip].heard_psi)]
        after = [self.conditions(batch[i].clip, batch[i].frame + 1, *cases[i]) for i in pairs]
        self.optimizer.zero_grad(set_to_none=True)
        basis = self.network.basis(self.network.anchors)
        columns = self.network.at_anchors(Conditions.stack(asked + after), basis)
        here, there = columns[: len(batch)], columns[len(batch) :]
        totals, slopes = self._look(batch, cases, asked, here)
        flame = self.network.flame_loss(basis)
        loss = c.weight_flame * flame
        totals["flame"] = float(flame.detach())
        if pairs:
            steady = ((there - here[pairs]) / self.network.limits).square().mean()
            loss = loss + c.weight_steady * c.steady_every * steady
            totals["steady"] = float(steady.detach())
        torch.autograd.backward([here, loss], [slopes, None])
        self.optimizer.step()
        self.step += 1
        return totals

    def _look(
        self, batch: Sequence[Sample], cases: Sequence[tuple[bool, bool]], asked: Sequence[Conditions], columns: Tensor
    ) -> tuple[dict[str, float], Tensor]:
        """Picture losses, means over the batch, and their slopes at the offsets [B, P, 14]."""
        c = self.config
        totals: dict[str, float] = {}
        slopes = torch.zeros_like(columns)
        for i, (sample, (heard, _)) in enumerate(zip(batch, cases)):
            leaf = columns[i : i + 1].detach().requires_grad_()
            image, _ = self._picture(sample.clip, sample.frame, heard, asked[i].psi_emo[0], leaf)
            target = sample.image.to(self.device)
            l1, dssim = picture_loss(image, target, sample.importance.to(self.device))
            loss = c.weight_rgb * l1 + c.weight_dssim * dssim
            terms = {"l1": l1, "dssim": dssim}
            if self.vgg is not None and self.step % c.vgg_every == 0:
                box = self._face_box(sample)
                vgg = self.vgg(_cut(image, box, c.vgg_crop), _cut(target, box, c.vgg_crop))
                loss = loss + c.weight_vgg * c.vgg_every * vgg
                terms["vgg"] = vgg
            (loss / len(batch)).backward()
            assert leaf.grad is not None
            slopes[i] = leaf.grad[0]
            for name, value in {"loss": loss, **terms}.items():
                totals[name] = totals.get(name, 0.0) + float(value.detach()) / len(batch)
            totals["psnr"] = totals.get("psnr", 0.0) + psnr_of(image, target) / len(batch)
        return totals, slopes

    def _face_box(self, sample: Sample) -> tuple[int, int, int]:
        """Left, top and side of the square around the face, inside the picture."""
        track, size = self.frames.clips[sample.clip].track, self.config.size
        points = track.landmarks[sample.frame, :FACE_POINTS] * (size / track.size)
        centre, side = (points.min(0) + points.max(0)) / 2, float((points.max(0) - points.min(0)).max()) * 1.1
        side = int(min(max(side, 16), size))
        left, top = (int(np.clip(v - side / 2, 0, size - side)) for v in centre)
        return left, top, side

    def preview(self) -> list[Tensor]:
        """Recording, tracked-driven and, where there is sound, audio-driven render of fixed frames, side by side."""
        pictures: list[Tensor] = []
        with torch.no_grad():
            for number in np.linspace(0, len(self.frames) - 1, 2).astype(int):
                sample = self.frames.read(int(number))
                pictures += [
                    sample.image,
                    *(
                        self.render(sample.clip, sample.frame, heard)[0]
                        for heard in (False, self.driven[sample.clip].has_sound)
                    ),
                ]
        return pictures

    def snapshot(self) -> tuple[Arrays, dict[str, object]]:
        """Everything needed to go on as if nothing had happened."""
        arrays: Arrays = {f"net.{k}": v.detach().cpu().numpy() for k, v in self.network.state_dict().items()}
        return arrays | optimizer_arrays(self.optimizer, dict(self.network.named_parameters())), {"step": self.step}

    def restore(self, arrays: Arrays, state: dict[str, int]) -> None:
        """Put back a snapshot."""
        self.step = int(state["step"])
        tensors = {k[4:]: torch.from_numpy(np.array(v)) for k, v in arrays.items() if k.startswith("net.")}
        self.network.load_state_dict(tensors)
        restore_optimizer(self.optimizer, dict(self.network.named_parameters()), arrays)

    def _residuals(self) -> Tensor:
        """What emotion adds to the drive of every training frame, tracked and, with sound, heard [.., K or K + 9]."""
        pose = self.config.deformation.pose_cue
        cases = [
            (self.driven[c], i, heard)
            for c, i in self.frames.index
            for heard in (False, True)
            if not heard or self.driven[c].has_sound
        ]
        return torch.cat([d.conditions(i, heard, self.labels, 1).residual(pose) for d, i, heard in cases])

    def write_model(self, path: Path) -> None:
        """The network, what it knows, and the label embeddings it was trained on; without NGI also its Gaussians."""
        c, network = self.config, self.network.cpu().eval()
        network.learn_reach(self._residuals())
        recorded = [(d.posed.clip.emotion, d.posed.clip.level) for d in self.driven]
        arrays, spec = Emotive(network, self.labels, Known.of(recorded, c.blank_labels > 0)).to_arrays()
        if c.without_ngi:
            arrays |= {f"shapes.{k}": v for k, v in self.shapes.cpu().to_arrays().items()}
        write_arrays(path, {**arrays, "mean_code": self.mean_code}, {"egd": "on", "spec": json.dumps(spec)})


def add_offsets(gaussians: Gaussians, offsets: Offsets) -> Gaussians:
    """Gaussians with the offsets of stage 2 on their attributes before activation (Eq. 11); a batch of one."""
    sh = torch.cat([gaussians.sh[:, :1] + offsets.sh[0], gaussians.sh[:, 1:]], 1)
    return Gaussians(
        gaussians.means + offsets.means[0],
        gaussians.quats + offsets.quats[0],
        gaussians.log_scales + offsets.log_scales[0],
        gaussians.logit_opacities + offsets.logit_opacities[0],
        sh,
    )


def _cut(picture: Tensor, box: tuple[int, int, int], side: int) -> Tensor:
    """The box of a picture [H, W, 3] as [3, side, side]."""
    left, top, width = box
    crop = picture[top : top + width, left : left + width].permute(2, 0, 1)[None]
    return torch.nn.functional.interpolate(crop, (side, side), mode="bilinear", antialias=True)[0]
