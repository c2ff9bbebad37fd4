"""What emotions look like on anybody: offsets for feelings a person never recorded.

The faces are published facts about which facial action units (FACS) people show in an emotion:

- the prototypes of the FACS Investigator's Guide and EMFACS (Ekman and Friesen 1978; Ekman, Friesen and Hager 2002),
  the only source of the two that knows contempt;
- which share of 230 people showed each unit (Du, Tao and Martinez, "Compound facial expressions of emotion", PNAS 2014,
  table 1; units shown by more than 70 % of them carry no figure there and count as 1).

A unit's weight is the mean of both. Nothing here is measured on the person or learned from pictures: it is where the
fit of a person's own offsets starts (`engine.a2et`), and clips pull it to that person's amplitude and manner. Head
position belongs to no prototype; the lowered head of sadness is a decision of this program.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import torch
from torch import Tensor

from emotalker.engine.emotion.labels import EMOTIONS

POSE = 6
"""Jaw and neck axis-angle, radians."""
STRENGTH = 0.8
"""Coefficient of a unit everybody shows, at level 3: intensity D ("severe") on FACS' scale from A to E."""
JAW_DROP = 0.12
"""Radians of a full jaw drop (unit 26) on top of speech."""
REPLACED = 0.7
"""Share of what a neutral face wears that gives way to a published face at level 3."""
HEAD_DOWN = 0.08
"""Radians a sad head hangs at level 3."""
BROWS_TOGETHER = 0.6
"""Share of the brow lowerer (unit 4) that the inner brow raiser (unit 1) undoes: together they draw the brows in."""

NOTHING = 0.05
"""Coefficients below this show nothing."""

FACS: Mapping[str, Mapping[int, float]] = MappingProxyType(
    {
        "happy": {6: 1, 12: 1},
        "sad": {1: 1, 4: 1, 15: 1},
        "angry": {4: 1, 5: 1, 7: 1, 23: 1},
        "fear": {1: 1, 2: 1, 4: 1, 5: 1, 7: 1, 20: 1, 26: 1},
        "disgusted": {9: 1, 15: 1, 16: 1},
        "contempt": {12: 0.5, 14: 1},
        "surprised": {1: 1, 2: 1, 5: 1, 26: 1},
    }
)
"""Units of the prototypes; contempt's are on one side of the face only, and its smile is slight."""
PEOPLE: Mapping[str, Mapping[int, float]] = MappingProxyType(
    {
        "happy": {12: 1, 25: 1, 6: 0.51},
        "sad": {4: 1, 15: 1, 1: 0.60, 6: 0.50, 11: 0.26, 17: 0.67},
        "angry": {4: 1, 7: 1, 24: 1, 10: 0.26, 17: 0.52, 23: 0.29},
        "fear": {1: 1, 4: 1, 20: 1, 25: 1, 2: 0.57, 5: 0.63, 26: 0.33},
        "disgusted": {9: 1, 10: 1, 17: 1, 4: 0.31, 24: 0.26},
        "surprised": {1: 1, 2: 1, 25: 1, 26: 1, 5: 0.66},
    }
)
"""Share of people who showed a unit."""
ONE_SIDED = "Right"
"""Side of contempt, as the FACS guide writes it."""
SHAPES: Mapping[int, Mapping[str, float]] = MappingProxyType(
    {
        1: {"browInnerUp": 1.0},
        2: {"browOuterUp": 1.0},
        4: {"browDown": 1.0},
        5: {"eyeWide": 1.0},
        6: {"cheekSquint": 1.0, "eyeSquint": 0.3},
        7: {"eyeSquint": 1.0},
        9: {"noseSneer": 1.0},
        10: {"mouthUpperUp": 1.0},
        12: {"mouthSmile": 1.0},
        14: {"mouthDimple": 1.0},
        15: {"mouthFrown": 1.0},
        16: {"mouthLowerDown": 1.0},
        17: {"mouthShrugLower": 1.0},
        20: {"mouthStretch": 1.0},
        23: {"mouthPress": 0.4, "mouthRollLower": 0.2, "mouthRollUpper": 0.2},
        24: {"mouthPress": 0.6},
        25: {"mouthLowerDown": 0.3, "mouthUpperUp": 0.3},
    }
)
"""Expression shapes of a unit at full strength; a name without a side means both. Units that press the lips together
are given less than their all, for a face that talks. Unit 11 (nasolabial furrow) has no shape of its own, 26 is the
jaw's."""


