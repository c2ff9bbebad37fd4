"""Playing a trained A2ET: speech and an emotion curve to expression, jaw and neck, frame by frame."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d, uniform_filter1d
from torch import Tensor

from emotalker.engine.a2et.articulation import CHANNELS
from emotalker.engine.a2et.model import A2ET, POSE, A2ETSpec
from emotalker.engine.a2et.windows import F32, FEATURE_RATE, SUBFRAMES, as_tensor, frame_features, sample_frames
from emotalker.engine.emotion.labels import EMOTIONS, MAX_LEVEL
from emotalker.engine.errors import UserError
from emotalker.engine.files import read_arrays, write_arrays

VERSION = "2"
ADDED = ("gap",)
"""What files of version 1 lack; zeros there do what version 1 did."""
BLOCK = 500
"""Frames computed at once, with the context on each side that makes the result the same as in one piece."""
HEARD, KEPT_BLOCKS = 100, 600
"""Frames of a block of what the articulator hears, and blocks kept: ten minutes of them take little memory."""
PRESSED = (0.6, 1.0)
"""Of the articulator's channel of closed lips: below the first it may be a mistake, from the second on lips meet."""
PARTING = 0.15
"""Share of the strongest shape's effect on the gap from which a shape counts as parting or closing the lips."""
SLACK = 0.3
"""Millimetres of gap that count as closed."""
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


class Utterance:
    """A recording as one A2ET hears it, of which any stretch can be predicted by itself.

    Args:
        model: a trained A2ET; set to evaluation.
        speech: speech features at 50 Hz [n, S].
        voice: probability of speech at 50 Hz [n].
        length: frames at the model's rate that there are; beyond the end of the speech the mouth is at rest.
        mean: of the features of the recording this is a piece of [S]; of these features when left out.
    """

    def __init__(self, model: A2ET, speech: F32, voice: F32, length: int, mean: Tensor | None = None) -> None:
        self.model, self.length, self.rate = model.eval(), length, model.spec.fps
        self._voice = np.asarray(voice, np.float32)
        self._speech = np.asarray(speech, np.float32)
        needed = int(np.ceil(length / self.rate * FEATURE_RATE)) + 1
        self.gate = silence_gate(np.pad(self._voice[:needed], (0, max(0, needed - len(self._voice)))))
        with torch.inference_mode():
            self._mean = model.mean_of(as_tensor(self._speech), as_tensor(self._voice)) if mean is None else mean
        self._mouths: dict[int, Tensor] = {}

    def times(self, start: int, stop: int) -> NDArray[np.float64]:
        """Seconds of the middles of the frames [start, stop)."""
        return (np.arange(start, stop, dtype=np.float64) + 0.5) / np.float64(self.rate)

    def context(self, start: int, stop: int) -> tuple[int, int]:
        """The frames whose emotion decides about the frames [start, stop)."""
        around = self.model.spec.context
        return max(0, start - around), min(self.length, stop + around)

    @torch.inference_mode()
    def columns(self, start: int, stop: int, emotion: F32, strength: F32) -> F32:
        """What the face does in the frames [start, stop): columns of an `ExpressionTrack` [stop - start, 2 * (K + 6)].

        Args:
            start: first frame.
            stop: the frame after the last.
            emotion: weights that sum to 1, of the frames of `context` [t, 8].
            strength: level in [0, 3] of the same frames [t].
        """
        a, b = self.context(start, stop)
        x, v = self._heard(a, b)
        inputs = (as_tensor(np.asarray(p, np.float32))[None] for p in (x, v, emotion, strength))
        mouth = self._mouth(a, b)
        out = self.model(*inputs, self.model.identity_image[None], mouth=None if mouth is None else mouth[None])
        values = [p[0, start - a : stop - a] for p in (out.psi_neu, out.pose_neu, out.psi_emo, out.pose_emo)]
        if mouth is not None:
            values = _press_lips(self.model, values, mouth[start - a : stop - a])
        return _close_mouth(self.model, values, sample_frames(self.gate, FEATURE_RATE, self.times(start, stop)))

    def at(self, columns: F32, first: int, times: NDArray[np.floating], fps: float) -> ExpressionTrack:
        """The face at any times [T], interpolated between columns whose first one is of frame `first`."""
        between = sample_frames(columns, self.rate, np.asarray(times) - first / self.rate)
        return _split(between, sample_frames(self.gate, FEATURE_RATE, np.asarray(times)), fps)

    def _mouth(self, a: int, b: int) -> Tensor | None:
        """What the articulator hears in frames [a, b) [b - a, C]; None without one.

        It is worked out in blocks as they are asked for, and the same whatever stretch asks: a performance without a
        voice is hours long.
        """
        if self.model.articulator is None:
            return None
        first, last = a // HEARD, max(b - 1, a) // HEARD
        whole = torch.cat([self._mouth_block(number) for number in range(first, last + 1)])
        return whole[a - first * HEARD : b - first * HEARD]

    @torch.inference_mode()
    def _mouth_block(self, number: int) -> Tensor:
        """Block `number` of what the articulator hears [up to HEARD, C]."""
        if number not in self._mouths:
            articulator = self.model.articulator
            assert articulator is not None  # asked by `_mouth` alone
            start, stop = number * HEARD, min((number + 1) * HEARD, self.length)
            around = articulator.spec.context
            a, b = max(0, start - around), min(self.length, stop + around)
            out = self.model.mouth_of(*(as_tensor(p)[None] for p in self._heard(a, b)))
            assert out is not None  # there is an articulator
            while len(self._mouths) >= KEPT_BLOCKS:
                self._mouths.pop(next(iter(self._mouths)))
            self._mouths[number] = out[0, start - a : stop - a].clone()
        return self._mouths[number]

    def _heard(self, a: int, b: int) -> tuple[F32, F32]:
        """Features [b - a, 2, S] in deviations from the recording's mean, and voice [b - a, 2], of frames [a, b)."""
        if not len(self._speech):
            shape = b - a, SUBFRAMES
            return np.zeros((*shape, self.model.spec.speech_width), np.float32), np.zeros(shape, np.float32)
        # only the rows that are needed: an hour of sound is hundreds of megabytes
        ratio = FEATURE_RATE / self.rate
        low = min(max(int(a * ratio) - 2, 0), len(self._speech) - 1)
        high = max(int(np.ceil(b * ratio)) + 2, low + 1)
        heard = self.model.deviations(as_tensor(self._speech[low:high]), self._mean).numpy()
        first = a - low / ratio
        voice = self._voice[low:high]
        return frame_features(heard, self.rate, first, b - a), frame_features(voice, self.rate, first, b - a)


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
    said = Utterance(model, speech, voice, length)
    times = said.times(0, length)
    emotion, strength = (sample_frames(c, fps, times) for c in _curves(weights, level, n_frames))
    parts = []
    for start in range(0, length, BLOCK):
        stop = min(start + BLOCK, length)
        a, b = said.context(start, stop)
        parts.append(said.columns(start, stop, emotion[a:b], strength[a:b]))
    columns = np.concatenate(parts)
    if fps == rate:
        return _split(columns[:n_frames], sample_frames(said.gate, FEATURE_RATE, times[:n_frames]), fps)
    return said.at(columns, 0, (np.arange(n_frames) + 0.5) / fps, fps)


