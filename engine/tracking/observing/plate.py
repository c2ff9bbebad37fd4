"""The background of a clip without the person."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from emotalker.engine.files import write_bytes
from emotalker.engine.media import FrameStore

U8 = NDArray[np.uint8]
SAMPLES = 40
CLEAR = 13  # of 255: a pixel this little covered is background
MARGIN = 5  # pixels that a matte may be too narrow
FEWEST = 2


def background_plate(store: FrameStore, usable: NDArray[np.bool_] | None = None) -> U8:
    """Median of the pixels that show background, u8 [S, S, 3]; what is never seen is filled from around it.

    Looks at up to `SAMPLES` frames spread over the clip, or over its `usable` ones [T] (those of one shot).
    """
    known_frames = np.arange(len(store)) if usable is None else np.nonzero(usable)[0]
    places = np.linspace(0, len(known_frames) - 1, min(SAMPLES, len(known_frames))).round().astype(int)
    frames = known_frames[np.unique(places)]
    kernel = np.ones((2 * MARGIN + 1, 2 * MARGIN + 1), np.uint8)
    pictures, hidden = [], []
    for i in frames:
        rgb, matte = store.read(int(i))
        pictures.append(rgb)
        hidden.append(cv2.dilate(matte, kernel) > CLEAR)
    stack, covered = np.stack(pictures), np.stack(hidden)
    seen = (~covered).sum(0)
    median = np.empty(stack.shape[1:], np.float32)
    for row in range(len(median)):  # row by row: all at once would need wider copies of everything
        values = np.where(covered[:, row, :, None], 256, stack[:, row].astype(np.int16))
        values.sort(axis=0)  # what is covered sinks to the end
        middle = np.maximum(seen[row] - 1, 0) // 2
        median[row] = np.take_along_axis(values, middle[None, :, None], 0)[0]
    known = seen >= min(FEWEST, len(frames))
    return np.clip(_filled(median, known) + 0.5, 0, 255).astype(np.uint8)


def write_plate(path: Path, plate: U8) -> None:
    """Save as .png, atomically."""
    done, data = cv2.imencode(".png", cv2.cvtColor(plate, cv2.COLOR_RGB2BGR))
    if not done:
        raise ValueError(f"a plate of shape {plate.shape} cannot be coded")
    write_bytes(path, data.tobytes())


def _filled(picture: NDArray[np.float32], known: NDArray[np.bool_]) -> NDArray[np.float32]:
    """`picture` with its unknown pixels drawn in smoothly from the known ones (push and pull over a pyramid)."""
    if not known.any():
        return np.full_like(picture, 127.0)
    levels: list[tuple[NDArray[np.floating], NDArray[np.floating]]] = [
        (picture * known[..., None], known.astype(np.float32))
    ]
    while min(levels[-1][1].shape) > 1:
        values, weights = levels[-1]
        size = (max(values.shape[1] // 2, 1), max(values.shape[0] // 2, 1))
        levels.append((
            np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32).reshape(size[1], size[0], 3),
            np.asarray(cv2.resize(weights, size, interpolation=cv2.INTER_AREA), np.float32).reshape(size[1], size[0]),
        ))  # fmt: skip
    out = levels[-1][0] / np.maximum(levels[-1][1], 1e-6)[..., None]
    for values, weights in reversed(levels[:-1]):
        size = (values.shape[1], values.shape[0])
        wide = cv2.resize(out, size, interpolation=cv2.INTER_LINEAR).reshape(values.shape)
        share = np.minimum(weights, 1)[..., None]
        out = values / np.maximum(weights, 1e-6)[..., None] * share + wide * (1 - share)
    return np.asarray(out, np.float32)
