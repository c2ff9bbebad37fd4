"""Trivial predictors that a twin must beat: the mean training frame, and the nearest one as an oracle would pick it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.media import FrameStore

U8 = NDArray[np.uint8]
FrameKey = tuple[Path, int]
"""A store and the number of a frame in it."""

# Frames held as float32 at a time: 25 MB of training and 50 MB of held-out frames at 256x256.
TRAIN_CHUNK = 32
HELD_CHUNK = 64


def mean_frame(stores: Sequence[Path], size: int, every: int = 1) -> U8:
    """Mean of the frames of some stores at `size` pixels, streamed; u8 [size, size, 3].

    Raises:
        ValueError: if there is no frame.
    """
    total = np.zeros((size, size, 3), np.float64)
    count = 0
    for _key, frame in frames_of(stores, size, every):
        total += frame
        count += 1
    if count == 0:
        raise ValueError("no frames to average")
    return np.rint(total / count).astype(np.uint8)


def frames_of(stores: Sequence[Path], size: int, every: int = 1) -> Iterator[tuple[FrameKey, U8]]:
    """Every `every`-th frame of some stores, one at a time, with its key."""
    for path in stores:
        with FrameStore(path) as store:
            for index in range(0, len(store), every):
                yield (path, index), store.read(index, size)[0]


def nearest_frames(
    held: U8, candidates: Iterator[tuple[FrameKey, U8]], stopping: Callable[[], bool] = lambda: False
) -> list[FrameKey | None]:
    """For each held-out frame the candidate with the highest PSNR, found by looking at the answer.

    Squared distances come from one matrix product for each chunk of candidates, around the mean held-out frame so that
    float32 suffices; with 1 000 candidates and 200 frames at 256x256 this takes seconds.

    Args:
        held: recorded held-out frames, u8 [T, H, W, 3].
        candidates: training frames with their keys.
        stopping: asked between chunks; the search ends early when it answers True.

    Returns:
        A key for each held-out frame; None where there was no candidate.
    """
    centre = held.mean(axis=0, dtype=np.float64).astype(np.float32).reshape(-1)
    best = np.full(len(held), np.inf)
    keys: list[FrameKey | None] = [None] * len(held)
    chunk: list[tuple[FrameKey, U8]] = []

    def compare() -> None:
        theirs = np.stack([frame for _key, frame in chunk]).reshape(len(chunk), -1).astype(np.float32) - centre
        theirs_squared = np.einsum("nd,nd->n", theirs, theirs)
        for start in range(0, len(held), HELD_CHUNK):
            ours = held[start : start + HELD_CHUNK].reshape(-1, centre.size).astype(np.float32) - centre
            distance = np.einsum("nd,nd->n", ours, ours)[:, None] + theirs_squared - 2 * ours @ theirs.T
            for row, candidate in enumerate(distance.argmin(1)):
                if distance[row, candidate] < best[start + row]:
                    best[start + row] = distance[row, candidate]
                    keys[start + row] = chunk[candidate][0]
        chunk.clear()

    for item in candidates:
        chunk.append(item)
        if len(chunk) == TRAIN_CHUNK:
            if stopping():
                return keys
            compare()
    if chunk:
        compare()
    return keys
