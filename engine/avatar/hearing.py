"""Sound as a twin hears it: speech features and where somebody speaks."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.a2et.speech import SpeechFeatures, open_speech_encoder
from emotalker.engine.a2et.voice import voice_probability
from emotalker.engine.a2et.windows import SAMPLE_RATE
from emotalker.engine.errors import UserError
from emotalker.engine.media import AudioTrack, read_audio

F32 = NDArray[np.float32]
LEAST_SECONDS = 0.1
"""Length from which a recording is one that can be spoken."""


@dataclass(frozen=True)
class Heard:
    """A recording as the networks take it.

    Attributes:
        features: speech features at 50 Hz [n, S].
        voice: probability of speech at 50 Hz [n].
        seconds: length of the recording.
    """

    features: F32
    voice: F32
    seconds: float


def open_encoder(name: str, width: int) -> SpeechFeatures:
    """The speech encoder a twin was trained with.

    Args:
        name: of the encoder.
        width: features it must give.

    Raises:
        UserError: if it cannot be had; another one would make the lips say something else.
    """
    encoder, notice = open_speech_encoder(name)
    if notice is not None or encoder.width != width:
        why = notice.text if notice is not None else f"{encoder.name} gives {encoder.width} features, not {width}."
        raise UserError(
            "The twin cannot hear on this computer.",
            why,
            f"Make the speech model {name} available, or train the twin with the default one.",
        )
    return encoder


def hear(audio_16k: F32, encoder: SpeechFeatures) -> Heard:
    """What the networks hear in mono sound [n] at 16 kHz."""
    audio = np.asarray(audio_16k, np.float32)
    return Heard(encoder.features(audio), voice_probability(audio), len(audio) / SAMPLE_RATE)


def silence(seconds: float, encoder: SpeechFeatures) -> Heard:
    """What the networks hear when nobody speaks."""
    return hear(np.zeros(max(round(seconds * SAMPLE_RATE), 1), np.float32), encoder)


def read_speech(path: Path) -> AudioTrack:
    """The sound of a file that is to be spoken.

    Raises:
        UserError: if it is no sound file, has no sound, only silence, or less than a tenth of a second.
    """
    audio = read_audio(path)
    if audio is None or not len(audio.mono16k):
        raise UserError(
            f"{path.name} has no sound.",
            "The file opens, but it holds no recording that could be spoken.",
            "Choose a sound file (WAV, MP3, M4A) or a video with sound.",
        )
    if len(audio.mono16k) < LEAST_SECONDS * SAMPLE_RATE:
        raise UserError(
            f"{path.name} is too short to be spoken.",
            f"It lasts {len(audio.mono16k) / SAMPLE_RATE:.3f} s; the shortest sound of speech takes about "
            f"{LEAST_SECONDS:g} s.",
            "Choose a longer recording.",
        )
    if audio.silent:
        raise UserError(
            f"{path.name} is silent.",
            "Nothing in it rises above the noise of a muted microphone.",
            "Record it again, or choose another file.",
        )
    return audio
