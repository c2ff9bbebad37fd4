"""What anybody's mouth does for a sound: a network taught once on many synthetic voices, and shipped with the program.

A person's own A2ET starts from it: their few clips then only have to tell how this mouth does what every mouth must.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from emotalker.engine.a2et.layers import Layer
from emotalker.engine.a2et.windows import F32, SUBFRAMES, as_tensor, frame_features
from emotalker.engine.errors import UserError
from emotalker.engine.files import read_arrays, write_arrays

CHANNELS = ("jaw", "closed", "rounded", "spread", "tucked")
"""What is seen of speech, each in [0, 1]: the jaw's opening, lips pressed together (p b m), lips drawn forward to a
ring (u w sh), lips drawn wide (i s), lower lip under the upper teeth (f v)."""
JAW_OPEN = 0.17
"""Radians of a fully open speaking jaw."""
FILE = "articulator.safetensors"
BLOCK = 500
VOICE_SCALE = 3.0
PRIOR = 50.0
"""Speech features (one second) that the usual mean counts as, beside a recording's own."""


@dataclass(frozen=True)
class ArticulatorSpec:
    """Sizes of an `Articulator`.

    Attributes:
        speech: the encoder whose features it hears.
        speech_width: features per 50 Hz frame.
        fps: frames per second.
        width: channels of the transformer.
        heads: attention heads.
        ffn: channels of its feed-forward layers.
        window: frames each frame attends to (odd).
        layers: how many layers.
        dropout: share of dropped activations while it learns.
    """

    speech: str = "whisper_tiny_en"
    speech_width: int = 384
    fps: float = 25.0
    width: int = 160
    heads: int = 4
    ffn: int = 512
    window: int = 17
    layers: int = 3
    dropout: float = 0.1

    @property
    def context(self) -> int:
        """Frames on each side that can change a frame's result."""
        return self.layers * (self.window // 2) + 1


class Articulator(nn.Module):
    """Speech features to mouth channels; buffers `feature_mean`, `feature_std` [S] are those of the training voices."""

    feature_mean: Tensor
    feature_std: Tensor

    def __init__(self, spec: ArticulatorSpec) -> None:
        super().__init__()
        self.spec = spec
        self.register_buffer("feature_mean", torch.zeros(spec.speech_width))
        self.register_buffer("feature_std", torch.ones(spec.speech_width))
        self.listen = nn.Linear(SUBFRAMES * (spec.speech_width + 1), spec.width)
        self.smooth = nn.Conv1d(spec.width, spec.width, 3, padding=1)
        self.layers = nn.ModuleList(
            [Layer(spec.width, spec.heads, spec.ffn, spec.window, spec.dropout) for _ in range(spec.layers)]
        )
        self.out = nn.Sequential(nn.LayerNorm(spec.width), nn.Linear(spec.width, len(CHANNELS)))

    def logits(self, speech: Tensor, voice: Tensor, valid: Tensor | None = None) -> Tensor:
        """Channels before the sigmoid [B, T, C]; see `forward`."""
        valid = torch.ones_like(voice[..., 0], dtype=torch.bool) if valid is None else valid
        x = self.listen(torch.cat([speech, VOICE_SCALE * voice[..., None]], -1).flatten(2))
        x = x * valid[..., None]
        x = x + F.gelu(self.smooth(x.transpose(1, 2)).transpose(1, 2))
        none = x.new_zeros(len(x), 1, 0, x.shape[2])  # no prompts: it knows neither person nor feeling
        for layer in self.layers:
            x = layer(x, none, valid)
        out: Tensor = self.out(x)
        return out

    def forward(self, speech: Tensor, voice: Tensor, valid: Tensor | None = None) -> Tensor:
        """Mouth channels [B, T, C] in [0, 1].

        Args:
            speech: features of B sequences of T frames in deviations (`deviations`) [B, T, 2, S].
            voice: probability of speech [B, T, 2].
            valid: bool [B, T], frames that exist; all when left out.
        """
        return torch.sigmoid(self.logits(speech, voice, valid))

    def mean_of(self, features: Tensor, voice: Tensor) -> Tensor:
        """Mean [S] of a recording's features [n, S] while somebody speaks (voice [n]), drawn to the usual mean."""
        total = (features * voice[:, None]).sum(0) + PRIOR * self.feature_mean
        return total / (voice.sum() + PRIOR)

    def deviations(self, features: Tensor, mean: Tensor) -> Tensor:
        """Features [m, S] in standard deviations from a recording's mean [S]: free of voice and microphone."""
        return ((features - mean) / self.feature_std).clamp(-5, 5)

    @torch.no_grad()
    def hear(self, features: F32, voice: F32, count: int, first: float = 0.0, mean: Tensor | None = None) -> F32:
        """Mouth channels [count, C] of a recording, or of a window of it, at `spec.fps`, worked out in blocks.

        It learned from cut pieces too: in a window of 1.6 s, all but the last fifth of a second is as good as in the
        whole recording.

        Args:
            features: speech features at 50 Hz [n, S].
            voice: probability of speech at 50 Hz [n].
            count: frames wanted.
            first: number of the first frame, which may lie between frames.
            mean: mean [S] of the features so far (`mean_of`), for a window; its own when left out.
        """
        heard, spoken = as_tensor(np.asarray(features, np.float32)), as_tensor(np.asarray(voice, np.float32))
        if not len(heard):
            return np.zeros((count, len(CHANNELS)), np.float32)
        mean = self.mean_of(heard, spoken) if mean is None else mean
        around, parts = self.spec.context, []
        x = self.deviations(heard, mean).numpy()
        for start in range(0, count, BLOCK):
            a, b = start - around, min(start + BLOCK, count) + around
            a, b = max(a, 0), min(b, count + around)
            pair = [as_tensor(frame_features(v, self.spec.fps, first + a, b - a))[None] for v in (x, spoken.numpy())]
            out = self(*pair)[0].numpy()
            parts.append(out[start - a : min(start + BLOCK, count) - a])
        return np.concatenate(parts) if parts else np.zeros((0, len(CHANNELS)), np.float32)


def mouth_curves(mouth: Mapping[str, NDArray[np.floating]]) -> dict[str, NDArray[np.float64]]:
    """Generic expression for mouth channels: curves [T] of expression names without a side, and "jaw" in radians.

    Args:
        mouth: the `CHANNELS` by name, each [T].
    """
    jaw, closed, rounded, spread, tucked = (np.asarray(mouth[c], np.float64) for c in CHANNELS)
    free = 1 - closed
    return {
        "jaw": JAW_OPEN * jaw * (1 - 0.9 * closed),
        "mouthClose": 0.16 * closed,
        "mouthPress": 0.35 * closed,
        "mouthRollLower": 0.2 * closed + 0.65 * tucked,
        "mouthRollUpper": 0.12 * closed,
        "mouthUpperUp": 0.3 * tucked + 0.10 * jaw,
        "mouthPucker": 0.75 * rounded,
        "mouthFunnel": 0.45 * rounded * free,
        "mouthStretch": 0.55 * spread,
        "mouthLowerDown": 0.30 * spread * free,
    }


def mouth_pose(channels: NDArray[np.floating], names: tuple[str, ...]) -> tuple[F32, F32]:
    """Generic expression [T, K] in [0, 1] and jaw axis-angle [T, 3], radians, for mouth channels [T, C]."""
    curves = mouth_curves(dict(zip(CHANNELS, np.asarray(channels).T)))
    jaw = np.zeros((len(channels), 3), np.float32)
    jaw[:, 0] = curves.pop("jaw")
    return psi_of(curves, names, len(channels)), jaw


def psi_of(curves: Mapping[str, NDArray[np.floating]], names: tuple[str, ...], count: int) -> F32:
    """Coefficients [T, K] in [0, 1] from curves [T] by expression name; one without a side drives both sides."""
    psi = np.zeros((count, len(names)))
    for name, curve in curves.items():
        for column in (name, name + "Left", name + "Right"):
            if column in names:
                psi[:, names.index(column)] += curve
    return np.asarray(psi.clip(0, 1), np.float32)


def save_articulator(model: Articulator, path: Path, metadata: dict[str, str] | None = None) -> None:
    """Write a model as .safetensors in half precision, its sizes as JSON in the header."""
    arrays = {k: v.numpy().astype(np.float16) for k, v in model.state_dict().items()}
    write_arrays(path, arrays, {**(metadata or {}), "spec": json.dumps(asdict(model.spec)), "version": "1"})


@lru_cache(maxsize=4)
def load_articulator(path: Path | None = None) -> Articulator:
    """The articulator that ships with the program, or one from a file; in evaluation mode, shared: do not train it.

    Raises:
        UserError: if the file is missing or damaged.
    """
    with resources.as_file(resources.files("emotalker.resources") / FILE) as shipped:
        arrays, metadata = read_arrays(path or shipped)
    try:
        model = Articulator(ArticulatorSpec(**json.loads(metadata["spec"])))
        model.load_state_dict({k: as_tensor(v.astype(np.float32)) for k, v in arrays.items()})
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise UserError(
            "The model that hears mouths in speech cannot be used.",
            f"Its file does not fit this version of the program ({str(error).splitlines()[0]}).",
            "Install the program again.",
        ) from error
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    return model.eval()
