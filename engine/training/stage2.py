"""Stage 2: how emotion, intensity and speech change the Gaussians of a person (EGD of the paper)."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emotalker.engine.a2et.predict import ExpressionTrack, load_a2et, predict
from emotalker.engine.avatar.build import rest_pose
from emotalker.engine.avatar.controls import audio_window, blink_coefficients, camera_codes, drive_lids
from emotalker.engine.avatar.emotive import Emotive
from emotalker.engine.clip import ClipInput
from emotalker.engine.emotion.deformation import Conditions, EmotionalDeformation, Offsets
from emotalker.engine.emotion.labels import EMOTIONS, emotion_index
from emotalker.engine.emotion.text import default_encoder, label_embeddings
from emotalker.engine.errors import UserError
from emotalker.engine.files import Arrays, read_arrays, write_arrays
from emotalker.engine.gaussians.blendshapes import GaussianBlendshapes
from emotalker.engine.gaussians.gaussians import Gaussians
from emotalker.engine.head.folder import head_of
from emotalker.engine.head.model import JOINTS
from emotalker.engine.jobs import Job, Metric, Notice, Outcome, Preview, Progress, StopToken
from emotalker.engine.media import Prefetcher
from emotalker.engine.metrics.perceptual import VggLoss
from emotalker.engine.render.rasterizer import rasterize
from emotalker.engine.torch_threads import one_torch_thread
from emotalker.engine.tracking.refined import track_path
from emotalker.engine.training.config import Stage2Config
from emotalker.engine.training.frames import PosedClip, Sample, TrainingFrames
from emotalker.engine.training.losses import compose, picture_loss, psnr_of, relight
from emotalker.engine.training.run_folder import RunFolder, optimizer_arrays, restore_optimizer, run_mark

STAGE = "emote"
EVERY = 10
"""Steps between metrics."""
FACE_POINTS = 468
"""Landmarks of the face surface; the last ten are irises."""


@dataclass
class DrivenClip:
    """A training clip with what A2ET makes of its sound; T frames.

    Attributes:
        posed: pictures and tracked pose.
        heard: expression predicted from the clip's sound and label.
        speech: speech features at 50 Hz [n, S].
        heard_bones: skinning transforms with the predicted jaw [T, 6, 3, 4].
        heard_psi: predicted emotional expression with tracked lids [T, K].
        neutral_psi: predicted expression without emotion [T, K].
        camera_code: c_n less its mean over all training frames [T, 12].
        weights: shares of the eight emotions [8].
    """

    posed: PosedClip
    heard: ExpressionTrack
    speech: NDArray[np.float32]
    heard_bones: Tensor
    heard_psi: Tensor
    neutral_psi: Tensor
    camera_code: Tensor
    weights: NDArray[np.float32]


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
    models = [folder / "model.safetensors" for folder in (fit_dir, express_dir)]
    digest = hashlib.sha256(run_mark(clips, track_dir, asdict(config)).encode())
    for path in models:
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
    run = RunFolder(out, digest.hexdigest())
    if run.finished:
        yield Notice(STAGE, "The emotional deformation is already trained on these clips.")
        return Outcome.FINISHED
    if config.without_egd:
        write_arrays(out / "model.safetensors", {"none": np.zeros(1, np.float32)}, {"egd": "off"})
        run.finish(config=asdict(config))
        return Outcome.FINISHED
    frames = TrainingFrames(head_of(track_dir), clips, track_dir, config.size, config.weight_mouth, fit_dir)
    with closing(frames):
        trainer = Stage2Trainer(frames, models[0], express_dir, config, device)
        yield from trainer.notices
        return (yield from _train(trainer, run, stop))


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
        self.shapes = GaussianBlendshapes.from_arrays({k[7:]: v for k, v in arrays.items() if k.startswith("shapes.")})
        if device != "cpu":
            s = self.shapes
            s.base, s.weights, s.deltas.learned = s.base.to(device), s.weights.to(device), s.deltas.learned.to(device)
        self.labels = label_embeddings(default_encoder(on_notice=self._note))
        self.driven = self._drive(express_dir)
        self.vgg = self._perceptual()
        torch.manual_seed(config.seed)
        head = frames.head
        speech_width = self.driven[0].speech.shape[1]
        self.network = EmotionalDeformation(config.deformation, self.shapes, len(head.expression_names), speech_width)
        self.network.fit_to_head(head, frames.identity, seed=config.seed)
        self.network.to(device)
        self.optimizer = torch.optim.Adam(self.network.parameters(), lr=config.lr, fused=True)

    def _note(self, text: str) -> None:
        self.notices.append(Notice(STAGE, text, "warning"))

    def _perceptual(self) -> VggLoss | None:
        if not self.config.weight_vgg:
            return None
        try:
            return VggLoss()
        except UserError as error:
            self._note(f"Training goes on without the perceptual loss: {error.what}")
            return None

    def _drive(self, express_dir: Path) -> list[DrivenClip]:
        """What A2ET makes of every training clip."""
        model = load_a2et(express_dir / "model.safetensors")
        head = self.frames.head
        _, joints = head.shape(self.frames.identity)
        blink = blink_coefficients([p.track for p in self.frames.clips], head.expression_names)
        codes = [
            camera_codes(self.frames.camera, p.root.numpy(), p.bones[:, JOINTS.index("neck")].numpy())
            for p in self.frames.clips
        ]
        mean = rest_pose(head, self.frames.subject, [p.track for p in self.frames.clips]).code_mean
        self.mean_code = mean
        driven = []
        for posed, code in zip(self.frames.clips, codes):
            cached = express_dir / "speech" / f"{posed.clip.id}.safetensors"
            t = posed.track
            if cached.exists():
                speech, _ = read_arrays(cached)
            else:  # a clip without sound: its expression can only come from the tracker
                silent = np.zeros((len(t) * 2, model.spec.speech_width), np.float32)
                speech = {"features": silent, "voice": np.zeros(len(silent), np.float32)}
            weights = np.zeros(len(EMOTIONS), np.float32)
            weights[emotion_index(posed.clip.emotion)] = 1
            heard = predict(
                model,
                speech["features"],
                speech["voice"],
                weights,
                np.full(len(t), posed.clip.level, np.float32),
                t.fps,
                len(t),
            )
            jaw, neck, eyes = (torch.from_numpy(x) for x in (heard.jaw_emo, t.neck, t.eyes))
            psi = drive_lids(heard.psi_emo, t.au45, blink, head.expression_names)
            neutral = drive_lids(heard.psi_neu, t.au45, blink, head.expression_names)
            driven.append(
                DrivenClip(
                    posed, heard, speech["features"], head.bone_transforms(joints, jaw, neck, eyes),
                    torch.from_numpy(psi), torch.from_numpy(neutral), torch.from_numpy(code - mean), weights,
                )
            )  # fmt: skip
        return driven

    def conditions(self, clip: int, frame: int, heard: bool) -> Conditions:
        """What the network is told about a frame, as a batch of one."""
        d = self.driven[clip]
        window = audio_window(d.speech, d.posed.track.fps, frame, self.config.deformation.window)
        psi = d.heard_psi[frame] if heard else d.posed.psi[frame]
        level = float(d.posed.clip.level)
        return Conditions(
            psi_neu=d.neutral_psi[frame][None],
            psi_emo=psi[None],
            au45=torch.tensor([float(d.posed.track.au45[frame])]),
            camera_code=d.camera_code[frame][None].float(),
            audio=torch.from_numpy(window)[None],
            emotion=torch.from_numpy(self.labels.emotion_token(d.weights))[None],
            intensity=torch.from_numpy(self.labels.level_token(level))[None],
        ).to(self.device)

    def render(self, clip: int, frame: int, heard: bool) -> tuple[Tensor, Tensor]:
        """Picture over the clip's plate [S, S, 3] and alpha [S, S], from tracked or heard expression."""
        d = self.driven[clip]
        conditions = self.conditions(clip, frame, heard)
        offsets = self.network(conditions)
        bones = d.heard_bones[frame] if heard else d.posed.bones[frame]
        blended = add_offsets(self.shapes.blend(conditions.psi_emo[0]), offsets)
        world = self.shapes.pose(blended, bones.to(self.device), d.posed.root[frame].to(self.device))
        result = rasterize(world, self.frames.camera, backend="cuda" if self.device == "cuda" else "cpu")
        lit = relight(result.rgb, result.alpha, self.lighting[clip])
        return compose(lit, result.alpha, d.posed.plate.to(self.device)), result.alpha

    def train_step(self, batch: Sequence[Sample]) -> dict[str, float]:
        """One step of Adam on a batch of frames; returns the loss terms (Eqs. 13-18)."""
        c = self.config
        for group in self.optimizer.param_groups:
            group["lr"] = c.lr * 0.1 ** (self.step / max(c.steps, 1))
        random = np.random.default_rng((c.seed, self.step))
        self.optimizer.zero_grad(set_to_none=True)
        totals: dict[str, float] = {}
        for sample in batch:
            heard = not c.without_a2et and bool(random.random() < c.driven)
            image, _ = self.render(sample.clip, sample.frame, heard)
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
            for name, value in {"loss": loss, **terms}.items():
                totals[name] = totals.get(name, 0.0) + float(value.detach()) / len(batch)
            totals["psnr"] = totals.get("psnr", 0.0) + psnr_of(image, target) / len(batch)
        flame = self.network.flame_loss()
        if c.weight_flame:
            (c.weight_flame * flame).backward()
        self.optimizer.step()
        self.step += 1
        return {**totals, "flame": float(flame.detach())}

    def _face_box(self, sample: Sample) -> tuple[int, int, int]:
        """Left, top and side of the square around the face, inside the picture."""
        track, size = self.frames.clips[sample.clip].track, self.config.size
        points = track.landmarks[sample.frame, :FACE_POINTS] * (size / track.size)
        centre, side = (points.min(0) + points.max(0)) / 2, float((points.max(0) - points.min(0)).max()) * 1.1
        side = int(min(max(side, 16), size))
        left, top = (int(np.clip(v - side / 2, 0, size - side)) for v in centre)
        return left, top, side

    def preview(self) -> list[Tensor]:
        """Recording, tracked-driven and audio-driven render of fixed frames, side by side."""
        pictures: list[Tensor] = []
        with torch.no_grad():
            for number in np.linspace(0, len(self.frames) - 1, 2).astype(int):
                sample = self.frames.read(int(number))
                pictures += [
                    sample.image,
                    *(self.render(sample.clip, sample.frame, heard)[0] for heard in (False, True)),
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

    def write_model(self, path: Path) -> None:
        """The network and the label embeddings it was trained on."""
        arrays, spec = Emotive(self.network.cpu().eval(), self.labels).to_arrays()
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