def prior_offsets(names: Sequence[str]) -> Tensor:
    """Person-independent offsets of the eight emotions at level 3 from a neutral face.

    Args:
        names: K expression names of the head, as `HeadModel.expression_names`; what a head lacks is left out.

    Returns:
        [8, K + 6] in the order of `EMOTIONS`: coefficients in [0, 1], then jaw and neck axis-angle in radians. The row
        of neutral is 0.
    """
    out = torch.zeros(len(EMOTIONS), len(names) + POSE)
    for row, emotion in enumerate(EMOTIONS):
        units = action_units(emotion)
        for unit, weight in units.items():
            for name, share in SHAPES.get(unit, {}).items():
                for column in _columns(name, names, one_sided=emotion == "contempt"):
                    out[row, column] += STRENGTH * weight * share
        out[row, : len(names)].clamp_(0, 1)
        out[row, len(names)] = STRENGTH * JAW_DROP * units.get(26, 0.0)
    out[EMOTIONS.index("sad"), len(names) + 3] = HEAD_DOWN
    return out


def unseen_offsets(neutral: Tensor, shown: Tensor, names: Sequence[str]) -> Tensor:
    """Offsets, as `prior_offsets` gives them, of feelings that a person with this neutral face never showed.

    The published face takes the place of what the neutral face wears: anger over raised brows would be no anger.

    Args:
        neutral: coefficients of the person's neutral face, then jaw and neck [K + 6].
        shown: share of each coefficient that shows feelings and does not articulate [K].
        names: K expression names of the head.
    """
    out, k = prior_offsets(names), len(names)
    worn = (neutral[:k] - out[:, :k]).clamp_min(0) * shown
    out[:, :k] -= REPLACED * worn
    out[EMOTIONS.index("neutral")] = 0
    return out


def with_prior(offsets: Tensor, recorded: Iterable[str], names: Sequence[str]) -> Tensor:
    """Offsets in which emotions that were never recorded, and of which nothing is known, are the published ones.

    For twins trained before the fit of the offsets started from the prior: theirs are zero there.

    Args:
        offsets: at level 3 [8, K + 6], as `prior_offsets` gives them.
        recorded: names of the emotions of the training clips.
        names: K expression names of the head.
    """
    have = set(recorded)
    out, prior = offsets.clone(), prior_offsets(names).to(offsets)
    for row, emotion in enumerate(EMOTIONS):
        if emotion not in have and float(out[row, : len(names)].abs().max()) < NOTHING:
            out[row] = prior[row]
    return out


def action_units(emotion: str) -> dict[int, float]:
    """FACS units of one of `EMOTIONS` and how much of each belongs to it, in [0, 1]; neutral has none."""
    guide, people = FACS.get(emotion, {}), PEOPLE.get(emotion)
    if people is None:
        units = dict(guide)
    else:
        units = {u: (guide.get(u, 0.0) + people.get(u, 0.0)) / 2 for u in sorted({*guide, *people})}
    if 1 in units and 4 in units:
        units[4] *= 1 - BROWS_TOGETHER * units[1]
    return units


def _columns(name: str, names: Sequence[str], one_sided: bool) -> list[int]:
    """Where a shape's coefficients lie: itself, or its two sides, or the one that contempt shows."""
    sides = (name + ONE_SIDED,) if one_sided else (name, name + "Left", name + "Right")
    return [names.index(side) for side in sides if side in names]
