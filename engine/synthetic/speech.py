"""A small formant synthesiser: known phones at known times become speech-like sound.

A pulse train and hiss go through resonators that glide between the formants of the phones (after Klatt, "Software for
a cascade/parallel formant synthesizer", JASA 1980, much reduced). It sounds like a robot, but its lips are known.
"""

from __future__ import annotations

import numba
import numpy as np
from numpy.typing import NDArray

from emotalker.engine.synthetic.phones import Phone

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
RATE = 24_000
STEP = 0.005
BANDWIDTHS = (80.0, 110.0, 160.0)
FOURTH = (3600.0, 250.0)


@numba.njit(nogil=True, cache=True)
def _render(pitch, voice, noise, formants, hiss, bandwidths, fourth, hop, rate, white):  # type: ignore[no-untyped-def]
    n = len(white)
    out = np.zeros(n)
    y1, y2 = np.zeros(5), np.zeros(5)
    a, b, c = np.zeros(5), np.zeros(5), np.zeros(5)
    phase = g1 = g2 = 0.0
    for i in range(n):
        position = i / hop
        k = min(int(position), len(pitch) - 2)
        t = position - k
        if i % 24 == 0:
            for r in range(5):
                if r < 3:
                    f, w = formants[k, r] * (1 - t) + formants[k + 1, r] * t, bandwidths[r]
                elif r == 3:
                    f, w = fourth[0], fourth[1]
                else:
                    f, w = hiss[k, 0], hiss[k, 1]
                decay = np.exp(-np.pi * w / rate)
                c[r] = -decay * decay
                b[r] = 2 * decay * np.cos(2 * np.pi * f / rate)
                a[r] = 1 - b[r] - c[r]
        phase += (pitch[k] * (1 - t) + pitch[k + 1] * t) / rate
        pulse = 0.0
        if phase >= 1:
            phase -= 1
            pulse = 1.0
        # the glottis: a pulse softened by two leaky integrators
        g1 = 0.94 * g1 + pulse
        g2 = 0.70 * g2 + 0.3 * g1
        level = voice[k] * (1 - t) + voice[k + 1] * t
        signal = level * (g2 - 0.12 + 0.03 * white[i])
        for r in range(4):
            value = a[r] * signal + b[r] * y1[r] + c[r] * y2[r]
            y2[r], y1[r] = y1[r], value
            signal = value
        value = white[i] * a[4] + b[4] * y1[4] + c[4] * y2[4]
        y2[4], y1[4] = y1[4], value
        hissing = noise[k] * (1 - t) + noise[k + 1] * t
        # a resonator of width w passes little of the noise: make up for it
        out[i] = signal + hissing * value * 0.006 / np.sqrt(abs(a[4]) * 0.02 + 1e-4)
    return out


def speak(phones: list[Phone], seconds: float, pitch: float, liveliness: float, seed: int) -> F32:
    """Speech-like sound of the phones, float32 [round(seconds * RATE)], peak about 0.5; silence between them.

    Args:
        phones: what is said and when.
        seconds: length of the sound.
        pitch: mean voice pitch, Hz.
        liveliness: how far the pitch swings, as a share of it.
        seed: of the hiss and the melody.
    """
    rng = np.random.default_rng(seed)
    steps = int(np.ceil(seconds / STEP)) + 2
    times = np.arange(steps) * STEP
    voice, noise = np.zeros(steps), np.zeros(steps)
    formants, hiss = np.tile([500.0, 1500.0, 2500.0], (steps, 1)), np.tile([1500.0, 800.0], (steps, 1))
    for phone in phones:
        sound = phone.sound
        inside = (times >= phone.start) & (times < phone.end)
        formants[inside], hiss[inside] = sound.formants, sound.hiss
        burst = times >= phone.start + 0.6 * (phone.end - phone.start)
        voice[inside] = sound.voice
        noise[inside & burst if sound.stop else inside] = sound.noise
    formants = _smoothed(formants, 0.018)
    voice, noise = _smoothed(voice[:, None], 0.010)[:, 0], _smoothed(noise[:, None], 0.005)[:, 0]
    turns = rng.uniform(0, 2 * np.pi, 3)
    melody = sum(np.sin(2 * np.pi * f * times + p) for f, p in zip((0.31, 0.83, 2.1), turns)) / 3
    contour = pitch * (1 + liveliness * np.asarray(melody))
    white = rng.standard_normal(round(seconds * RATE))
    out = _render(
        contour, voice, noise, formants, hiss, np.array(BANDWIDTHS), np.array(FOURTH), STEP * RATE, float(RATE), white
    )
    out = np.diff(out, prepend=0.0)
    loud = 0.5 * out / max(float(np.abs(out).max()), 1e-6)
    # no room is perfectly still
    return (loud + 3e-4 * rng.standard_normal(len(loud))).astype(np.float32)


def _smoothed(values: F64, seconds: float) -> F64:
    """Columns of `values` [n, c], sampled every STEP, blurred by a Gaussian of this width."""
    width = seconds / STEP
    reach = int(np.ceil(3 * width))
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / width) ** 2)
    kernel /= kernel.sum()
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    return np.stack([np.convolve(padded[:, c], kernel, "valid") for c in range(values.shape[1])], 1)
