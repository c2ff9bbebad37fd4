"""Settings of refining tracks with the fitted twin."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class RefineConfig:
    """How tracks are refined.

    Attributes:
        iterations: how often every frame is drawn and moved; 0 leaves the tracks as they were.
        size: side of the pictures compared, pixels.
        weight: of the picture against landmarks and priors: of a squared colour difference of 1 in one pixel of a
            256-pixel picture.
        weight_detail: how much more a pixel of mouth and eyes counts.
    """

    iterations: int = 0
    size: int = 256
    weight: float = 10.0
    weight_detail: float = 2.0
