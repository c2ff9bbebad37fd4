"""Teaches an articulator the mouths of many voices."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from emotalker.engine.a2et.articulation import CHANNELS, Articulator, ArticulatorSpec
from emotalker.engine.a2et.pretraining.hearing import Utterance
from emotalker.engine.a2et.pretraining.targets import TARGET_RATE
from emotalker.engine.a2et.windows import as_tensor, frame_features, sample_frames

F32 = NDArray[np.float32]
SHOWN = 100
"""Steps between reports."""
CONTACT = 1.0
"""Extra weight of frames in which lips touch: they are few, and seen at once when they fail."""
WEIGHTS = {"jaw": 1.0, "closed": 1.5, "rounded": 1.0, "spread": 0.7, "tucked": 1.0}


@dataclass(frozen=True)
class LearningConfig:
    """How an articulator learns.

    Attributes:
        steps: optimiser steps.
        batch: sequences per step.
        frames: longest sequence; they are cut at random to as little as `shortest`, so that edges are learned too.
        shortest: shortest sequence.
        lr: peak learning rate.
        weight_decay: decoupled weight decay.
        velocity: weight of the difference between the speeds of prediction and reference.
        noise: standard deviation of noise on the features, in their own deviations.
        tilt: the same for what is added to a whole sequence: voices differ.
        deaf: share of the features that a sequence goes without.
        doubt: share of sequences in which the voice detector hears speech everywhere.
        seed: of everything random.
    """

    steps: int = 4000
    batch: int = 24
    frames: int = 80
    shortest: int = 40
    lr: float = 1.5e-3
    weight_decay: float = 0.05
    velocity: float = 1.0
    noise: float = 0.3
    tilt: float = 0.25
    deaf: float = 0.1
    doubt: float = 0.1
    seed: int = 0


def learn(
    voices: Sequence[Utterance],
    spec: ArticulatorSpec,
    config: LearningConfig,
    start: Articulator | None = None,
    keep: Callable[[Articulator], None] | None = None,
) -> Articulator:
    """An articulator that has learned from these utterances; progress goes to stderr.

    Args:
        voices: to learn from.
        spec: its sizes.
        config: how it learns.
        start: what it begins as, statistics included; anew when left out.
        keep: is given it every `SHOWN` steps.
    """
    torch.manual_seed(config.seed)
    model = Articulator(spec)
    if start is None:
        _set_statistics(model, voices)
    else:
        model.load_state_dict(start.state_dict())
    heard = []
    for u in voices:
        x, v = as_tensor(u.features), as_tensor(u.voice)
        heard.append((model.deviations(x, model.mean_of(x, v)).numpy().astype(np.float16), u.voice, u.mouth))
    lengths = np.array([len(u.mouth) / TARGET_RATE for u in voices])
    optimizer = torch.optim.AdamW(model.parameters(), lr=config.lr, weight_decay=config.weight_decay)
    chance, began, losses = np.random.default_rng(config.seed), time.monotonic(), []
    model.train()
    for step in range(config.steps):
        for group in optimizer.param_groups:
            group["lr"] = config.lr * _schedule(step, config.steps)
        batch = [
            _sequence(heard[i], spec, config, chance)
            for i in chance.choice(len(heard), config.batch, p=lengths / lengths.sum())
        ]
        loss = _loss(model, [as_tensor(np.stack(column)) for column in zip(*batch)], config)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(float(loss.detach()))
        if (step + 1) % SHOWN == 0:
            mean, seconds = np.mean(losses[-SHOWN:]), time.monotonic() - began
            sys.stderr.write(f"step {step + 1} of {config.steps}: loss {mean:.4f}, {seconds:.0f} s\n")
            if keep is not None:
                keep(model)
    return model.eval()


def _loss(model: Articulator, batch: list[Tensor], config: LearningConfig) -> Tensor:
    """Cross-entropy of every channel with its reference as a share, and the difference of their speeds."""
    speech, voice, mouth, valid = batch
    raw = model.logits(speech, voice, valid > 0)
    weight = valid[..., None] * torch.tensor([WEIGHTS[c] for c in CHANNELS])
    weight = weight * (1 + CONTACT * mouth * torch.tensor([float(c == "closed") for c in CHANNELS]))
    frames = (F.binary_cross_entropy_with_logits(raw, mouth, reduction="none") * weight).sum() / valid.sum()
    found = torch.sigmoid(raw)
    speed = (found[:, 1:] - found[:, :-1]) - (mouth[:, 1:] - mouth[:, :-1])
    return frames + config.velocity * (speed.square() * weight[:, 1:]).sum() / valid.sum()


def _set_statistics(model: Articulator, voices: Sequence[Utterance]) -> None:
    some = voices[:: max(1, len(voices) // 800)]
    features = np.concatenate([u.features for u in some])
    weight = np.concatenate([u.voice for u in some])[:, None] + 1e-3
    model.feature_mean.copy_(as_tensor(((features * weight).sum(0) / weight.sum()).astype(np.float32)))
    model.feature_std.copy_(as_tensor(features.std(0) + 1e-3))


def _sequence(
    heard: tuple[NDArray[np.float16], F32, F32], spec: ArticulatorSpec, config: LearningConfig,
    chance: np.random.Generator,
) -> list[F32]:  # fmt: skip
    """One stretch of an utterance, padded to `config.frames`: cut and shifted at random, its features disturbed."""
    speech, voice, mouth = heard
    whole = int(len(mouth) / TARGET_RATE * spec.fps)
    count = min(whole, int(chance.integers(config.shortest, config.frames + 1)))
    first = float(chance.uniform(0, max(whole - count, 1e-3)))
    low, high = max(0, int(first * 2) - 4), int((first + count) * 2) + 5
    x = frame_features(speech[low:high].astype(np.float32), spec.fps, first - low / 2, count)
    v = frame_features(voice[low:high], spec.fps, first - low / 2, count)
    width = x.shape[-1]
    x = x + config.noise * chance.standard_normal(x.shape, np.float32)
    x = x + np.float32(config.tilt) * chance.standard_normal(width, np.float32)
    x = x * (chance.random(width) >= config.deaf)
    v = np.ones_like(v) if chance.random() < config.doubt else v
    y = sample_frames(mouth, TARGET_RATE, (first + np.arange(count) + 0.5) / spec.fps)
    pad = config.frames - count
    columns = [x, v, y, np.ones(count, np.float32)]
    return [np.pad(c, [(0, pad)] + [(0, 0)] * (c.ndim - 1)).astype(np.float32) for c in columns]


def _schedule(step: int, total: int) -> float:
    rise = max(1, total // 20)
    if step < rise:
        return (step + 1) / rise
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * (step - rise) / max(1, total - rise)))
