"""Frames per second of playing a twin with 20 000 Gaussians at 512x512, from controls to pictures.

Whole means emotion network, expression, skinning and picture of every frame; beside it stand the twin without its
emotion network, the work before a pixel is touched, and the renderer alone with Gaussians that only drift.
"""

from __future__ import annotations

import itertools
import statistics
import time
from dataclasses import replace

import numpy as np

from emotalker.engine.a2et.windows import FEATURE_RATE
from emotalker.engine.avatar import Avatar, Controls, Heard
from emotalker.engine.bench.scene import COUNT, KEY, SIZE, head_blob
from emotalker.engine.bench.timing import median_ms
from emotalker.engine.bench.twin import SPEECH_WIDTH, sample_twin, shown, with_emotion
from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.engine.gaussians.cpu import PlaybackRenderer
from emotalker.engine.gaussians.cpu.playback import arrays_of
from emotalker.engine.render.video import render_frames

SECONDS = 3.0
WARM = 5


def measure() -> dict[str, float]:
    """Frames per second from median times between frames, and milliseconds of posing one frame."""
    twin = sample_twin(int(COUNT * 1.05), SIZE)
    twin = with_emotion(replace(twin, shapes=shown(twin.shapes, COUNT)))
    controls = twin.controls_from_speech(_babble(SECONDS), EmotionCurve.constant("happy", 2.0))
    order = itertools.cycle(range(len(controls)))
    return {
        f"playback.{KEY}.fps": 1000 / _frame_ms(twin, controls),
        f"playback.{KEY}.without_egd_fps": 1000 / _frame_ms(replace(twin, emotive=None), controls),
        f"playback.{KEY}.pose_ms": median_ms(lambda: twin.arrays(controls.frame(next(order))), 60),
        f"playback.{KEY}.render_fps": 1000 / _render_ms(),
    }


def _frame_ms(twin: Avatar, controls: Controls) -> float:
    """Median milliseconds between the frames of a film over the twin's plate."""
    at = [time.perf_counter() for _ in render_frames(twin, controls, twin.orbit(SIZE), twin.plate)]
    return 1000 * statistics.median(b - a for a, b in itertools.pairwise(at[WARM:]))


def _render_ms() -> float:
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
