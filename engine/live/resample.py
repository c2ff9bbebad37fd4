"""Sound of any rate to 16 kHz, bit by bit."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.a2et.windows import SAMPLE_RATE

F32 = NDArray[np.float32]
QUALITY = "LQ"
"""Of soxr's streams: 20 ms behind at 48 kHz where better ones are 36 ms; speech networks do not hear the difference."""


class Resampler:
    """Sound that comes at one rate, as it leaves at 16 kHz.

    Args:
        rate: Hz.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._stream: Any = None
        self._taken = self._given = 0
        if rate != SAMPLE_RATE:
            import soxr

            self._stream = soxr.ResampleStream(rate, SAMPLE_RATE, 1, dtype="float32", quality=QUALITY)

    def feed(self, sound: F32) -> F32:
        """What leaves [m] when the next sound [n], mono, comes."""
        out = sound if self._stream is None else np.asarray(self._stream.resample_chunk(sound), np.float32)
        self._taken += len(sound)
        self._given += len(out)
        return out

    @property
    def lag(self) -> float:
        """Seconds of sound that have come and not left."""
        return max(self._taken / self.rate - self._given / SAMPLE_RATE, 0.0)
