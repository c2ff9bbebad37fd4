"""What may lie between a mouth and its record: another throat, breath, rooms, lines, overdrive, noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, fftconvolve, istft, sosfilt, stft

from emotalker.engine.a2et.windows import SAMPLE_RATE

F32 = NDArray[np.float32]
PLACES = np.array([0.0, 600, 1500, 2600, 4000, 8000])
"""Hertz at which a throat is bent."""
ENVELOPE = 28
"""Cepstral coefficients that hold the resonances and not the pitch."""


def impaired(sound: F32, chance: np.random.Generator) -> F32:
    """16 kHz sound [n] of somebody like the speaker on bad equipment, each impairment by chance.

    Another throat, a room, a narrow line, overdrive, hiss or hum.
    """
    out = sound.astype(np.float32)
    if chance.random() < 0.7:
        out = bent(out, chance)
    if chance.random() < 0.5:
        out = _room(out, chance)
    if chance.random() < 0.4:
        low, high = float(chance.uniform(50, 350)), float(chance.uniform(2800, 7600))
        out = sosfilt(butter(4, (low, high), "bandpass", fs=SAMPLE_RATE, output="sos"), out).astype(np.float32)
    if chance.random() < 0.2:
        limit = float(chance.uniform(0.3, 0.8)) * float(np.abs(out).max())
        out = np.tanh(out / limit).astype(np.float32) * np.float32(limit)
    if chance.random() < 0.8:
        out = hissing(out, chance, float(chance.uniform(8, 40)))
    return (out / max(float(np.abs(out).max()), 1e-6) * np.float32(chance.uniform(0.05, 0.9))).astype(np.float32)


def bent(sound: F32, chance: np.random.Generator) -> F32:
    """With the resonances of another throat and the colours of another microphone; the pitch stays.

    The envelope of each short spectrum is moved along frequency, every region by its own factor, and tilted.
    """
    hertz, _, spectrum = stft(sound, SAMPLE_RATE, nperseg=512, noverlap=384)
    level = np.log(np.abs(spectrum) + 1e-5)
    cepstrum = np.fft.irfft(level, axis=0)
    cepstrum[ENVELOPE : len(cepstrum) - ENVELOPE + 1] = 0
    envelope = np.fft.rfft(cepstrum, axis=0).real
    factor = np.interp(hertz, PLACES, chance.uniform(0.86, 1.17) * chance.uniform(0.93, 1.07, len(PLACES)))
    place = np.clip(hertz / factor / hertz[1], 0, len(hertz) - 1.001)
    low, share = place.astype(int), (place % 1)[:, None]
    moved = envelope[low] * (1 - share) + envelope[low + 1] * share
    colour = np.interp(hertz, PLACES, chance.normal(0, 0.45, len(PLACES)))[:, None]
    out = istft(
        spectrum * np.exp(np.clip(moved - envelope, -2.5, 2.5) + colour), SAMPLE_RATE, nperseg=512, noverlap=384
    )
    return np.asarray(np.pad(out[1], (0, max(0, len(sound) - len(out[1]))))[: len(sound)], np.float32)


def paused(sound: F32, ends: Sequence[float], chance: np.random.Generator | None = None) -> F32:
    """With silence of so many seconds before and after it, in which somebody may breathe.

    Args:
        sound: at 16 kHz [n].
        ends: seconds before and after.
        chance: of breath; None for none.
    """
    loud = np.float32(np.sqrt(np.square(sound).mean()))
    parts = []
    for seconds in ends:
        count = round(seconds * SAMPLE_RATE)
        quiet = np.zeros(count, np.float32)
        if chance is not None and chance.random() < 0.5 and count > SAMPLE_RATE // 4:
            quiet = breath(chance, count) * loud * np.float32(10 ** chance.uniform(-1.7, -0.3))
        parts.append(quiet)
    return np.concatenate([parts[0], sound, parts[1]]).astype(np.float32)


def breath(chance: np.random.Generator, count: int) -> F32:
    """Breath that swells and fades [count], of about unit power in its middle."""
    low = float(chance.uniform(200, 900))
    band = butter(2, (low, float(chance.uniform(low + 1200, 7000))), "bandpass", fs=SAMPLE_RATE, output="sos")
    hiss = sosfilt(band, chance.standard_normal(count))
    swell = np.sin(np.pi * np.linspace(0, 1, count) ** chance.uniform(0.6, 1.6)) ** 2
    return np.asarray(hiss / hiss.std() * swell, np.float32)


def noise_of(chance: np.random.Generator, seconds: float) -> F32:
    """A few seconds of a place where nobody speaks: hiss from faint to loud, now and then knocks or a tune."""
    count = round(seconds * SAMPLE_RATE)
    out = hissing(np.full(count, 10 ** chance.uniform(-4, -1), np.float32), chance, 0.0)
    out -= out.mean()
    if chance.random() < 0.4:  # knocks
        for at in chance.integers(0, count - 2000, int(chance.integers(1, 9))):
            ring = np.exp(-np.arange(2000) / chance.uniform(50, 500)) * chance.standard_normal(2000)
            out[at : at + 2000] += ring.astype(np.float32) * np.float32(chance.uniform(0.02, 0.5))
    if chance.random() < 0.3:  # a tune
        notes = np.repeat(220 * 2 ** (chance.integers(0, 24, 16) / 12), -(-count // 16))[:count]
        out += (np.sin(np.cumsum(notes) * 2 * np.pi / SAMPLE_RATE) * chance.uniform(0.02, 0.3)).astype(np.float32)
    return out


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


def hissing(sound: F32, chance: np.random.Generator, decibels: float) -> F32:
    """With noise `decibels` below the speech: white to brown, now and then a mains hum."""
    white = np.fft.rfft(chance.standard_normal(len(sound)))
    steepness = chance.uniform(0, 1)
    noise = np.fft.irfft(white / np.maximum(np.arange(len(white)), 1.0) ** steepness, len(sound))
    if chance.random() < 0.2:
        tone = np.sin(2 * np.pi * chance.choice([50, 60, 100, 120]) * np.arange(len(sound)) / SAMPLE_RATE)
        noise = noise / noise.std() + chance.uniform(0.3, 1.5) * tone
    loud = float(np.sqrt(np.square(sound).mean()))
    return np.asarray(sound + noise / noise.std() * loud * 10 ** (-decibels / 20), np.float32)
