"""Collecting figures frame by frame, and the pictures that go with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from emotalker.engine.files import explain_os_error, write_bytes

U8 = NDArray[np.uint8]


class Scores:
    """Figures of one or many clips: group ("tracked") -> metric ("psnr") -> one value for each frame."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))

    def add(self, group: str, **figures: float) -> None:
        """Append one value to each named metric."""
        for metric, value in figures.items():
            self._values[group][metric].append(float(value))

    def extend(self, other: Scores) -> None:
        """Append all values of another collection; means are then over frames, not over clips."""
        for group, metrics in other._values.items():
            for metric, values in metrics.items():
                self._values[group][metric].extend(values)

    def values(self) -> dict[str, dict[str, list[float]]]:
        """All values, as plain data; `of` reads them."""
        return {group: {metric: list(v) for metric, v in metrics.items()} for group, metrics in self._values.items()}

    @staticmethod
    def of(values: Mapping[str, Mapping[str, list[float]]]) -> Scores:
        """The collection whose `values` these were."""
        scores = Scores()
        for group, metrics in values.items():
            for metric, numbers in metrics.items():
                scores._values[group][metric].extend(numbers)
        return scores

    def means(self) -> dict[str, dict[str, float]]:
        """Group -> metric -> mean."""
        return {
            group: {metric: float(np.mean(values)) for metric, values in metrics.items()}
            for group, metrics in self._values.items()
        }


def write_tiles(path: Path, rows: Iterable[Iterable[U8]]) -> None:
    """Write pictures u8 [S, S, 3] side by side as one PNG, one row of pictures below the other; atomic.

    Raises:
        UserError: if the file cannot be written.
    """
    sheet = np.concatenate([np.concatenate(list(row), axis=1) for row in rows], axis=0)
    done, data = cv2.imencode(".png", cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
    if not done:
        raise explain_os_error(OSError("the picture could not be encoded"), path)
    write_bytes(path, data.tobytes())
