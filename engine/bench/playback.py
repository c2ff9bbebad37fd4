"""Frames per second of playing a twin with 20 000 Gaussians at 512x512: expression, skinning and picture of each frame.

The renderer alone, with Gaussians that only drift, is measured beside it.
"""

from __future__ import annotations

import itertools

import numpy as np

from emotalker.engine.a2et.windows import FEATURE_RATE
from emotalker.engine.avatar import Avatar, Heard
from emotalker.engine.bench.scene import COUNT, KEY, SIZE, head_blob
from emotalker.engine.bench.timing import median_ms
from emotalker.engine.bench.twin import SPEECH_WIDTH, sample_twin, shown
from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.engine.gaussians.cpu import PlaybackRenderer
from emotalker.engine.gaussians.cpu.playback import arrays_of

SECONDS = 2.0


def measure() -> dict[str, float]:
    """Frames per second of the whole way from controls to picture and of rendering alone, from median times."""
    twin_ms, pose_ms = _twin()
    return {
        f"playback.{KEY}.fps": 1000 / twin_ms,
        f"playback.{KEY}.pose_ms": pose_ms,
        f"playback.{KEY}.render_fps": 1000 / _render(),
    }


def _twin() -> tuple[float, float]:
    """Milliseconds of a frame of a twin over its plate, and of its Gaussians alone."""
    avatar = sample_twin(int(COUNT * 1.05), SIZE)
    avatar.shapes = shown(avatar.shapes, COUNT)
    controls = avatar.controls_from_speech(_babble(SECONDS), EmotionCurve.constant("happy", 2.0))
    order = itertools.cycle(range(len(controls)))
    camera, renderer = avatar.orbit(SIZE), PlaybackRenderer()
    image = np.empty((SIZE, SIZE, 3), np.uint8)

    def frame(twin: Avatar) -> None:
        renderer.render(twin.arrays(controls.frame(next(order))), camera, twin.plate, image)

    whole = median_ms(lambda: frame(avatar), 60)
    return whole, median_ms(lambda: avatar.arrays(controls.frame(next(order))), 60)


def _render() -> float:
    gaussians, camera = head_blob()
    arrays = arrays_of(gaussians)
    frames = [arrays._replace(means=arrays.means + np.float32(0.0005 * i)) for i in range(8)]
    plate = np.full((camera.height, camera.width, 3), 96, np.uint8)
    renderer, image, order = PlaybackRenderer(), np.empty_like(plate), itertools.cycle(frames)
    return median_ms(lambda: renderer.render(next(order), camera, plate, image), 60)


def _babble(seconds: float) -> Heard:
    """Features of nobody's speech: the speed does not depend on what is said."""
    count = int(seconds * FEATURE_RATE)
    features = np.random.default_rng(0).standard_normal((count, SPEECH_WIDTH)).astype(np.float32)
    return Heard(features, np.ones(count, np.float32), seconds)
