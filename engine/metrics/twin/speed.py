"""How fast a twin plays on this computer."""

from __future__ import annotations

import itertools
import os
import platform
import statistics
import time
from typing import Any

import psutil

from emotalker.engine.avatar import Avatar, Heard
from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.engine.metrics.landmarks import NORMAL_SIDE
from emotalker.engine.render.video import background_of, render_frames

WARM, FRAMES = 5, 75


def judge_speed(avatar: Avatar, heard: Heard, emotion: str = "happy", level: float = 2.0) -> dict[str, Any]:
    """Frames per second of the full playback path at 512x512: expression, deformation, skinning and rasterization.

    What the speech encoder hears is cached, as in playback. A frame takes its share of the time for all expressions,
    which are worked out in one go, and the median time between drawn frames.

    Args:
        avatar: the twin.
        heard: what it says.
        emotion: worn meanwhile.
        level: of the emotion.
    """
    count = min(FRAMES + WARM, max(int(heard.seconds * avatar.fps), 2 * WARM))
    curve = EmotionCurve.constant(emotion, level)
    avatar.controls_from_speech(heard, curve, n_frames=count, seed=0)  # whatever is made once is made now
    began = time.perf_counter()
    controls = avatar.controls_from_speech(heard, curve, n_frames=count, seed=0)
    expression = (time.perf_counter() - began) / count
    plate = background_of("plate", avatar.plate, NORMAL_SIDE)
    at = [time.perf_counter() for _ in render_frames(avatar, controls, avatar.orbit(NORMAL_SIDE), plate)]
    between = statistics.median(b - a for a, b in itertools.pairwise(at[WARM:]))
    return {
        "fps": 1 / (expression + between),
        "size": NORMAL_SIDE,
        "gaussians": len(avatar.shapes),
        "cores": _cores(),
        "machine": platform.machine(),
        "deformation": avatar.emotive is not None,
    }


def _cores() -> int:
    """Cores this process may use."""
    try:
        return len(psutil.Process().cpu_affinity() or []) or (os.cpu_count() or 1)
    except (AttributeError, psutil.Error):  # not every system can tell
        return os.cpu_count() or 1
