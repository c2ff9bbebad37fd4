"""What one camera cannot see and the fit must not invent: where in depth a Gaussian lies and how long it is."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from emotalker.engine.gaussians.blendshapes import TEETH_LOWER, TEETH_UPPER, GaussianBlendshapes
from emotalker.engine.training.config import Stage1Config
from emotalker.engine.training.loss.prior_kernel import priors

LONGEST = 2.0
"""A Gaussian may be this many times as wide as its neighbours were apart when it was sampled."""


def homes_of(shapes: GaussianBlendshapes) -> Tensor:
    """What freshly sampled Gaussians were given [N, 7]: position (metres), log-spacing (log metres) and colour (SH)."""
    base = shapes.base
    return torch.cat([base.means, base.log_scales.amax(1, keepdim=True), base.sh[:, 0]], 1).detach().clone()


def pulls_of(shapes: GaussianBlendshapes, config: Stage1Config) -> Tensor:
    """Weight of each Gaussian's pull to its home, per square millimetre [N]: teeth are held tighter than skin."""
    layer = torch.from_numpy(shapes.layer.astype("int64"))
    teeth = (layer == TEETH_UPPER) | (layer == TEETH_LOWER)
    return torch.where(teeth, config.weight_teeth, config.weight_home)


def prior_loss(shapes: GaussianBlendshapes, homes: Tensor, pulls: Tensor, config: Stage1Config) -> Tensor:
    """Penalty on Gaussians that left their surface, on those much longer than their spacing and on new colours.

    A picture says nothing about depth, so noise alone moves Gaussians along the view, which frays the head as soon as
    the camera leaves its place. The same noise colours what is hardly seen; where a Gaussian covers a tenth of a pixel
    or more, the picture outweighs this.

    Args:
        shapes: N Gaussians.
        homes: of `homes_of` [N, 7].
        pulls: of `pulls_of` [N].
        config: the weights.
    """
    if shapes.base.means.device.type == "cpu":
        fields = (shapes.base.means, shapes.base.log_scales, shapes.base.sh)
        return priors(*fields, homes, pulls, math.log(LONGEST), config.weight_scale, config.weight_colour)
    away = (shapes.base.means - homes[:, :3]) * 1000
    excess = torch.relu(shapes.base.log_scales - (homes[:, 3:4] + math.log(LONGEST)))
    tint = shapes.base.sh[:, 0] - homes[:, 4:]
    shape = ((away * away).sum(1) * pulls).mean() + config.weight_scale * (excess * excess).sum(1).mean()
    return shape + config.weight_colour * (tint * tint).sum(1).mean()
