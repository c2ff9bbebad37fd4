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
