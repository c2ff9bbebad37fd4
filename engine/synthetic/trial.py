"""Films of the sample person that try a tracker: standing still, resting, a cut in the middle, a hand at the mouth."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.clip import ClipInput
from emotalker.engine.synthetic.body import SampleBody, sample_camera
from emotalker.engine.synthetic.performance import Performance, perform
from emotalker.engine.synthetic.sample import (
    SampleClip,
    SampleConfig,
    act,
    film_performance,
    sample_identity,
    subject_of,
    truth_track,
)
from emotalker.engine.synthetic.speech import RATE

F32 = NDArray[np.float32]
Change = Callable[[int, F32], F32]
NOISE = 2.0 / 255  # a phone's camera indoors, after its own denoising
HAND = np.array([0.74, 0.55, 0.45], np.float32)


def trial_film(
    folder: Path, name: str, performance: Performance, config: SampleConfig, change: Change | None = None
) -> SampleClip:
    """Film a performance silently, each picture passed through `change` (frame, [S, S, 3] in [0, 1]) first."""
    folder = Path(folder)
    body, camera = SampleBody(sample_identity()), sample_camera(config.size)
    film, truth = folder / f"{name}.mp4", folder / "truth" / f"{name}.safetensors"
    subject = folder / "truth" / "subject.safetensors"
    sound = np.zeros(round(len(performance) / config.fps * RATE), np.float32)
    landmarks = film_performance(film, body, camera, performance, sound, config.fps, change)
    truth_track(performance, landmarks, body.head.expression_names, config).save(truth)
    subject_of(body, camera).save(subject)
    return SampleClip(ClipInput(name, film, "neutral", 0.0), truth, subject)


def talking(config: SampleConfig, number: int = 0, emotion: str = "neutral", level: float = 0.0) -> Performance:
    """A clip's performance as `sample_clips` would film it."""
    return act(config, emotion, level, number, SampleBody(sample_identity()).head.expression_names)[0]


def resting(config: SampleConfig, seed: int = 11) -> Performance:
    """Nothing is said and the head is held still: it sways by half a degree and a millimetre or two, eyes blink."""
    drift = drifting(config, seed)
    shares = {"neck": 0.07, "root_rotation": 0.25, "root_translation": 0.25}
    calm = {name: _nearer_its_mean(getattr(drift, name), share) for name, share in shares.items()}
    return replace(drift, **calm)


def drifting(config: SampleConfig, seed: int = 11) -> Performance:
    """Nothing is said: the head drifts by several degrees, the eyes wander and blink."""
    names = SampleBody(sample_identity()).head.expression_names
    return perform([], config.seconds, config.fps, "neutral", 0.0, names, seed)


def _nearer_its_mean(values: F32, share: float) -> F32:
    mean = values.mean(0)
    return np.asarray(mean + np.float32(share) * (values - mean), np.float32)


def frozen(performance: Performance, frame: int, count: int) -> Performance:
    """One frame of a performance held for `count` frames."""
    return Performance(*(np.repeat(getattr(performance, n)[frame : frame + 1], count, 0) for n in _FIELDS))


def swaying(performance: Performance, fps: float, degrees: float = 4.0) -> Performance:
    """The same with a trunk that leans and turns by up to `degrees`, so that root and neck both matter."""
    t = np.arange(len(performance)) / fps
    lean = np.stack([0.5 * np.sin(1.1 * t), np.sin(0.8 * t + 1), 0.5 * np.sin(0.6 * t + 2)], 1) * np.radians(degrees)
    return replace(performance, root_rotation=(performance.root_rotation + lean).astype(np.float32))


def noisy(frame: int, picture: F32) -> F32:
    """The picture with a camera's noise, the same each time."""
    noise = np.random.default_rng(frame).standard_normal(picture.shape, dtype=np.float32)
    return np.asarray(np.clip(picture + np.float32(NOISE) * noise, 0, 1), np.float32)


def hand_over_mouth(frames: range) -> Change:
    """A `Change` that draws a skin-coloured hand over mouth and chin in some frames."""

    def change(frame: int, picture: F32) -> F32:
        if frame not in frames:
            return picture
        out = picture.copy()
        side = len(out)
        y, x = np.mgrid[0:side, 0:side] / side
        for k in range(4):  # four fingers side by side, and the palm below them
            along, across = x - (0.56 - 0.015 * k), y - (0.585 + 0.042 * k)
            finger = (across / 0.024) ** 2 + np.clip(np.abs(along) - 0.11, 0, None) ** 2 / 0.02**2 < 1
            out[finger] = HAND * (1 - 0.25 * ((across[finger] / 0.024) ** 2)[:, None]).astype(np.float32)
        palm = ((x - 0.68) / 0.075) ** 2 + ((y - 0.68) / 0.14) ** 2 < 1
        out[palm] = HAND * 0.93
        return out

    return change


_FIELDS = ("psi", "jaw", "neck", "eyes", "root_rotation", "root_translation", "au45")
