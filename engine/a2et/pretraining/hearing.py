"""The synthetic voices as A2ET's encoder hears them, clean and through bad rooms, lines and microphones."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, sosfilt

from emotalker.engine.a2et.pretraining.targets import targets
from emotalker.engine.a2et.speech import SpeechFeatures
from emotalker.engine.a2et.voice import voice_probability
from emotalker.engine.a2et.windows import SAMPLE_RATE
from emotalker.engine.files import read_arrays, write_arrays
from emotalker.engine.media import read_audio

F32 = NDArray[np.float32]
JUDGED = "judge_"
"""Folders of voices that nothing learns from begin with this."""


@dataclass(frozen=True)
class Utterance:
    """One recording and what the mouth does in it.

    Attributes:
        speaker: name of its folder.
        features: speech features at 50 Hz [n, S].
        voice: probability of speech at 50 Hz [n].
        mouth: mouth channels at `TARGET_RATE` [m, C].
    """

    speaker: str
    features: F32
    voice: F32
    mouth: F32


def utterances(
    folder: Path, encoder: SpeechFeatures, copies: int, wanted: Callable[[str], bool] = lambda _: True
) -> Iterator[Utterance]:
    """All recordings below a folder of `build_speech`; features are worked out once and kept beside the sound.

    Args:
        folder: of speakers' folders.
        encoder: hears them.
        copies: how many impaired versions of each are heard beside the clean one; none of judged voices.
        wanted: speakers to read.
    """
    for path in sorted(folder.glob("*/*.json")):
        speaker = path.parent.name
        if not wanted(speaker):
            continue
        for copy in range(1 + (0 if speaker.startswith(JUDGED) else copies)):
            kept = path.with_suffix(f".{copy}.safetensors")
            if not kept.exists():
                _hear(path, kept, encoder, copy)
            arrays, _ = read_arrays(kept)
            yield Utterance(speaker, *(arrays[n].astype(np.float32) for n in ("features", "voice", "mouth")))


def _hear(path: Path, kept: Path, encoder: SpeechFeatures, copy: int) -> None:
    audio = read_audio(path.with_suffix(".flac"))
    if audio is None:
        raise ValueError(f"{path.with_suffix('.flac')} has no sound")
    sound = audio.mono16k
    mouth = targets(json.loads(path.read_text(encoding="utf-8")), len(sound) / SAMPLE_RATE)
    chance = np.random.default_rng([copy, *path.stem.encode()])
    heard = impaired(sound, chance) if copy else _hiss(sound, chance, 55.0)
    arrays = {"features": encoder.features(heard), "voice": voice_probability(heard), "mouth": mouth}
    write_arrays(kept, {name: np.ascontiguousarray(a, np.float16) for name, a in arrays.items()}, {})


def impaired(sound: F32, chance: np.random.Generator) -> F32:
    """16 kHz sound [n] as bad equipment records it: a room, a narrow line, overdrive, hiss or hum, each by chance."""
    out = sound.astype(np.float32)
    if chance.random() < 0.5:
        out = _room(out, chance)
    if chance.random() < 0.4:
        low, high = float(chance.uniform(50, 350)), float(chance.uniform(2800, 7600))
        out = sosfilt(butter(4, (low, high), "bandpass", fs=SAMPLE_RATE, output="sos"), out).astype(np.float32)
    if chance.random() < 0.2:
        limit = float(chance.uniform(0.3, 0.8)) * float(np.abs(out).max())
        out = np.tanh(out / limit).astype(np.float32) * np.float32(limit)
    if chance.random() < 0.8:
        out = _hiss(out, chance, float(chance.uniform(8, 40)))
    return (out / max(float(np.abs(out).max()), 1e-6) * np.float32(chance.uniform(0.05, 0.9))).astype(np.float32)


def _room(sound: F32, chance: np.random.Generator) -> F32:
    """With the echo of a room: the direct sound and a decaying tail."""
    seconds = float(chance.uniform(0.1, 0.6))
    count = int(seconds * SAMPLE_RATE)
    decay = np.exp(-6.9 * np.arange(count) / count)
    tail = chance.standard_normal(count) * decay
    tail[: int(0.002 * SAMPLE_RATE)] = 0
    tail *= chance.uniform(0.1, 0.7) / np.sqrt(np.square(tail).sum())
    tail[0] = 1
    return np.asarray(fftconvolve(sound, tail)[: len(sound)], np.float32)


def _hiss(sound: F32, chance: np.random.Generator, decibels: float) -> F32:
    """With noise `decibels` below the speech: white to brown, now and then a mains hum."""
    white = np.fft.rfft(chance.standard_normal(len(sound)))
    steepness = chance.uniform(0, 1)
    noise = np.fft.irfft(white / np.maximum(np.arange(len(white)), 1.0) ** steepness, len(sound))
    if chance.random() < 0.2:
        tone = np.sin(2 * np.pi * chance.choice([50, 60, 100, 120]) * np.arange(len(sound)) / SAMPLE_RATE)
        noise = noise / noise.std() + chance.uniform(0.3, 1.5) * tone
    loud = float(np.sqrt(np.square(sound).mean()))
    return np.asarray(sound + noise / noise.std() * loud * 10 ** (-decibels / 20), np.float32)