def _curves(weights: F32, level: F32, n_frames: int) -> tuple[F32, F32]:
    emotion = np.broadcast_to(np.maximum(np.asarray(weights, np.float32), 0), (n_frames, len(EMOTIONS))).copy()
    total = emotion.sum(-1, keepdims=True)
    emotion[total[:, 0] <= 0, 0] = 1
    emotion /= emotion.sum(-1, keepdims=True)
    strength = np.clip(np.broadcast_to(np.asarray(level, np.float32), (n_frames,)), 0, MAX_LEVEL)
    return emotion, np.asarray(strength, np.float32)


def _press_lips(model: A2ET, values: list[Tensor], mouth: Tensor) -> list[Tensor]:
    """Lips that meet where the articulator (channels [t, C], of `mouth_of`) hears them meet.

    Networks that learn from few clips only halve the gap for p, b and m. Here what parts the lips is drawn to the
    person's closed mouth, as far as is needed and no further.
    """
    heard = (mouth + model.usual_mouth)[:, CHANNELS.index("closed")]
    least, sure = PRESSED
    pressed = ((heard - least) / (sure - least)).clamp(0, 1)
    size = model.gap.abs()
    parts = torch.cat([model.mouth, torch.ones(3)]) * (size > PARTING * size[: len(model.mouth)].max()) * (size > 0)
    rest = torch.cat([model.rest_psi, model.rest_jaw])
    out = []
    for psi, pose in (values[:2], values[2:]):
        face = torch.cat([psi.clamp(0, 1), pose[:, :3]], -1)
        closed = (rest - face) * parts
        apart = -(closed @ model.gap)  # mm further than the closed mouth
        share = pressed * (1 - SLACK / apart.clamp_min(SLACK))
        face = face + share[:, None] * closed
        out += [face[:, :-3], torch.cat([face[:, -3:], pose[:, 3:]], -1)]
    return out


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


def _split(columns: F32, gate: F32, fps: float) -> ExpressionTrack:
    k = columns.shape[1] // 2 - POSE
    psi_neu, jaw_neu, neck_neu, psi_emo, jaw_emo, neck_emo = np.split(columns, np.cumsum([k, 3, 3, k, 3]), axis=1)
    return ExpressionTrack(psi_neu, jaw_neu, neck_neu, psi_emo, jaw_emo, neck_emo, gate, fps)


def save_a2et(model: A2ET, path: Path, metadata: dict[str, str] | None = None) -> None:
    """Write a model as .safetensors, its sizes as JSON in the header."""
    arrays = {k: v.numpy() for k, v in model.state_dict().items()}
    write_arrays(path, arrays, {**(metadata or {}), "spec": json.dumps(asdict(model.spec)), "version": VERSION})


def a2et_from_arrays(arrays: dict[str, F32], spec: A2ETSpec) -> A2ET:
    """A model in evaluation mode from the arrays of its state.

    Raises:
        UserError: if they do not fit.
    """
    model = A2ET(spec)
    try:
        known = {k: v for k, v in model.state_dict().items() if k in ADDED and k not in arrays}
        model.load_state_dict({**known, **{k: as_tensor(np.array(v)) for k, v in arrays.items()}})
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
        spec = A2ETSpec.of(json.loads(metadata["spec"]))
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(
            f"{path.name} is no audio-to-expression model.", f"Its header does not fit ({error}).", "Train it again."
        ) from error
    return a2et_from_arrays(arrays, spec)
