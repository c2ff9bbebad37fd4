"""How far the transformer may be trusted beside the linear path, judged on seconds it has not seen.

A few clips are soon known by heart: then the transformer moves the lips of new speech with full confidence and wrongly.
The end of every training clip is therefore kept back, and the moving part of the transformer is scaled down to what
helps there. With little data that is little; with more data, or a pre-trained start, it grows by itself.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from emotalker.engine.a2et.dataset import ClipSamples
from emotalker.engine.a2et.measure import Measure
from emotalker.engine.a2et.model import A2ET, Expression
from emotalker.engine.a2et.windows import as_tensor, frame_features

KEPT_SHARE = 0.15
SHORTEST = 80
"""Frames below which nothing of a clip is kept back."""
FEWEST_SURE = 16
"""Frames with a surely seen face below which a clip teaches nothing."""
TRUSTS = (0.4, 0.6, 0.8, 1.0)
"""Never less than 0.4: below, the error is a little smaller still but the lips hardly move, which looks worse."""


def keep_back(clip: ClipSamples) -> tuple[ClipSamples, ClipSamples | None]:
    """A clip without its end for training, and the same clip with only its end counted (None for short clips)."""
    end = (np.arange(len(clip)) >= len(clip) * (1 - KEPT_SHARE)).astype(np.float32)
    # a face seen only towards the end leaves nothing to learn from before it
    if len(clip) < SHORTEST or np.count_nonzero(clip.sure * (1 - end)) < FEWEST_SURE:
        return clip, None
    return dataclasses.replace(clip, sure=clip.sure * (1 - end)), dataclasses.replace(clip, sure=clip.sure * end)


@torch.no_grad()
def settle(model: A2ET, kept: Sequence[ClipSamples | None], measure: Measure) -> float:
    """Scale the moving part of the transformer to what the kept-back frames bear out; returns the trust in (0, 1].

    Args:
        model: trained; changed in place.
        kept: for each training clip what `keep_back` kept.
        measure: of the head model.
    """
    model.eval()
    checks = [clip for clip in kept if clip is not None and clip.sure.any()]
    if not checks:
        return 1.0
    mean = _mean_correction(model, checks)
    names = ("neutral_head.1.weight", "neutral_head.1.bias", "emotion_head.1.weight", "emotion_head.1.bias")
    scaled = [model.get_parameter(name) for name in names]
    before = [p.clone() for p in scaled]
    weight, bias, feeling_weight, feeling_bias = before

    def trust_in(share: float) -> None:
        values = (weight * share, bias + (1 - share) * mean, feeling_weight * share, feeling_bias * share)
        for parameter, value in zip(scaled, values):
            parameter.copy_(value)

    errors = []
    for share in TRUSTS:
        trust_in(share)
        errors.append(_error(model, checks, measure))
    best = TRUSTS[int(np.argmin(errors))]
    trust_in(best)
    return best


def _run(model: A2ET, clip: ClipSamples) -> Expression:
    voice = as_tensor(clip.voice)
    heard = model.normalise(as_tensor(clip.speech), voice).numpy()
    rate, count = model.spec.fps, len(clip)
    speech = as_tensor(frame_features(heard, rate, 0, count))[None]
    spoken = as_tensor(frame_features(clip.voice, rate, 0, count))[None]
    emotion = as_tensor(clip.emotion).expand(1, count, -1)
    level = torch.full((1, count), clip.level)
    return model(speech, spoken, emotion, level, model.identity_image[None])


def _mean_correction(model: A2ET, clips: Sequence[ClipSamples]) -> Tensor:
    """Mean of what the transformer adds to the neutral face, without its bias [K + 6]."""
    head = model.neutral_head[-1]
    seen: list[Tensor] = []
    hook = head.register_forward_hook(lambda _module, _inputs, out: seen.append(out[0] - head.bias))
    try:
        for clip in clips:
            _run(model, clip)
    finally:
        hook.remove()
    return torch.cat(seen).mean(0)


def _error(model: A2ET, clips: Sequence[ClipSamples], measure: Measure) -> float:
    """Mean distance of the points around the mouth from the track on the counted frames, mm."""
    total, count = 0.0, 0.0
    for clip in clips:
        out = _run(model, clip)
        jaw = out.pose_emo[0, :, :3] - as_tensor(clip.pose[:, :3])
        distance = measure.move(out.psi_emo[0] - as_tensor(clip.psi), jaw).norm(dim=-1).mean(-1)
        total += float((distance * as_tensor(clip.sure)).sum())
        count += float(clip.sure.sum())
    return total / max(count, 1.0)
