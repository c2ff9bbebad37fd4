"""How much time to spend: the settings of every stage, by name."""

from __future__ import annotations

from dataclasses import dataclass

from emotalker.engine.a2et.config import ExpressConfig
from emotalker.engine.emotion.deformation import DeformationConfig
from emotalker.engine.errors import UserError
from emotalker.engine.refining.config import RefineConfig
from emotalker.engine.tracking.stage import TrackConfig
from emotalker.engine.training.config import Stage1Config, Stage2Config


@dataclass(frozen=True)
class Preset:
    """Settings of the four training stages."""

    track: TrackConfig
    fit: Stage1Config
    express: ExpressConfig
    emote: Stage2Config


_PRESETS = {
    # for the demo and tests: everything real, nothing good
    "tiny": Preset(
        TrackConfig(size=256),
        Stage1Config(steps=700, count=5000, most=6000, size=192, preview_every=350),
        ExpressConfig(steps=60, batch=8, frames=48),
        Stage2Config(
            steps=150,
            size=192,
            vgg_crop=96,
            vgg_every=10,
            preview_every=75,
            deformation=DeformationConfig(n_anchors=800),
        ),
    ),
    "draft": Preset(
        TrackConfig(),
        Stage1Config(refine=RefineConfig(2)),
        ExpressConfig(),
        Stage2Config(),
    ),
    "standard": Preset(
        TrackConfig(),
        Stage1Config(steps=14_000, count=20_000, most=24_000, size=512, refine=RefineConfig(3)),
        ExpressConfig(steps=800),
        Stage2Config(steps=3000, batch=2, size=512),
    ),
    "best": Preset(
        TrackConfig(),
        Stage1Config(
            steps=36_000, count=50_000, most=65_000, more_on_cuda=2.0, size=512, refine=RefineConfig(4, size=384)
        ),
        ExpressConfig(steps=1200),
        Stage2Config(steps=5000, batch=4, size=512),
    ),
}
NAMES = tuple(_PRESETS)


def preset(name: str) -> Preset:
    """The preset of that name.

    Raises:
        UserError: if there is none.
    """
    if name not in _PRESETS:
        raise UserError(f"There is no preset '{name}'.", f"There are: {', '.join(NAMES)}.", "Choose one of these.")
    return _PRESETS[name]
