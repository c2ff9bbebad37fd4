"""What the values are called that stages measure, and which of them belong on a loss plot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["loss", "figure"]


@dataclass(frozen=True)
class Term:
    """A measured value.

    Attributes:
        name: as stages call it.
        title: as a person reads it.
        tip: what it means.
        kind: "loss" is drawn with the losses; "figure" has a unit of its own and is shown as a card.
        unit: behind the figure; may be empty.
        higher_is_better: for likeness.
    """

    name: str
    title: str
    tip: str
    kind: Kind = "loss"
    unit: str = ""
    higher_is_better: bool = False


_TERMS = (
    Term("loss", "Total loss", "Everything the training tries to make small, added up"),
    Term("l1", "Colour (L1)", "Mean difference of colours between the recording and the twin"),
    Term("dssim", "Structure (D-SSIM)", "How much edges and textures differ from the recording"),
    Term("matte", "Outline", "How much the outline of the head differs from the recording"),
    Term("vgg", "Detail (perceptual)", "How different the faces look to a network trained on pictures"),
    Term("perceptual", "Detail (perceptual)", "How different the faces look to a network trained on pictures"),
    Term("flame", "Expression", "How far the expression is from the tracked one"),
    Term("order", "Order of levels", "Grows when a stronger level does not show a stronger emotion"),
    Term(
        "psnr", "Likeness", "Peak signal-to-noise ratio of a training frame: higher is more alike", "figure", "dB", True
    ),
    Term("gaussians", "Gaussians", "How many Gaussians the twin is made of", "figure"),
    Term("error_mm", "Lip error", "How far points of the face are from the tracked ones, on average", "figure", "mm"),
    Term(
        "reprojection", "Tracking error", "How far the fitted head is from the points seen, on average", "figure", "px"
    ),
    Term("frames", "Frames", "How many frames of the clip were used", "figure"),
    Term(
        "trust", "Trust in the voice", "How much of the predicted motion proved right on what was kept back", "figure"
    ),
)
_BY_NAME = {term.name: term for term in _TERMS}
ORDER = tuple(_BY_NAME)


def term(name: str) -> Term:
    """What is known about the value called `name`; an unknown one counts as a loss under its own name."""
    return _BY_NAME.get(name) or Term(name, name.replace("_", " ").capitalize(), f"The value '{name}' of this stage")


def rank(name: str) -> int:
    """Where a value stands in lists: known ones first, in a fixed order."""
    return ORDER.index(name) if name in _BY_NAME else len(ORDER)
