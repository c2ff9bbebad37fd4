"""Batches, one optimiser step and checkpoints of A2ET; every step's randomness follows from its number alone."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from emotalker.engine.a2et.articulation import CHANNELS, Articulator, mouth_pose
from emotalker.engine.a2et.config import ExpressConfig
from emotalker.engine.a2et.dataset import ClipSamples, closed_mouth
from emotalker.engine.a2et.losses import (
    DRIFT,
    ORDER,
    RIDGE_FRAMES,
    Batch,
    drift_loss,
    fit_linear,
    fit_loss,
    fit_offsets,
    order_loss,
    shape_loss,
)
from emotalker.engine.a2et.measure import Measure
from emotalker.engine.a2et.model import A2ET, REACH, A2ETSpec, unpositive
from emotalker.engine.a2et.windows import F32, SUBFRAMES, as_tensor, frame_features
from emotalker.engine.emotion.labels import EMOTIONS, MAX_LEVEL
from emotalker.engine.emotion.prior import prior_offsets, unseen_offsets
from emotalker.engine.errors import UserError
from emotalker.engine.files import read_arrays, write_arrays
from emotalker.engine.torch_threads import one_torch_thread

ORDER_SEQUENCES = 2
MOUTH_FRAMES = 1000.0
"""Frames of evidence that the generic mouth counts as, beside a person's own."""
STRENGTH_FRAMES = 100.0
STRENGTHS = (0.3, 2.0)
"""How strongly a person may articulate beside the generic mouth."""


def build_model(
    clips: Sequence[ClipSamples], image: Tensor, measure: Measure, config: ExpressConfig,
    articulator: Articulator | None = None, names: tuple[str, ...] = (),
) -> A2ET:  # fmt: skip
    """An untrained A2ET that already gives every clip its mean expression: statistics, offsets and rest pose set.

    Args:
        clips: the training clips.
        image: canonical neutral frame [3, 64, 64].
        measure: of the head model.
        config: settings.
        articulator: the pre-trained network to start from; it must hear the features of the clips.
        names: the K expression names, for what sounds and feelings do to a face nobody knows; nothing without.
    """
    spec = articulator.spec if articulator is not None else None
    shared = {f.name for f in fields(A2ETSpec)} & {f.name for f in fields(config)}
    sizes = {name: getattr(config, name) for name in sorted(shared)}
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        model = A2ET(A2ETSpec(clips[0].speech.shape[1], clips[0].psi.shape[1], articulator=spec, **sizes))
    speech = np.concatenate([c.speech for c in clips])
    voice = np.concatenate([c.voice for c in clips])[:, None] + 1e-3
    means = torch.stack([_mean_target(c) for c in clips])
    counts = torch.tensor([float(c.sure.sum()) for c in clips])
    emotions = as_tensor(np.stack([c.emotion for c in clips]))
    levels = torch.tensor([c.level for c in clips])
    prior = prior_offsets(names) if names else None
    neutral, offsets = fit_offsets(means, counts, emotions, levels, prior)
    if names:
        recorded = (emotions * (levels > 0)[:, None]).sum(0) > 0
        unseen = unseen_offsets(neutral, 1 - measure.mouth, names)
        offsets = torch.where(recorded[:, None], offsets, unseen)
    with torch.no_grad():
        if articulator is not None and model.articulator is not None:
            # what it learned from, so that it hears what it knows
            model.articulator.load_state_dict(articulator.state_dict())
            model.feature_mean.copy_(articulator.feature_mean)
            model.feature_std.copy_(articulator.feature_std)
        else:
            model.feature_mean.copy_(as_tensor((speech * voice).sum(0) / voice.sum()))
            model.feature_std.copy_(as_tensor(speech.std(0) + 1e-3))
        model.identity_image.copy_(image)
        model.mouth.copy_(measure.mouth)
        model.gap.copy_(measure.gap)
        rest_psi, rest_jaw = closed_mouth(clips)
        model.rest_psi.copy_(rest_psi)
        model.rest_jaw.copy_(rest_jaw)
    model.start_from(neutral, offsets)
    _choose_inputs(model.eval(), clips, config)
    solve_linear(model, clips, config, names)
    return model


@torch.no_grad()
def _choose_inputs(model: A2ET, clips: Sequence[ClipSamples], config: ExpressConfig) -> None:
    """Set what the linear path hears: main components of the features, and the mouth less its mean in the clips."""
    every = torch.cat([model.normalise(as_tensor(c.speech), as_tensor(c.voice)) for c in clips])
    _values, vectors = torch.linalg.eigh((every.T @ every).double())
    model.components.copy_(vectors.flip(-1)[:, : model.components.shape[1]].float())
    if model.articulator is not None:
        heard = [model.mouth_of(*_inputs(model, clip, config)) for clip in clips]
        every = torch.cat([m[0] for m in heard if m is not None])
        weight = torch.cat([as_tensor(clip.sure) for clip in clips])
        model.usual_mouth.copy_((every * weight[:, None]).sum(0) / weight.sum().clamp_min(1))


