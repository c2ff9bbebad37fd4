"""The synthetic voices as A2ET's encoder hears them: clean, impaired, in short windows; and what is no voice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.a2et.articulation import CHANNELS
from emotalker.engine.a2et.pretraining.impairing import breath, hissing, impaired, noise_of, paused
from emotalker.engine.a2et.pretraining.targets import TARGET_RATE, targets
from emotalker.engine.a2et.speech import SpeechFeatures
from emotalker.engine.a2et.voice import voice_probability
from emotalker.engine.a2et.windows import FEATURE_RATE, SAMPLES_PER_FEATURE, feature_count
from emotalker.engine.files import read_arrays, write_arrays
from emotalker.engine.media import read_audio

F32 = NDArray[np.float32]
JUDGED = "judge_"
"""Folders of voices that nothing learns from begin with this."""
COPIES = {"espeak": 1, "hibari": 2, "kokoro": 4}
"""Impaired versions that are heard of every recording, beside the clean one, by the beginning of its folder's name."""
LIVE = 0.25
"""Share of the impaired versions that are heard as `Live` hears: in short windows with little to come."""
WINDOW, AHEAD, KEPT = 80, 10, 30
"""Features that such a window shows, that follow the last one kept of it, and that are kept."""
PAUSE = 1.5
JUDGED_PAUSE = 1.0
"""Seconds of silence at the ends of recordings, at most; and of those judged, so that silence is judged too."""


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
    folder: Path,
    encoder: SpeechFeatures,
    wanted: Callable[[str], bool] = lambda _: True,
    *,
    clean: bool = False,
    heard: bool = False,
    live: bool = False,
) -> Iterator[Utterance]:
    """All recordings below a folder of `build_speech`; features are worked out once and kept beside the sound.

    Args:
        folder: of speakers' folders.
        encoder: hears them.
        wanted: speakers to read.
        clean: without the impaired versions (`COPIES`), which judged voices never have.
        heard: without what has not been heard before.
        live: features as `Live` hears them, worked out anew.
    """
    for path in sorted(folder.glob("*/*.json")):
        speaker = path.parent.name
        if not wanted(speaker):
            continue
        copies = 0 if clean or speaker.startswith(JUDGED) else COPIES[speaker.split("_")[0]]
        for copy in range(1 + copies):
            kept = path.with_suffix(f".{copy}.safetensors")
            if not kept.exists():
                if heard:
                    continue
                _hear(path, kept, encoder, copy)
            arrays, _ = read_arrays(kept)
            features, voice = (arrays[n].astype(np.float32) for n in ("features", "voice"))
            if live:
                features = live_features(encoder, _sound(path, copy)[0])
            before = float(arrays["before"][0]) if "before" in arrays else 0.0
            phones = [(p, a + before, b + before) for p, a, b in json.loads(path.read_text(encoding="utf-8"))]
            yield Utterance(speaker, features, voice, targets(phones, len(voice) / FEATURE_RATE))


def _hear(path: Path, kept: Path, encoder: SpeechFeatures, copy: int) -> None:
    sound, before, live = _sound(path, copy)
    features = live_features(encoder, sound) if live else encoder.features(sound)
    arrays = {"features": features, "voice": voice_probability(sound)}
    halves = {name: np.ascontiguousarray(a, np.float16) for name, a in arrays.items()}
    write_arrays(kept, {**halves, "before": np.array([before], np.float32)}, {})


def _sound(path: Path, copy: int) -> tuple[F32, float, bool]:
    """A recording's sound, the seconds put before it, and whether it is to be heard in short windows."""
    audio = read_audio(path.with_suffix(".flac"))
    if audio is None:
        raise ValueError(f"{path.with_suffix('.flac')} has no sound")
    sound, ends = audio.mono16k, (0.0, 0.0)
    chance = np.random.default_rng([copy, *path.stem.encode()])
    if path.parent.name.startswith(JUDGED):
        ends = (JUDGED_PAUSE, JUDGED_PAUSE)
        sound = paused(sound, ends)
    elif copy:
        ends = (float(chance.uniform(0, PAUSE)), float(chance.uniform(0, PAUSE)))
        sound = paused(sound, ends, chance)
    sound = impaired(sound, chance) if copy else hissing(sound, chance, 55.0)
    return sound, ends[0], bool(copy) and chance.random() < LIVE


def live_features(encoder: SpeechFeatures, sound: F32) -> F32:
    """Features [n, S] of sound as `Live` hears it: each from a window of 1.6 s that ends a fifth of a second later."""
    count = feature_count(len(sound))
    out = np.zeros((count, encoder.width), np.float32)
    for start in range(0, count, KEPT):
        stop = min(start + KEPT, count)
        first, last = max(0, stop + AHEAD - WINDOW), min(stop + AHEAD, count)
        piece = encoder.features(sound[first * SAMPLES_PER_FEATURE : last * SAMPLES_PER_FEATURE])
        out[start:stop] = piece[start - first : stop - first]
    return out


def noises(encoder: SpeechFeatures, count: int, seconds: float = 4.0) -> Iterator[Utterance]:
    """Sounds that are no speech, at which the mouth does nothing: hiss, hum, breath, knocks and tones."""
    for number in range(count):
        chance = np.random.default_rng([7, number])
        sound = noise_of(chance, seconds)
        if chance.random() < 0.5:
            sound = sound + breath(chance, len(sound)) * np.float32(chance.uniform(0.5, 3) * np.abs(sound).max())
        still = np.zeros((int(seconds * TARGET_RATE), len(CHANNELS)), np.float32)
        yield Utterance("noise", encoder.features(sound), voice_probability(sound), still)
