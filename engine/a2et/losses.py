"""What A2ET is trained against, in millimetres of the face."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from emotalker.engine.a2et.layers import usual_strength
from emotalker.engine.a2et.measure import NECK_RADIUS, Measure
from emotalker.engine.a2et.model import A2ET, Expression
from emotalker.engine.emotion.labels import EMOTIONS

JAW_RADIUS = 80.0
VELOCITY = 1.0
DRIFT = 0.3
"""Weight of the moving residual's mean and size: what is constant belongs to the offsets, what is shared to neutral."""
ORDER = 1.0
ORDER_STEP = 0.25
"""Millimetres by which the face must move further per level."""
RIDGE_FRAMES = 2_000.0
BEND = 0.05
OFFSET = 2e-3
OFFSET_FRAMES = 150.0
"""Frames of evidence that the published face of a feeling counts as. Leaving one clip of a real person out in turn,
means were foretold best with a hundred to four hundred."""
PARTED = 0.2
CLOSED = 0.5
"""Weights of the error of the gap between the lips, per millimetre: always, and besides where the lips are closed."""
CLOSURE = 2.0
"""Millimetres of gap over which lips stop counting as closed."""
AMPLITUDES = (0.3, 1.5)
"""How strongly a person may feel beside the published faces."""
AMPLITUDE_TRUST = 0.01
"""Evidence for a person who feels as strongly as the published faces, in shares of the data."""


@dataclass
class Batch:
    """B sequences of T frames; see `A2ET.forward` for the inputs.

    Attributes:
        psi: targets [B, T, K].
        pose: targets [B, T, 6].
        sure: weight of each frame [B, T].
        speaking: weight of the targets that only hold while the clip's own sound is heard [B, T].
        known: bool [B, 3], whether identity, emotion and level are told.
    """

    speech: Tensor
    voice: Tensor
    emotion: Tensor
    level: Tensor
    psi: Tensor
    pose: Tensor
    sure: Tensor
    speaking: Tensor
    valid: Tensor
    known: Tensor


def _mean(values: Tensor, weight: Tensor) -> Tensor:
    return (values * weight).sum() / weight.sum().clamp_min(1.0)


def fit_loss(out: Expression, batch: Batch, measure: Measure, shut: Tensor | float = 0.0) -> tuple[Tensor, Tensor]:
    """Distance from the tracked clip and, for reports, the mean error of the points around the mouth in mm.

    Args:
        out: what the model says.
        batch: what was asked and what is right.
        measure: of the head model.
        shut: how far the person's closed mouth parts the lips (`Measure.parted`).
    """
    psi, pose = out.psi_emo - batch.psi, out.pose_emo - batch.pose
    moved = measure.move(psi, pose[..., :3])
    points = F.smooth_l1_loss(moved, torch.zeros_like(moved), beta=0.3, reduction="none").sum(-1).mean(-1)
    # Outside the mouth, silence says nothing about the target.
    counted = torch.where(measure.mouth > 0, batch.sure[..., None], batch.speaking[..., None])
    coefficients = _mean(psi.abs() * measure.weights, counted)
    jaw = _mean(pose[..., :3].norm(dim=-1) * JAW_RADIUS, batch.sure)
    neck = _mean(pose[..., 3:].norm(dim=-1) * NECK_RADIUS, batch.speaking)
    both = batch.sure[:, 1:] * batch.sure[:, :-1]
    speed = moved[:, 1:] - moved[:, :-1]
    turning = (pose[:, 1:] - pose[:, :-1]).norm(dim=-1) * NECK_RADIUS
    velocity = _mean(speed.norm(dim=-1).mean(-1) + 0.3 * turning, both)
    # Lips that meet are seen at once when they do not, and are few among the frames: they count more.
    true_gap = measure.parted(batch.psi, batch.pose[..., :3]) - shut
    closed = torch.exp(-true_gap.clamp_min(0) / CLOSURE)
    parted = _mean(measure.parted(psi, pose[..., :3]).abs() * (PARTED + CLOSED * closed), batch.sure)
    error = _mean(moved.detach().norm(dim=-1).mean(-1), batch.sure)
    fit = _mean(points, batch.sure) + 0.5 * coefficients + 0.5 * jaw + 0.2 * neck
    return fit + parted + VELOCITY * velocity, error


def drift_loss(out: Expression, measure: Measure, valid: Tensor) -> Tensor:
    """Penalty on the mean and, weakly, the size of the residual's moving part, mm^2."""
    k = len(measure.weights)
    scale = torch.cat([measure.weights, torch.tensor([JAW_RADIUS] * 3 + [NECK_RADIUS] * 3) / 10])
    weighted = out.drift * scale * valid[..., None]
    mean = weighted.sum(1) / valid.sum(1, keepdim=True).clamp_min(1)
    return mean.square().sum(-1).mean() + 0.1 * weighted[..., :k].square().mean() * k / 10


