"""Is somebody speaking? Silero's voice activity network (MIT) in plain torch.

The weights come out of the installed silero-vad package; the package itself is not imported, because its import sets
torch to one thread for the whole program.
"""

from __future__ import annotations

import importlib.util
from functools import cache
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from emotalker.engine.a2et.windows import F32, FEATURE_RATE, SAMPLE_RATE, feature_count, sample_frames, slice_padded
from emotalker.engine.errors import UserError
from emotalker.engine.files import read_arrays

FRAME = 512
CONTEXT = 64
BLOCK = 512
"""Frames heard in one go: 16 s, so that memory stays flat."""


class _Silero(nn.Module):
    """Speech probability of 32 ms frames: spectrum, four convolutions, one recurrent layer."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        super().__init__()
        self._weights = {k: v for k, v in weights.items() if not k.startswith("lstm_cell")}
        self._lstm = nn.LSTM(128, 128)
        self._lstm.load_state_dict(
            {f"{k.removeprefix('lstm_cell.')}_l0": v for k, v in weights.items() if k.startswith("lstm_cell")}
        )

    def forward(self, frames: Tensor, state: tuple[Tensor, Tensor] | None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Probabilities [n] of consecutive frames [n, 64 + 512] and the state to go on with."""
        w = self._weights
        x = F.pad(frames[:, None], (0, CONTEXT), mode="reflect")
        x = F.conv1d(x, w["stft_conv.weight"], stride=128)
        half = x.shape[1] // 2
        x = (x[:, :half].square() + x[:, half:].square()).sqrt()
        for i, stride in enumerate((1, 2, 2, 1), start=1):
            x = F.relu(F.conv1d(x, w[f"conv{i}.weight"], w[f"conv{i}.bias"], stride=stride, padding=1))
        hidden, state = self._lstm(x.squeeze(-1)[:, None], state)
        logits = F.conv1d(F.relu(hidden[:, 0])[..., None], w["final_conv.weight"], w["final_conv.bias"])
        return torch.sigmoid(logits[:, 0, 0]), state


@cache
def _network() -> _Silero:
    spec = importlib.util.find_spec("silero_vad")
    if spec is None or not spec.submodule_search_locations:
        raise UserError(
            "Voice activity cannot be detected.",
            "The Python package silero-vad is not installed.",
            "Install it: pip install --no-deps silero-vad==6.2.3",
        )
    path = Path(next(iter(spec.submodule_search_locations))) / "data" / "silero_vad_16k.safetensors"
    arrays, _metadata = read_arrays(path)
    return _Silero({name: torch.from_numpy(array) for name, array in arrays.items()}).eval()


@torch.inference_mode()
def voice_probability(audio_16k: F32) -> F32:
    """Probability that somebody speaks, 50 times a second.

    Args:
        audio_16k: mono sound [n], 16 kHz, about [-1, 1].

    Returns:
        [ceil(n / 320)], each for the middle of its 20 ms.

    Raises:
        UserError: if the network's weights are not installed.
    """
    audio = np.asarray(audio_16k, np.float32)
    if not len(audio):
        return np.zeros(0, np.float32)
    network = _network()
    count = -(-len(audio) // FRAME)
    state: tuple[Tensor, Tensor] | None = None
    parts: list[F32] = []
    for first in range(0, count, BLOCK):
        last = min(first + BLOCK, count)
        piece = torch.from_numpy(slice_padded(audio, first * FRAME - CONTEXT, last * FRAME))
        probability, state = network(piece.unfold(0, CONTEXT + FRAME, FRAME), state)
        parts.append(probability.numpy())
    times = (np.arange(feature_count(len(audio))) + 0.5) / FEATURE_RATE
    return sample_frames(np.concatenate(parts), SAMPLE_RATE / FRAME, times)


class VoiceListener:
    """`voice_probability` of sound that comes bit by bit: each sample is heard once, and the last seconds are kept.

    Args:
        seconds: how much is kept.

    Raises:
        UserError: if the network's weights are not installed.
    """

    def __init__(self, seconds: float = 4.0) -> None:
        self._network = _network()
        self._state: tuple[Tensor, Tensor] | None = None
        self._waiting = np.zeros(CONTEXT, np.float32)
        self._kept = np.zeros(round(seconds * SAMPLE_RATE / FRAME), np.float32)
        self._count = 0
        self._end = 0

    @torch.inference_mode()
    def push(self, audio_16k: F32, start: int) -> None:
        """Hear the next sound [n], mono at 16 kHz, that begins at sample `start`; what lies between was silent."""
        gap = max(start - self._end, 0)
        self._end = start + len(audio_16k)
        # no more is made up than is remembered; whole frames keep the beat
        skipped = max(gap // FRAME - len(self._kept), 0)
        self._count += skipped
        missing = np.zeros(gap - skipped * FRAME, np.float32)
        self._waiting = np.concatenate([self._waiting, missing, np.asarray(audio_16k, np.float32)])
        whole = (len(self._waiting) - CONTEXT) // FRAME
        if whole <= 0:
            return
        piece = torch.from_numpy(self._waiting[: CONTEXT + whole * FRAME].copy())
        probability, self._state = self._network(piece.unfold(0, CONTEXT + FRAME, FRAME), self._state)
        self._waiting = self._waiting[whole * FRAME :]
        fresh = probability.numpy()[-len(self._kept) :]
        self._kept = np.concatenate([self._kept[len(fresh) :], fresh])
        self._count += whole

    def at(self, times: NDArray[np.floating]) -> F32:
        """Probability of speech at some seconds of the sound [m]; before and after what is known, the nearest."""
        known = min(self._count, len(self._kept))
        if not known:
            return np.zeros(len(times), np.float32)
        first = (self._count - known) * FRAME / SAMPLE_RATE
        return sample_frames(self._kept[-known:], SAMPLE_RATE / FRAME, np.asarray(times) - first)