@torch.no_grad()
def solve_linear(model: A2ET, clips: Sequence[ClipSamples], config: ExpressConfig, names: tuple[str, ...]) -> None:
    """Set the linear path: what the clips' own deviations from their means have in common with their sound.

    Args:
        model: changed in place.
        clips: what to learn from.
        config: settings of the run.
        names: the K expression names, see `build_model`.
    """
    rows = []
    for clip in clips:
        speech, voice = _inputs(model, clip, config)
        heard = model.components_of(speech, voice, model.mouth_of(speech, voice))[0]
        padded = F.pad(heard, (0, 0, REACH // 2, REACH // 2))
        rows.append(padded.unfold(0, REACH, 1).flatten(1))  # channel-major, as the convolution's weights
    targets = torch.cat([_target(clip) - _mean_target(clip) for clip in clips])
    taps, weight = torch.cat(rows), torch.cat([as_tensor(clip.sure) for clip in clips])
    own = 0 if model.articulator is None else REACH * len(CHANNELS)
    doubt = torch.full((taps.shape[1],), RIDGE_FRAMES)
    expected = torch.zeros(taps.shape[1], targets.shape[1])
    if own:
        doubt[-own:] = MOUTH_FRAMES
        expected[-own:] = _usual_face(names, taps[:, -own:], targets, weight)
    solved = fit_linear(taps, targets, weight, doubt, expected)
    model.linear.weight.copy_(solved.T.reshape(model.linear.weight.shape))


def _inputs(model: A2ET, clip: ClipSamples, config: ExpressConfig) -> tuple[Tensor, Tensor]:
    """A clip's sound as the model is given it: speech [1, T, 2, S] and voice [1, T, 2]."""
    speech = model.normalise(as_tensor(clip.speech), as_tensor(clip.voice)).numpy()
    x, v = (as_tensor(frame_features(f, config.fps, 0, len(clip))) for f in (speech, clip.voice))
    return x[None], v[None]


def _usual_face(names: tuple[str, ...], heard: Tensor, targets: Tensor, weight: Tensor) -> Tensor:
    """What the channels' taps [n, C * REACH] do to a face nobody knows [C * REACH, D], as strongly as this person does.

    The generic mouth's expression and jaw, each scaled by what least squares finds in the clips, drawn to 1.
    """
    psi, jaw = mouth_pose(np.eye(len(CHANNELS), dtype=np.float32), names)
    face = torch.zeros(len(CHANNELS), REACH, targets.shape[1])
    face[:, REACH // 2, : psi.shape[1]] = as_tensor(psi)
    face[:, REACH // 2, psi.shape[1] : psi.shape[1] + 3] = as_tensor(jaw)
    usual = face.flatten(0, 1)
    guess, w = heard @ usual, weight[:, None]
    for part in (slice(0, psi.shape[1]), slice(psi.shape[1], None)):
        power = (w * guess[:, part].square()).sum()
        trust = power * STRENGTH_FRAMES / weight.sum().clamp_min(1)
        strength = ((w * guess[:, part] * targets[:, part]).sum() + trust) / (power + trust).clamp_min(1e-9)
        usual[:, part] *= strength.clamp(*STRENGTHS)
    return usual


def _target(clip: ClipSamples) -> Tensor:
    return torch.cat([unpositive(as_tensor(clip.psi)), as_tensor(clip.pose)], -1)


def _mean_target(clip: ClipSamples) -> Tensor:
    target = _target(clip)
    sure = as_tensor(clip.sure)[:, None]
    return (target * sure).sum(0) / sure.sum().clamp_min(1)


class Trainer:
    """Model, optimiser and data of a run; `step()` does one step, `save` and `load` keep all of it.

    Args:
        model: from `build_model`.
        clips: the training clips.
        silence: speech features of silence at 50 Hz [n, S].
        measure: of the head model.
        config: settings.
    """

    def __init__(
        self, model: A2ET, clips: Sequence[ClipSamples], silence: F32, measure: Measure, config: ExpressConfig
    ) -> None:
        self.model, self.measure, self.config = model, measure, config
        self._clips = list(clips)
        with torch.no_grad():
            self._speech = [model.normalise(as_tensor(c.speech), as_tensor(c.voice)).numpy() for c in self._clips]
            # Silence is heard beside each clip's own voice: the same features mean something else after each's mean.
            self._silence = [self._silent(c, silence) for c in self._clips]
        self._shares = np.array([float(c.sure.sum()) for c in self._clips])
        self._shares /= self._shares.sum()
        self._expected = model.offsets.detach().clone()
        self._shut = measure.parted(model.rest_psi, model.rest_jaw)
        self._seen = sorted({int(c.emotion.argmax()) for c in self._clips if c.level > 0})
        # The offsets start where least squares put them; decay would draw them to neutral.
        free = {"offsets", "strength.steepness", "neutral_head.1.bias"}
        decayed = [p for name, p in model.named_parameters() if name not in free and p.requires_grad]
        kept = [p for name, p in model.named_parameters() if name in free]
        groups = [{"params": decayed, "weight_decay": config.weight_decay}, {"params": kept, "weight_decay": 0.0}]
        self.optimizer = torch.optim.AdamW(groups, lr=config.lr, betas=(0.9, 0.98))
        self.done = 0

    def _silent(self, clip: ClipSamples, silence: F32) -> F32:
        weight = as_tensor(clip.voice)
        both = torch.cat([as_tensor(clip.speech), as_tensor(silence)])
        voice = torch.cat([weight, torch.zeros(len(silence))])
        return np.asarray(self.model.normalise(both, voice)[len(weight) :].numpy())

    def step(self) -> dict[str, float]:
        """One optimiser step; the figures for the plot.

        It runs on one thread: its matrices are small (two threads gain little, and lose fivefold beside other work),
        and the same numbers come out whatever else the machine does.
        """
        with one_torch_thread():
            return self._step()

    def _step(self) -> dict[str, float]:
        config, model = self.config, self.model
        for group in self.optimizer.param_groups:
            group["lr"] = config.lr * _schedule(self.done, config.steps)
        random = np.random.default_rng([config.seed, self.done])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(int(random.integers(2**31)))
            batch = self._batch(random)
            model.train()
            image = self._image(random, len(batch.level))
            out = model(batch.speech, batch.voice, batch.emotion, batch.level, image, batch.valid, known=batch.known)
            fit, error = fit_loss(out, batch, self.measure, self._shut)
            drift = drift_loss(out, self.measure, batch.valid.float())
            order, stray = self._order(random, batch, image)
            loss = fit + DRIFT * (drift + stray) + ORDER * order + shape_loss(model, self.measure, self._expected)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            self.optimizer.step()
        self.done += 1
        return {"loss": float(loss.detach()), "error_mm": float(error), "order": float(order.detach())}

    def _image(self, random: np.random.Generator, count: int) -> Tensor:
        """I_s with a little change of light, so that the identity input is no bare constant."""
        gain = as_tensor(random.uniform(0.9, 1.1, (count, 1, 1, 1)).astype(np.float32))
        return (self.model.identity_image * gain).clamp(0, 1)

    def _order(self, random: np.random.Generator, batch: Batch, image: Tensor) -> tuple[Tensor, Tensor]:
        """Order of two random levels of the emotions that were seen, and drift of any emotion."""
        n = min(ORDER_SEQUENCES, len(batch.level))
        which = [int(random.choice(self._seen)) if self._seen else 0 for _ in range(n)]
        which[-1] = int(random.integers(1, len(EMOTIONS)))  # one of them is any emotion, so that none runs wild
        emotion = torch.eye(len(EMOTIONS))[which][:, None].expand(n, batch.level.shape[1], -1)
        pair = np.sort(random.uniform(0, MAX_LEVEL, (2, n)), axis=0).astype(np.float32)
        low, high = (as_tensor(p)[:, None].expand_as(batch.level[:n]) for p in pair)
        double = [torch.cat([x[:n], x[:n]]) for x in (batch.speech, batch.voice, image, batch.valid)]
        both = self.model(double[0], double[1], torch.cat([emotion, emotion]), torch.cat([low, high]), *double[2:])
        parts = [type(both)(*(getattr(both, f)[i * n : (i + 1) * n] for f in vars(both))) for i in range(2)]
        counted = torch.tensor([float(w in self._seen) for w in which])
        step = as_tensor(pair[1] - pair[0]) * counted
        return order_loss(parts[0], parts[1], step, self.measure), drift_loss(both, self.measure, double[3].float())

    def _batch(self, random: np.random.Generator) -> Batch:
        config = self.config
        length = min(config.frames, max(len(c) for c in self._clips))
        sequences = []
        for _ in range(config.batch):
            i = int(random.choice(len(self._clips), p=self._shares))
            start = int(random.integers(0, max(1, len(self._clips[i]) - length + 1)))
            sequences.append(self._sequence(random, i, start, length))
        fields = [as_tensor(np.stack(column)) for column in zip(*sequences)]
        speech, voice, emotion, level, psi, pose, sure, speaking, valid = fields
        known = as_tensor(random.random((config.batch, 3)) >= config.missing)
        return Batch(speech, voice, emotion, level, psi, pose, sure, speaking, valid > 0, known)

    def _sequence(self, random: np.random.Generator, i: int, start: int, length: int) -> list[F32]:
        """One training sequence, padded to `length`: jittered by up to 10 ms, noisy, now and then silenced."""
        clip, config = self._clips[i], self.config
        count = min(length, len(clip) - start)
        first = start + random.uniform(-0.25, 0.25)
        speech = frame_features(self._speech[i], config.fps, first, count)
        voice = frame_features(clip.voice, config.fps, first, count)
        psi, pose = clip.psi[start : start + count].copy(), clip.pose[start : start + count].copy()
        sure = clip.sure[start : start + count].copy()
        speaking = sure.copy()
        if count > 16 and random.random() < config.silence:
            a, span = self._silenced_span(random, count)
            quiet = self._silence[i]
            rows = random.integers(0, len(quiet) - SUBFRAMES * span + 1)
            speech[a : a + span] = quiet[rows : rows + SUBFRAMES * span].reshape(span, SUBFRAMES, -1)
            voice[a : a + span] = random.uniform(0, 0.1)
            mouth = self.measure.mouth.numpy() > 0
            psi[a : a + span, mouth] = self.model.rest_psi.numpy()[mouth]
            pose[a : a + span, :3] = self.model.rest_jaw.numpy()
            speaking[a : a + span] = 0
            for edge in (a, a + span):  # the lips need a moment: nobody knows how they would have moved
                sure[max(edge - 2, 0) : edge + 2] = 0
        noise = random.normal(0, config.feature_noise, speech.shape) + random.normal(0, 0.1, speech.shape[2])
        level = float(np.clip(clip.level + random.normal(0, 0.1), 0, MAX_LEVEL)) if clip.level > 0 else 0.0
        columns: list[NDArray[Any]] = [
            speech + noise,
            voice,
            np.tile(clip.emotion, (count, 1)),
            np.full(count, level),
            psi,
            pose,
            sure,
        ]
        columns += [speaking * sure, np.ones(count)]
        pad = length - count
        return [np.pad(c, [(0, pad)] + [(0, 0)] * (c.ndim - 1)).astype(np.float32) for c in columns]

    def _silenced_span(self, random: np.random.Generator, count: int) -> tuple[int, int]:
        longest = min(count, 40, len(self._silence[0]) // SUBFRAMES)
        span = int(random.integers(8, max(9, longest)))
        return int(random.integers(0, count - span + 1)), span

    def save(self, path: Path, fingerprint: str) -> None:
        """Write model, optimiser and step as one .safetensors, atomically."""
        arrays = {f"model.{k}": v.numpy() for k, v in self.model.state_dict().items()}
        for index, state in self.optimizer.state_dict()["state"].items():
            arrays |= {f"adam.{index}.{k}": torch.as_tensor(v).numpy() for k, v in state.items()}
        metadata = {"step": str(self.done), "fingerprint": fingerprint, "config": json.dumps(asdict(self.config))}
        write_arrays(path, arrays, metadata)

    def load(self, path: Path, fingerprint: str) -> bool:
        """Go on from a checkpoint; False if it belongs to other clips or settings.

        Raises:
            UserError: if the file is damaged.
        """
        arrays, metadata = read_arrays(path)
        if metadata.get("fingerprint") != fingerprint:
            return False
        try:
            model = {k[6:]: as_tensor(v) for k, v in arrays.items() if k.startswith("model.")}
            state: dict[int, dict[str, Tensor]] = {}
            for name, value in arrays.items():
                if name.startswith("adam."):
                    _adam, index, key = name.split(".")
                    state.setdefault(int(index), {})[key] = as_tensor(value).reshape(
                        () if key == "step" else value.shape
                    )
            self.model.load_state_dict(model)
            self.optimizer.load_state_dict(
                {"state": state, "param_groups": self.optimizer.state_dict()["param_groups"]}
            )
            self.done = int(metadata["step"])
        except (KeyError, ValueError, RuntimeError) as error:
            raise UserError(
                f"{path.name} cannot be continued.",
                f"The checkpoint does not fit ({error}).",
                "Delete the file and run the stage again.",
            ) from error
        return True


def _schedule(step: int, total: int) -> float:
    """Share of the peak learning rate: a short rise, then half a cosine down to a twentieth."""
    rise = max(1, total // 20)
    if step < rise:
        return (step + 1) / rise
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, total - rise)))


def _state_shape(key: str, value: NDArray[Any]) -> tuple[int, ...]:
    """Shape of an optimiser value; files know no bare numbers, and Adam rounds otherwise when its step is an array."""
    return () if key == "step" else value.shape
