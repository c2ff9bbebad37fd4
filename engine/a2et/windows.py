"""Speech networks see a few seconds at a time; this spreads such windows over sound of any length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

F32 = NDArray[np.float32]

SAMPLE_RATE = 16000
SUBFRAMES = 2
"""Speech features per frame: 50 Hz for 25 frames a second."""
FEATURE_RATE = 50
SAMPLES_PER_FEATURE = SAMPLE_RATE // FEATURE_RATE


def feature_count(samples: int) -> int:
    """Number of 50 Hz frames that cover `samples` samples at 16 kHz."""
    return -(-samples // SAMPLES_PER_FEATURE)


def window_starts(frames: int, window: int, overlap: int) -> list[int]:
    """First frames of windows of `window` frames that cover `frames` frames, neighbours sharing at least `overlap`.

    All windows are full (the last one is moved back to the end), so that every frame is heard with the same amount of
    context whatever the length of the sound; sound shorter than a window is one short window.
    """
    if frames <= window:
        return [0]
    hop = window - overlap
    starts = list(range(0, frames - window, hop))
    return [*starts, frames - window]


def blend_windows(
    encode: Callable[[int, int], F32], frames: int, width: int, *, window: int = 500, overlap: int = 100
) -> F32:
    """Run `encode(start, stop)` over overlapping windows and cross-fade the results.

    Working memory does not grow with `frames`; only the result does.

    Args:
        encode: gives the features [stop - start, width] of the frames start..stop - 1.
        frames: number of frames of the whole sound.
        width: features per frame.
        window: frames seen at once (500 = 10 s).
        overlap: frames shared by neighbours, over which they are cross-faded.

    Returns:
        [frames, width].
    """
    total = np.zeros((frames, width), np.float32)
    if not frames:
        return total
    weight = np.zeros((frames, 1), np.float32)
    for start in window_starts(frames, window, overlap):
        stop = min(start + window, frames)
        ramp = np.ones((stop - start, 1), np.float32)
        edge = (np.arange(overlap, dtype=np.float32)[:, None] + 1) / (overlap + 1)
        if start > 0:
            ramp[:overlap] = edge
        if stop < frames:
            ramp[-overlap:] = edge[::-1]
        total[start:stop] += encode(start, stop) * ramp
        weight[start:stop] += ramp
    return np.asarray(total / np.maximum(weight, 1e-6), np.float32)


def slice_padded(audio: F32, start: int, stop: int) -> F32:
    """Samples start..stop - 1 of `audio`, silence where it has none."""
    inner = audio[max(start, 0) : max(min(stop, len(audio)), 0)]
    before = min(max(-start, 0), stop - start)
    return np.pad(inner, (before, stop - start - before - len(inner))).astype(np.float32)


def sample_frames(values: F32, rate: float, times: NDArray[np.floating[Any]]) -> F32:
    """Values of a track at any times, linearly interpolated, held at both ends.

    Args:
        values: [n, ...] at `rate` frames a second, value i standing for the middle of frame i.
        rate: frames per second.
        times: seconds [m].

    Returns:
        [m, ...].
    """
    position = np.clip(times * rate - 0.5, 0, len(values) - 1)
    low = np.floor(position).astype(np.int64)
    high = np.minimum(low + 1, len(values) - 1)
    share = (position - low).astype(np.float32).reshape(-1, *([1] * (values.ndim - 1)))
    return np.asarray(values[low] * (1 - share) + values[high] * share, np.float32)


def as_tensor(array: NDArray[Any]) -> torch.Tensor:
    """A copy of an array as a tensor of torch's own.

    Its memory is aligned as torch likes it: on numpy's addresses vector kernels split sums differently from run to run,
    and a resumed training would differ in the last bit.
    """
    return torch.from_numpy(np.ascontiguousarray(array)).clone()


def frame_features(values: F32, fps: float, first: float, count: int) -> F32:
    """50 Hz values [n, ...] for frames [count, 2, ...]; `first` is the (fractional) number of the first frame."""
    times = (first + (np.arange(count * SUBFRAMES) + 0.5) / SUBFRAMES) / fps
    return sample_frames(values, FEATURE_RATE, times).reshape(count, SUBFRAMES, *values.shape[1:])
