"""Speech features: what is being said, at 50 frames a second, largely free of whose voice says it.

The default is the encoder of Whisper tiny (OpenAI, MIT) in plain torch, without its 30 s of padding. HuBERT and
wav2vec2 can be chosen where the model hub can be reached.
"""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from emotalker.engine import assets
from emotalker.engine.a2et.logmel import HOP, LogMel
from emotalker.engine.a2et.windows import F32, SAMPLES_PER_FEATURE, blend_windows, feature_count, slice_padded
from emotalker.engine.errors import UserError
from emotalker.engine.files import read_arrays
from emotalker.engine.jobs import Notice

DEFAULT_SPEECH = "whisper_tiny_en"
HUB_MODELS = {"hubert": "facebook/hubert-base-ls960", "wav2vec2": "facebook/wav2vec2-base-960h"}
HEADS = 6
WINDOW = 500
OVERLAP = 100


class SpeechFeatures(Protocol):
    """Anything that hears: 16 kHz sound to `width` features at 50 Hz."""

    name: str
    width: int

    def features(self, audio_16k: F32) -> F32:
        """Features [ceil(n / 320), width] of mono sound [n] at 16 kHz; feature j is at (j + 0.5) / 50 s."""
        ...


class SpeechEncoder:
    """Whisper tiny's encoder on sound of any length, in windows of 10 s cross-faded over 2 s.

    Args:
        weights: the encoder as .safetensors with `transformers` names; the asset `whisper_tiny_en` when left out.
        window: 50 Hz frames seen at once, at most 1500.

    Raises:
        UserError: if the weights are missing and cannot be fetched, or are damaged.
    """

    name = DEFAULT_SPEECH

    def __init__(self, weights: Path | None = None, window: int = WINDOW) -> None:
        arrays, _metadata = read_arrays(weights or assets.ensure(DEFAULT_SPEECH))
        self._weights = {name: torch.from_numpy(array.astype(np.float32)) for name, array in arrays.items()}
        self._layers = len({name.split(".")[1] for name in self._weights if name.startswith("layers.")})
        self._mel = LogMel()
        positions, self.width = self._weights["embed_positions.weight"].shape
        self._window = min(window, positions)

    @torch.inference_mode()
    def features(self, audio_16k: F32) -> F32:
        """Speech features of a recording.

        Working memory does not grow with the length; loudness is evened out over the whole recording, so the pieces of
        a recording should not be given one by one.

        Args:
            audio_16k: mono sound [n], 16 kHz, about [-1, 1].

        Returns:
            [ceil(n / 320), 384].
        """
        audio = np.asarray(audio_16k, np.float32)
        peak = self._mel.peak(audio)

        def encode(start: int, stop: int) -> F32:
            mel = self._mel.normalised(audio, 2 * start, 2 * (stop - start), peak)
            return np.asarray(self._encode(mel[None])[0].numpy(), np.float32)

        return blend_windows(encode, feature_count(len(audio)), self.width, window=self._window, overlap=OVERLAP)

    @torch.inference_mode()
    def power(self, audio_16k: F32, start: int, count: int) -> Tensor:
        """Log10 mel power [80, 2 count] of `count` features of sound [n], from sample `start`, a multiple of 160."""
        return self._mel.power(np.asarray(audio_16k, np.float32), start // HOP, 2 * count)

    @torch.inference_mode()
    def heard(self, power: Tensor, peak: float) -> F32:
        """Features [n, 384] of at most a window of `power` [80, 2 n] whose loudest value so far was `peak`."""
        return np.asarray(self._encode(self._mel.scaled(power, peak)[None])[0].numpy(), np.float32)

    def _linear(self, x: Tensor, name: str) -> Tensor:
        return F.linear(x, self._weights[f"{name}.weight"], self._weights.get(f"{name}.bias"))

    def _norm(self, x: Tensor, name: str) -> Tensor:
        return F.layer_norm(x, (self.width,), self._weights[f"{name}.weight"], self._weights[f"{name}.bias"])

    def _encode(self, mel: Tensor) -> Tensor:
        """Mel [B, 80, 2 n] to features [B, n, 384]."""
        w = self._weights
        x = F.gelu(F.conv1d(mel, w["conv1.weight"], w["conv1.bias"], padding=1))
        x = F.gelu(F.conv1d(x, w["conv2.weight"], w["conv2.bias"], stride=2, padding=1)).transpose(1, 2)
        x = x + w["embed_positions.weight"][: x.shape[1]]
        for i in range(self._layers):
            layer = f"layers.{i}"
            hidden = self._norm(x, f"{layer}.self_attn_layer_norm")
            q, k, v = (
                self._linear(hidden, f"{layer}.self_attn.{part}_proj").unflatten(-1, (HEADS, -1)).transpose(1, 2)
                for part in "qkv"
            )
            attended = F.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(2)
            x = x + self._linear(attended, f"{layer}.self_attn.out_proj")
            hidden = F.gelu(self._linear(self._norm(x, f"{layer}.final_layer_norm"), f"{layer}.fc1"))
            x = x + self._linear(hidden, f"{layer}.fc2")
        return self._norm(x, "layer_norm")


class HubSpeechEncoder:
    """HuBERT or wav2vec2 from the model hub, through transformers.

    Args:
        name: "hubert" or "wav2vec2".
        model: a network that takes sound [1, n] and gives `last_hidden_state`; loaded from the hub when left out.

    Raises:
        OSError: if the model is neither cached nor to be had.
    """

    def __init__(self, name: str, model: Any = None) -> None:
        self.name = name
        self._model = (model or _load_from_hub(HUB_MODELS[name])).eval()
        self.width = int(self._model.config.hidden_size)

    @torch.inference_mode()
    def features(self, audio_16k: F32) -> F32:
        """Features [ceil(n / 320), width] of sound [n] at 16 kHz."""
        audio = np.asarray(audio_16k, np.float32)
        audio = (audio - audio.mean()) / max(float(audio.std()), 1e-4) if len(audio) else audio

        def encode(start: int, stop: int) -> F32:
            # The convolutions see 400 samples per frame of 320: 40 on each side centre them on the frame.
            piece = slice_padded(audio, start * SAMPLES_PER_FEATURE - 40, stop * SAMPLES_PER_FEATURE + 40)
            return np.asarray(self._model(torch.from_numpy(piece)[None]).last_hidden_state[0].numpy(), np.float32)

        return blend_windows(encode, feature_count(len(audio)), self.width, window=WINDOW, overlap=OVERLAP)


def _load_from_hub(repository: str) -> Any:
    from transformers import AutoModel

    try:
        return AutoModel.from_pretrained(repository, local_files_only=True)
    except OSError:
        if not _reachable("huggingface.co"):
            raise
    return AutoModel.from_pretrained(repository, local_files_only=False)


def _reachable(host: str, seconds: float = 1.5) -> bool:
    """Whether the host answers at all; looking up a name can hang for long, hence the thread."""
    answered = threading.Event()

    def knock() -> None:
        try:
            socket.create_connection((host, 443), timeout=seconds).close()
        except OSError:
            return
        answered.set()

    thread = threading.Thread(target=knock, daemon=True)
    thread.start()
    thread.join(seconds)
    return answered.is_set()


def open_speech_encoder(name: str = DEFAULT_SPEECH) -> tuple[SpeechFeatures, Notice | None]:
    """The encoder of that name, or the default one and a warning when the hub cannot be reached.

    Raises:
        UserError: if there is no encoder of this name, or the default one is missing too.
    """
    if name == DEFAULT_SPEECH:
        return SpeechEncoder(), None
    if name not in HUB_MODELS:
        raise UserError(
            f"There is no speech encoder named {name}.",
            f"Known are: {', '.join((DEFAULT_SPEECH, *HUB_MODELS))}.",
            "Choose one of these names.",
        )
    try:
        return HubSpeechEncoder(name), None
    except (OSError, ImportError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        text = f"{name} could not be loaded from the model hub, so Whisper tiny listens instead ({reason})"
        return SpeechEncoder(), Notice("express", text, "warning")
