"""Small clips whose frames carry their own number as bars of black and white."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

BITS = 10


def numbered(index: int, height: int = 32, width: int = 80) -> NDArray[np.uint8]:
    """A picture [height, width, 3] that says `index` in ten bars, most significant to the left, upper half only."""
    picture = np.full((height, width, 3), 128, np.uint8)
    for bit in range(BITS):
        on = index >> (BITS - 1 - bit) & 1
        picture[: height // 2, bit * width // BITS : (bit + 1) * width // BITS] = 235 if on else 20
    return picture


def number_of(picture: NDArray[np.uint8]) -> int:
    """The index `numbered` put in, after any compression."""
    height, width = picture.shape[:2]
    centres = [(2 * bit + 1) * width // (2 * BITS) for bit in range(BITS)]
    return sum(int(picture[height // 4, x, 1] > 128) << (BITS - 1 - bit) for bit, x in enumerate(centres))


@pytest.fixture(scope="session")
def make_clip() -> Callable[..., Path]:
    """Writes a clip with given presentation times (ticks of `time_base`), by PyAV alone: not by the code under test."""

    def make(
        path: Path,
        ticks: Sequence[int],
        time_base: Fraction,
        *,
        size: tuple[int, int] = (32, 80),
        rate: Fraction = Fraction(25),
        options: dict[str, str] | None = None,
        matrix: Sequence[int] | None = None,
        muxer: dict[str, str] | None = None,
    ) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        with av.open(str(path), "w", options=muxer or {}) as container:
            stream = container.add_stream("libx264", rate=rate, options=options or {"crf": "20", "preset": "ultrafast"})
            stream.height, stream.width = size
            stream.pix_fmt = "yuv420p"
            stream.codec_context.time_base = time_base
            if matrix is not None:
                stream.set_display_matrix(list(matrix))
            for index, tick in enumerate(ticks):
                frame = av.VideoFrame.from_ndarray(numbered(index, *size), format="rgb24").reformat(format="yuv420p")
                frame.pts, frame.time_base = tick, time_base
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return make


@pytest.fixture(scope="session")
def number() -> Callable[[NDArray[np.uint8]], int]:
    """`number_of`, for tests."""
    return number_of


@pytest.fixture(scope="session")
def picture() -> Callable[..., NDArray[np.uint8]]:
    """`numbered`, for tests."""
    return numbered
