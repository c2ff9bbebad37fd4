"""What the sample person does in a clip: speech on the lips, an emotion, blinks, glances and head motion, all known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.a2et.articulation import mouth_curves, psi_of
from emotalker.engine.emotion.labels import MAX_LEVEL
from emotalker.engine.synthetic.phones import Phone

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
TICK = 0.005

# expression at level 3; jaw opening under "jaw" and nodding of the neck under "nod", both in radians
EMOTION_FACES: dict[str, dict[str, float]] = {
    "neutral": {},
    "happy": {
        "mouthSmile": 0.85, "cheekSquint": 0.65, "eyeSquint": 0.35, "mouthUpperUp": 0.35, "browInnerUp": 0.15,
        "jaw": 0.03,
    },
    "sad": {
        "mouthFrown": 0.9, "browInnerUp": 0.9, "mouthShrugLower": 0.45, "eyeLookDown": 0.35, "eyeSquint": 0.2,
        "nod": 0.12,
    },
    "angry": {
        "browDown": 1.0, "noseSneer": 0.6, "mouthPress": 0.5, "eyeSquint": 0.5, "mouthLowerDown": 0.4, "nod": 0.06,
    },
    "fear": {"browInnerUp": 1.0, "eyeWide": 1.0, "mouthStretch": 0.8, "jaw": 0.04, "nod": -0.05},
    "disgusted": {"noseSneer": 1.0, "mouthUpperUp": 0.8, "browDown": 0.6, "cheekSquint": 0.5, "mouthFrown": 0.4},
    "contempt": {
        "mouthSmileLeft": 0.6, "mouthDimpleLeft": 0.8, "eyeSquint": 0.25, "browOuterUpLeft": 0.4, "nod": -0.05,
    },
    "surprised": {"browInnerUp": 1.0, "browOuterUp": 1.0, "eyeWide": 1.0, "jaw": 0.09, "nod": -0.04},
}  # fmt: skip
# pitch, its swing and pace of the voice at level 3, relative to neutral
EMOTION_VOICES = {
    "neutral": (1.0, 1.0, 1.0), "happy": (1.25, 1.8, 1.1), "sad": (0.88, 0.5, 0.82), "angry": (1.12, 1.5, 1.12),
    "fear": (1.3, 1.2, 1.15), "disgusted": (0.95, 1.1, 0.92), "contempt": (0.97, 0.8, 0.95),
    "surprised": (1.35, 1.9, 1.05),
}  # fmt: skip


@dataclass(frozen=True)
class Performance:
    """Everything that moves in T frames; fields as in `Track`."""

    psi: F32
    jaw: F32
    neck: F32
    eyes: F32
    root_rotation: F32
    root_translation: F32
    au45: F32

    def __len__(self) -> int:
        return len(self.psi)


def voice_of(emotion: str, level: float) -> tuple[float, float, float]:
    """Pitch, pitch swing and pace of an emotional voice, relative to a neutral one."""
    pitch, swing, pace = (1 + (x - 1) * level / MAX_LEVEL for x in EMOTION_VOICES[emotion])
    return pitch, swing, pace


def perform(
    phones: list[Phone], seconds: float, fps: float, emotion: str, level: float, names: tuple[str, ...], seed: int
) -> Performance:
    """Act out the phones with an emotion; frame i shows the moment (i + 0.5) / fps.

    Args:
        phones: what is said and when.
        seconds: length of the clip.
        fps: frames per second.
        emotion: one of `EMOTIONS`.
        level: [0, 3].
        names: expression names of the head model; `psi` follows them.
        seed: of blinks, glances and head motion.
    """
    rng = np.random.default_rng(seed)
    times: F64 = np.asarray((np.arange(round(seconds * fps)) + 0.5) / fps, np.float64)
    count = len(times)
    mouth = mouth_channels(phones, seconds, times)
    au45 = _blinks(rng, seconds, times)
    mood = (level / MAX_LEVEL) * (0.92 + 0.08 * _drift(rng, times, 0.3))
    face = EMOTION_FACES[emotion]
    curves: dict[str, F64] = {n: mood * v for n, v in face.items() if n not in ("jaw", "nod")}
    glance = np.stack([_glance(rng, times, 0.05), _glance(rng, times, 0.09)], 1)
    spoken = mouth_curves(mouth)
    jaw = spoken.pop("jaw") + mood * face.get("jaw", 0.0) * (1 - 0.9 * mouth["closed"])
    for name, values in spoken.items():
        _add(curves, name, values)
    _add(curves, "eyeBlink", 0.97 * au45)
    _add(curves, "eyeLookDown", np.clip(glance[:, 0] / 0.3, 0, 1))
    _add(curves, "browInnerUp", 0.10 * np.clip(_drift(rng, times, 0.5), 0, 1))
    neck = np.stack([a * _drift(rng, times, f) for a, f in ((0.05, 0.55), (0.11, 0.35), (0.045, 0.3))], 1)
    neck[:, 0] += mood * face.get("nod", 0.0) + 0.03 * mouth["jaw"]
    eyes = np.zeros((count, 2, 3))
    eyes[:, :, :2] = glance[:, None]
    sway = np.stack([_drift(rng, times, 0.25) for _ in range(6)], 1)
    return Performance(
        psi_of(curves, names, count),
        _f32(np.stack([jaw, np.zeros(count), np.zeros(count)], 1)),
        _f32(neck),
        _f32(eyes),
        _f32(sway[:, :3] * [0.012, 0.02, 0.012]),
        _f32(sway[:, 3:] * [0.004, 0.002, 0.004]),
        _f32(au45),
    )


def _f32(values: F64) -> F32:
    return values.astype(np.float32)


def _add(curves: dict[str, F64], name: str, values: F64) -> None:
    curves[name] = curves[name] + values if name in curves else values


def mouth_channels(phones: Sequence[Phone], seconds: float, times: F64) -> dict[str, F64]:
    """Mouth channels [T] in [0, 1], blended over neighbouring phones; lips that must meet do meet."""
    ticks = np.arange(0, seconds + TICK, TICK)
    widths = {"jaw": 0.040, "closed": 0.018, "rounded": 0.050, "spread": 0.050, "tucked": 0.025}
    out = {}
    for channel, width in widths.items():
        raw = np.zeros(len(ticks))
        for phone in phones:
            raw[(ticks >= phone.start - 0.01) & (ticks < phone.end - 0.01)] = getattr(phone.sound, channel)
        reach = int(3 * width / TICK)
        kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) * TICK / width) ** 2)
        smooth = np.convolve(raw, kernel / kernel.sum(), "same")
        if channel in ("closed", "tucked"):
            smooth = np.clip(smooth * 1.25, 0, 1)
        out[channel] = np.interp(times, ticks, smooth)
    return out


def _blinks(rng: np.random.Generator, seconds: float, times: F64) -> F64:
    """Blink curve [T] in [0, 1]: shut in 80 ms, open in 160 ms, every two to four and a half seconds."""
    curve = np.zeros(len(times))
    at = float(rng.uniform(0.7, 2.0))
    while at < seconds - 0.3:
        lag = times - at
        closing, opening = np.clip(1 + lag / 0.08, 0, 1), np.clip(1 - (lag - 0.04) / 0.16, 0, 1)
        curve = np.maximum(curve, np.where(lag < 0, closing, opening))
        at += float(rng.uniform(2.0, 4.5))
    return curve * curve * (3 - 2 * curve)


def _glance(rng: np.random.Generator, times: F64, reach: float) -> F64:
    """Eye angle [T] in radians that rests and then jumps, as eyes do."""
    curve, at, angle = np.zeros(len(times)), 0.0, 0.0
    while at < times[-1]:
        curve[times >= at] = angle
        at += float(rng.uniform(0.6, 1.8))
        angle = float(rng.uniform(-reach, reach))
    return curve


def _drift(rng: np.random.Generator, times: F64, hertz: float) -> F64:
    """A slow wandering curve [T] within about [-1, 1]."""
    waves = [np.sin(2 * np.pi * hertz * f * times + rng.uniform(0, 2 * np.pi)) for f in (0.6, 1.0, 1.7)]
    return np.asarray(sum(waves)) / 2.2
