"""Playing a trained A2ET: speech and an emotion curve to expression, jaw and neck, frame by frame."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from scipy.ndimage import maximum_filter1d, uniform_filter1d
from torch import Tensor

from emotalker.engine.a2et.dataset import frame_features
from emotalker.engine.a2et.model import A2ET, POSE, A2ETSpec
from emotalker.engine.a2et.windows import F32, FEATURE_RATE, as_tensor, sample_frames
from emotalker.engine.emotion.labels import EMOTIONS, MAX_LEVEL
from emotalker.engine.errors import UserError
from emotalker.engine.files import read_arrays, write_arrays

BLOCK = 500
"""Frames computed at once, with the context on each side that makes the result the same as in one piece."""
HOLD = 9
"""50 Hz frames (0.18 s) speech is held open around what the voice detector hears, so that no syllable is clipped."""
GLIDE = 7
"""50 Hz frames (0.14 s) over which the mouth closes and opens."""


@dataclass
class ExpressionTrack:
    """What the face does, T frames; K expressions.

    Attributes:
        psi_neu: expression without emotion [T, K] in [0, 1].
        jaw_neu: jaw axis-angle without emotion [T, 3], radians.
        neck_neu: neck axis-angle without emotion [T, 3], radians, about the resting pose.
        psi_emo: expression with emotion [T, K] in [0, 1]; equal to `psi_neu` at level 0.
        jaw_emo: jaw with emotion [T, 3].
        neck_emo: neck with emotion [T, 3].
        gate: 1 while somebody speaks, 0 in silence [T].
        fps: frames per second.
    """

    psi_neu: F32
    jaw_neu: F32
    neck_neu: F32
    psi_emo: F32
    jaw_emo: F32
    neck_emo: F32
    gate: F32
    fps: float

    def __len__(self) -> int:
        return len(self.psi_neu)


def silence_gate(voice: F32) -> F32:
    """How far the mouth may move [n], from voice probabilities [n] at 50 Hz: 1 in speech, 0 in silence."""
    if not len(voice):
        return voice
    open_ = np.clip((np.asarray(voice, np.float32) - 0.2) / 0.4, 0, 1)
    held = maximum_filter1d(open_, HOLD, mode="nearest")
    return np.asarray(uniform_filter1d(held, GLIDE, mode="nearest"), np.float32)


@torch.inference_mode()
def predict(
    model: A2ET, speech: F32, voice: F32, weights: F32, level: F32, fps: float, n_frames: int
) -> ExpressionTrack:
    """Expression, jaw and neck for a recording and an emotion curve (Eqs. 2-3).

    Args:
        model: a trained A2ET; set to evaluation.
        speech: speech features at 50 Hz [n, S].
        voice: probability of speech at 50 Hz [n].
        weights: weights over the eight emotions for each frame [T, 8] (or [8] for all); they are scaled to sum 1, and
            weights that are all zero are neutral.
        level: intensity for each frame [T] (or one number), cut to [0, 3].
        fps: frames per second wanted.
        n_frames: T; beyond the end of the speech the mouth is at rest.

    Returns:
        T frames at `fps`.
    """
    rate, spec = model.spec.fps, model.spec
    length = max(int(np.ceil(n_frames / fps * rate)), 1) if n_frames else 0
    if not length:
        return _split(np.zeros((0, 2 * (spec.expressions + POSE)), np.float32), np.zeros(0, np.float32), fps)
    emotion, strength = _curves(weights, level, n_frames)
    times = (np.arange(length) + 0.5) / rate
    emotion, strength = sample_frames(emotion, fps, times), sample_frames(strength, fps, times)
    voice = np.asarray(voice, np.float32)
    heard = model.normalise(as_tensor(np.asarray(speech, np.float32)), as_tensor(voice)).numpy()
    needed = int(np.ceil(length / rate * FEATURE_RATE)) + 1
    gate = silence_gate(np.pad(voice[:needed], (0, max(0, needed - len(voice)))))
    if not len(heard):
        heard, voice = np.zeros((1, spec.speech_width), np.float32), np.zeros(1, np.float32)
    model.eval()
    parts = []
    for start in range(0, length, BLOCK):
        stop = min(start + BLOCK, length)
        a, b = max(0, start - spec.context), min(length, stop + spec.context)
        x = frame_features(heard, rate, a, b - a)
        v = frame_features(voice, rate, a, b - a)
        inputs = (as_tensor(np.asarray(p, np.float32))[None] for p in (x, v, emotion[a:b], strength[a:b]))
        out = model(*inputs, model.identity_image[None])
        values = [p[0, start - a : stop - a] for p in (out.psi_neu, out.pose_neu, out.psi_emo, out.pose_emo)]
        parts.append(_close_mouth(model, values, sample_frames(gate, FEATURE_RATE, times[start:stop])))
    return _at_rate(np.concatenate(parts), rate, fps, n_frames, gate)


def _curves(weights: F32, level: F32, n_frames: int) -> tuple[F32, F32]:
    emotion = np.broadcast_to(np.maximum(np.asarray(weights, np.float32), 0), (n_frames, len(EMOTIONS))).copy()
    total = emotion.sum(-1, keepdims=True)
    emotion[total[:, 0] <= 0, 0] = 1
    emotion /= emotion.sum(-1, keepdims=True)
    strength = np.clip(np.broadcast_to(np.asarray(level, np.float32), (n_frames,)), 0, MAX_LEVEL)
    return emotion, np.asarray(strength, np.float32)


def _close_mouth(model: A2ET, values: list[Tensor], gate: F32) -> F32:
    """Draw what articulates to the closed mouth where nobody speaks; feelings stay. Columns [t, 2 * (K + 6)]."""
    open_ = as_tensor(gate)[:, None]
    out = []
    for psi, pose in (values[:2], values[2:]):
        move = 1 - (1 - open_) * model.mouth
        psi = model.rest_psi + (psi - model.rest_psi) * move
        jaw = model.rest_jaw + (pose[:, :3] - model.rest_jaw) * open_
        out += [psi.clamp(0, 1), jaw, pose[:, 3:] * (0.3 + 0.7 * open_)]
    return np.asarray(torch.cat(out, -1).numpy(), np.float32)


def _at_rate(columns: F32, rate: float, fps: float, n_frames: int, gate: F32) -> ExpressionTrack:
    times = (np.arange(n_frames) + 0.5) / fps
    at = columns[:n_frames] if fps == rate else sample_frames(columns, rate, times)
    return _split(at, sample_frames(gate, FEATURE_RATE, times), fps)


def _split(columns: F32, gate: F32, fps: float) -> ExpressionTrack:
    k = columns.shape[1] // 2 - POSE
    psi_neu, jaw_neu, neck_neu, psi_emo, jaw_emo, neck_emo = np.split(columns, np.cumsum([k, 3, 3, k, 3]), axis=1)
    return ExpressionTrack(psi_neu, jaw_neu, neck_neu, psi_emo, jaw_emo, neck_emo, gate, fps)


def save_a2et(model: A2ET, path: Path, metadata: dict[str, str] | None = None) -> None:
    """Write a model as .safetensors, its sizes as JSON in the header."""
    arrays = {k: v.numpy() for k, v in model.state_dict().items()}
    write_arrays(path, arrays, {**(metadata or {}), "spec": json.dumps(asdict(model.spec)), "version": "1"})


def a2et_from_arrays(arrays: dict[str, F32], spec: A2ETSpec) -> A2ET:
    """A model in evaluation mode from the arrays of its state.

    Raises:
        UserError: if they do not fit.
    """
    model = A2ET(spec)
    try:
        model.load_state_dict({k: as_tensor(np.array(v)) for k, v in arrays.items()})
    except RuntimeError as error:
        raise UserError(
            "The audio-to-expression model cannot be used.",
            f"Its file does not fit this version of the program ({str(error).splitlines()[0]}).",
            "Train the expression stage again.",
        ) from error
    return model.eval()


def load_a2et(path: Path) -> A2ET:
    """Read what `save_a2et` wrote, in evaluation mode.

    Raises:
        UserError: if the file is missing, damaged, or of another version.
    """
    arrays, metadata = read_arrays(path)
    try:
        spec = A2ETSpec(**json.loads(metadata["spec"]))
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path.name} is no audio-to-expression model.", f"Its header does not fit ({error}).", "Train it again."
        ) from error
    return a2et_from_arrays(arrays, spec)