def order_loss(low: Expression, high: Expression, step: Tensor, measure: Measure) -> Tensor:
    """Penalty when more level does not move the face further from neutral on the average.

    Args:
        low: the same speech and emotion at a lower level.
        high: at a higher level.
        step: difference of the levels [B].
        measure: what makes it millimetres.
    """

    def distance(out: Expression) -> Tensor:
        moved = measure.move(out.psi_emo - out.psi_neu, (out.pose_emo - out.pose_neu)[..., :3])
        return (moved.square().sum(-1) + 1e-6).sqrt().mean((1, 2))

    return F.relu(ORDER_STEP * step - (distance(high) - distance(low))).mean()


def shape_loss(model: A2ET, measure: Measure, expected: Tensor) -> Tensor:
    """Keeps levels evenly spaced, and offsets near what clips and prior say of them [8, K + 6]."""
    k = len(measure.weights)
    size = ((model.offsets - expected)[:, :k] * measure.weights).abs().sum(-1).mean()
    return BEND * (model.levels.bend() + 10 * model.strength.bend()) + OFFSET * size


def fit_linear(
    inputs: Tensor,
    targets: Tensor,
    weight: Tensor,
    doubt: Tensor | float = RIDGE_FRAMES,
    expected: Tensor | None = None,
) -> Tensor:
    """Ridge regression without a constant: [F, D] from inputs [n, F], targets [n, D] and weights [n].

    The penalty stands for a fixed amount of contrary evidence, so that it fades as clips are added. For components of
    the features, leaving one clip of a real person out in turn, strengths from a third of `RIDGE_FRAMES` to three times
    as much predicted the left-out clip about equally well; the weaker ones keep the lips livelier.

    Args:
        inputs: what is heard.
        targets: what is seen.
        weight: of each frame.
        doubt: frames of evidence for `expected`, of every input [F] or of all.
        expected: weights without evidence [F, D]; 0 when left out.
    """
    x, y, w = inputs.double(), targets.double(), weight.double()[:, None]
    gram = x.T @ (w * x)
    frames = torch.as_tensor(doubt, dtype=torch.float64).expand(len(gram)) / weight.sum().clamp_min(1)
    usual = torch.zeros(x.shape[1], y.shape[1], dtype=torch.float64) if expected is None else expected.double()
    # inputs of one kind share one scale: their mean energy
    scale = torch.stack([gram.diagonal()[frames == f].mean() for f in frames.unique()])
    ridge = frames * scale[torch.searchsorted(frames.unique(), frames)] + 1e-6
    return torch.linalg.solve(gram + ridge.diag(), x.T @ (w * y) + ridge[:, None] * usual).float()


def fit_offsets(
    means: Tensor,
    counts: Tensor,
    emotions: Tensor,
    levels: Tensor,
    prior: Tensor | None = None,
    doubt: float = OFFSET_FRAMES,
) -> tuple[Tensor, Tensor]:
    """Neutral mean and emotional offsets by least squares: clip mean = neutral + strength * offset of its emotion.

    A person without a neutral clip gets the neutral that `usual_strength` leads to at level 0.
    Where the clips say little, offsets are those of the prior, as strongly as this person shows the feelings that were
    recorded; a feeling without any clip is the prior's.

    Args:
        means: mean target of each clip [C, D].
        counts: frames of each clip [C].
        emotions: emotion weights of each clip [C, 8].
        levels: level of each clip [C].
        prior: offsets of anybody at level 3 [8, D]; 0 when left out.
        doubt: frames of evidence for the prior, of every emotion.

    Returns:
        neutral [D] and offsets [8, D] (at level 3).
    """
    felt = emotions.clone()
    felt[:, 0] = 0
    design = torch.cat([torch.ones(len(means), 1), felt * usual_strength(levels)[:, None]], 1).double()
    weight = (counts / counts.sum()).double()[:, None]
    penalty = torch.full((1 + len(EMOTIONS),), doubt / float(counts.sum().clamp_min(1)), dtype=torch.float64)
    penalty[0] = 1e-4
    gram, seen = design.T @ (weight * design) + penalty.diag(), means.double()
    usual = torch.zeros(len(penalty), means.shape[1], dtype=torch.float64)
    if prior is not None:
        usual[1:] = prior
        # what the clips say beyond what any neutral face and offsets of their own would explain
        told = weight.squeeze(1).diag() - weight * design @ torch.linalg.solve(gram, (weight * design).T)
        expected = told @ (design @ usual)
        power, trust = (expected * (design @ usual)).sum(), AMPLITUDE_TRUST * usual.square().sum(-1).max()
        amplitude = ((expected * seen).sum() + trust) / (power + trust).clamp_min(1e-9)
        usual *= amplitude.clamp(*AMPLITUDES)
    solved = torch.linalg.solve(gram, design.T @ (weight * seen) + penalty[:, None] * usual)
    return solved[0].float(), solved[1:].float()
