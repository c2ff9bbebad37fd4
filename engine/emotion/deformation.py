"""The emotional deformation of a person's Gaussians (stage 2, Eqs. 5-11).

The network is evaluated on a few thousand anchor points of the face and its answer interpolated to the Gaussians: it is
smooth over the skin, and this makes it ten times cheaper. What must be sharp, the parting of lips and lids, comes from
the expression deltas of stage 1 and from skinning, which are exact for every Gaussian.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from torch import Tensor, nn

from emotalker.engine.emotion.attention import SpatialAudioEmotionAttention
from emotalker.engine.emotion.basis import JAW, BasisValues, LearnedBasis, flame_loss, flame_targets, sinusoids
from emotalker.engine.emotion.spread import Reach, reach_of, spread
from emotalker.engine.files import Arrays
from emotalker.engine.gaussians.blendshapes import FACE, GaussianBlendshapes
from emotalker.engine.head.model import HeadModel, axis_angle_to_matrix

NEIGHBOURS = 4
COLUMNS = 14
"""Offsets per point: position 3, quaternion 4, log-scale 3, logit opacity 1, colour 3."""
LIMITS = (0.01, 0.5, 1.0, 4.0, 1.0)
"""Largest size of each kind of offset: metres, quaternion units, log metres, logits, spherical-harmonics units."""


@dataclass(frozen=True)
class DeformationConfig:
    """The network of stage 2.

    Attributes:
        n_anchors: points it is evaluated at.
        width: channels of the attention.
        heads: attention heads.
        layers: L of Eqs. 9-10.
        ffn: channels of its feed-forward layers.
        embedding: learned features per anchor.
        window: speech frames at 50 Hz given to each frame.
        audio_tokens: tokens they are condensed to.
        with_position: also move Gaussians beyond Eq. 5; off is the paper's exact form.
        mask_null: ablation, hide the null token from the attention and the query.
        pose_cue: dM holds what the jaw's emotional part moves, too (Eq. 5 whole); off in twins of before.
    """

    n_anchors: int = 2000
    width: int = 64
    heads: int = 2
    layers: int = 2
    ffn: int = 128
    embedding: int = 16
    window: int = 16
    audio_tokens: int = 2
    with_position: bool = True
    mask_null: bool = False
    pose_cue: bool = True


@dataclass
class Conditions:
    """What the network is told about B frames.

    Attributes:
        psi_neu: expression without emotion [B, K].
        psi_emo: expression with emotion [B, K].
        au45: blink in [0, 1] [B].
        camera_code: c_n [B, 12].
        audio: speech features around the frame [B, W, S].
        emotion: f_e [B, 64].
        intensity: f_s [B, 64].
        jaw_neu: jaw axis-angle without emotion [B, 3], radians.
        jaw_emo: jaw axis-angle with emotion [B, 3].
    """

    psi_neu: Tensor
    psi_emo: Tensor
    au45: Tensor
    camera_code: Tensor
    audio: Tensor
    emotion: Tensor
    intensity: Tensor
    jaw_neu: Tensor
    jaw_emo: Tensor

    def residual(self, pose: bool) -> Tensor:
        """What emotion adds to the drive [B, K], or with the entries of the jaw's rotation matrix [B, K + 9]."""
        psi = self.psi_emo - self.psi_neu
        if not pose:
            return psi
        jaw = axis_angle_to_matrix(self.jaw_emo) - axis_angle_to_matrix(self.jaw_neu)
        return torch.cat([psi, jaw.flatten(1)], 1)

    def to(self, device: torch.device | str) -> Conditions:
        """The same on another device."""
        return Conditions(*(getattr(self, f.name).to(device) for f in fields(self)))

    @staticmethod
    def stack(frames: Sequence[Conditions]) -> Conditions:
        """Several batches as one."""
        return Conditions(*(torch.cat([getattr(c, f.name) for c in frames]) for f in fields(Conditions)))


@dataclass
class Offsets:
    """What stage 2 adds to attributes before activation, for B frames and N Gaussians; 0 for teeth and torso.

    Attributes:
        means: [B, N, 3], metres, head space at rest.
        quats: [B, N, 4].
        log_scales: [B, N, 3].
        logit_opacities: [B, N].
        sh: constant colour coefficient [B, N, 1, 3].
    """

    means: Tensor
    quats: Tensor
    log_scales: Tensor
    logit_opacities: Tensor
    sh: Tensor

    @staticmethod
    def of(columns: Tensor) -> Offsets:
        """Offsets from columns [B, N, 14]."""
        means, quats, scales, opacity, colour = columns.split((3, 4, 3, 1, 3), -1)
        return Offsets(means, quats, scales, opacity[..., 0], colour[..., None, :])


class EmotionalDeformation(nn.Module):
    """Learned basis, attention and regressors over the anchors of one person.

    Args:
        config: the network.
        shapes: the person's Gaussians, N of them; only their rest positions and layers are used.
        expressions: K.
        speech_width: S, channels of the speech features.
        label_width: channels of f_e and f_s.
    """

    anchors: Tensor
    index: Tensor
    share: Tensor
    head_expression: Tensor
    head_pose: Tensor
    head_weights: Tensor
    limits: Tensor
    reach: Tensor
    jaw_joint: Tensor

    def __init__(
        self,
        config: DeformationConfig,
        shapes: GaussianBlendshapes,
        expressions: int,
        speech_width: int,
        label_width: int = 64,
    ) -> None:
        super().__init__()
        self.config = config
        self.sizes = {"expressions": expressions, "speech_width": speech_width, "label_width": label_width}
        rest = shapes.base.means.detach().cpu()
        face = np.nonzero(shapes.layer == FACE)[0]
        chosen = face[spread_out(rest.numpy()[face], min(config.n_anchors, len(face)))]
        index, share = interpolation(rest.numpy(), rest.numpy()[chosen], shapes.layer == FACE)
        self.register_buffer("anchors", rest[chosen].clone())
        self.register_buffer("index", torch.from_numpy(index))
        self.register_buffer("share", torch.from_numpy(share))
        # the head model's own basis at the anchors: what `psi` already moves
        self.register_buffer("head_expression", torch.zeros(len(chosen), expressions, 3))
        self.register_buffer("head_pose", torch.zeros(len(chosen), 18, 3))
        self.register_buffer("head_weights", torch.zeros(len(chosen), 6))
        self.register_buffer("jaw_joint", torch.zeros(3))
        self.register_buffer("reach", torch.full((len(chosen),), torch.inf))
        self._binding = (shapes.triangle[chosen], shapes.barycentric[chosen])
        self._reach: tuple[tuple[int, int], Reach] | None = None
        self.basis = LearnedBasis(expressions)
        # dM alone cannot tell a cheek from a brow, so f also knows where on the face it is
        self.embedding = nn.Parameter(0.1 * torch.randn(len(chosen), config.embedding))
        self.attention = SpatialAudioEmotionAttention(config, speech_width, label_width)
        self.regressors = nn.Sequential(
            nn.Linear(config.width, config.ffn), nn.GELU(approximate="tanh"), nn.Linear(config.ffn, COLUMNS)
        )
        last = self.regressors[-1]
        assert isinstance(last, nn.Linear)
        nn.init.normal_(last.weight, std=1e-4)
        nn.init.zeros_(last.bias)
        sizes = [s for s, n in zip(LIMITS, (3, 4, 3, 1, 3)) for _ in range(n)]
        self.register_buffer("limits", torch.tensor(sizes))

    def fit_to_head(self, head: HeadModel, identity: Tensor, steps: int = 300, seed: int = 0) -> list[float]:
        """Start from the head model's bases (Eqs. 15-16); returns the flame loss of each step."""
        anchors = self.anchors.detach().cpu()
        targets = flame_targets(head, identity, anchors, *self._binding)
        for name, value in zip(("expression", "pose", "weights"), (targets.expression, targets.pose, targets.weights)):
            getattr(self, f"head_{name}").copy_(value)
        self.jaw_joint.copy_(head.shape(identity)[1][JAW].detach())
        return self.basis.fit_to_head(targets, anchors, steps, seed)

    def flame_loss(self, values: BasisValues | None = None) -> Tensor:
        """How far the learned basis, or `values` of it at the anchors, lies from the head model's (Eqs. 15-16)."""
        values = self.basis(self.anchors) if values is None else values
        return flame_loss(values, BasisValues(self.head_expression, self.head_pose, self.head_weights))

    @torch.no_grad()
    def learn_reach(self, residuals: Tensor) -> None:
        """Remember how far the frames it was trained on moved each anchor: beyond that it is not asked.

        An emotion that was never recorded moves parts of the face in ways no frame did, and a network guesses wildly
        about those. It then hears of the movement only as far as it knows it; the movement itself is unharmed, it
        comes from the head model's basis and stage 1.

        Args:
            residuals: `Conditions.residual` of the training frames [F, K or K + 9].
        """
        basis = self.drive_basis(self.basis(self.anchors))
        self.reach.zero_()
        for some in residuals.to(self.anchors.device).split(64):
            moved = torch.einsum("bk,pkc->bpc", some, basis)
            self.reach.copy_(torch.maximum(self.reach, moved.norm(dim=-1).amax(0)))

    def drive_basis(self, values: BasisValues) -> Tensor:
        """How the anchors move per unit of `Conditions.residual` [P, K or K + 9, 3], by the learned basis (Eq. 5)."""
        if not self.config.pose_cue:
            return values.expression
        return torch.cat([values.expression, values.jaw(self.anchors, self.jaw_joint)], 1)

    def head_basis(self) -> Tensor:
        """The same by the head model, which has already moved every Gaussian."""
        return self.drive_basis(BasisValues(self.head_expression, self.head_pose, self.head_weights))

    def forward(self, conditions: Conditions) -> Offsets:
        """Offsets of B frames to the Gaussians wearing `psi_emo` (Eqs. 5-11)."""
        return Offsets.of(self.to_gaussians(self.at_anchors(conditions)))

    def at_anchors(self, conditions: Conditions, basis: BasisValues | None = None) -> Tensor:
        """Columns of offsets at the anchors [B, P, 14]; `basis` may be baked."""
        values = self.basis(self.anchors) if basis is None else basis
        residual, drive = conditions.residual(self.config.pose_cue), self.drive_basis(values)
        moved = torch.einsum("bk,pkc->bpc", residual, drive)
        where = torch.cat([sinusoids(self.anchors / 0.1, 4), self.embedding], -1)
        known = (self.reach / moved.detach().norm(dim=-1).clamp_min(1e-9)).clamp_max(1)
        cue = moved * known[..., None]
        z = self.attention(cue, where, conditions)
        columns = torch.tanh(self.regressors(z)) * self.limits
        # stage 1 has already moved every Gaussian by the head model's basis; the learned one adds what it knows better
        correction = torch.einsum("bk,pkc->bpc", residual, drive - self.head_basis())
        means = columns[..., :3] + correction if self.config.with_position else correction
        return torch.cat([means, columns[..., 3:]], -1)

    def to_gaussians(self, values: Tensor) -> Tensor:
        """Values at the anchors [B, P, C] interpolated to the Gaussians [B, N, C]."""
        if values.device.type != "cpu" or values.dtype != torch.float32:
            return (values[:, self.index] * self.share[..., None]).sum(2)
        return spread(values, self.index, self.share, self._reach_of_anchors())

    def _reach_of_anchors(self) -> Reach:
        """Which Gaussians each anchor moves; worked out anew when other weights were loaded into the buffers."""
        key = (self.index._version, self.share._version)
        if self._reach is None or self._reach[0] != key:
            self._reach = (key, reach_of(self.index.numpy(), self.share.numpy(), len(self.anchors)))
        return self._reach[1]

    @torch.no_grad()
    def bake(self) -> BasisValues:
        """The basis at the anchors, which no longer changes once trained."""
        return self.basis(self.anchors)

    def to_arrays(self) -> tuple[Arrays, dict[str, Any]]:
        """Weights and what is needed to build the network again."""
        arrays = {k: v.detach().cpu().numpy() for k, v in self.state_dict().items()}
        return arrays, {"config": asdict(self.config), **self.sizes}

    @staticmethod
    def from_arrays(arrays: Arrays, spec: dict[str, Any], shapes: GaussianBlendshapes) -> EmotionalDeformation:
        """What `to_arrays` gave, for the same Gaussians."""
        sizes = {k: int(v) for k, v in spec.items() if k != "config"}
        config = DeformationConfig(**{"pose_cue": False, **spec["config"]})
        network = EmotionalDeformation(config, shapes, **sizes)
        tensors = {k: torch.from_numpy(np.array(v)) for k, v in arrays.items()}
        # twins of before carry neither
        network.load_state_dict({"reach": network.reach, "jaw_joint": network.jaw_joint, **tensors})
        return network.eval()


def spread_out(points: NDArray[np.floating], count: int) -> NDArray[np.int64]:
    """Indices of about evenly spaced points [count]: one per cell of a grid that is refined until there are enough."""
    low, size = points.min(0), float(np.ptp(points, 0).max())
    cells = 4.0
    while True:
        keys = np.floor((points - low) / size * cells).astype(np.int64)
        _, first = np.unique(keys @ np.array([1, 10**4, 10**8]), return_index=True)
        if len(first) >= count or cells > 5000:
            break
        cells *= 1.1
    picked = np.sort(first)
    if len(picked) < count:
        return np.arange(len(points))[:count]
    return picked[np.linspace(0, len(picked) - 1, count).astype(np.int64)]


def interpolation(
    points: NDArray[np.floating], anchors: NDArray[np.floating], inside: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Nearest anchors [N, 4] of every point and their shares [N, 4]; shares are 0 where not `inside` [N]."""
    distance, index = cKDTree(anchors).query(points, k=min(NEIGHBOURS, len(anchors)))
    weight = 1 / np.maximum(distance, 1e-4) ** 2
    share = weight / weight.sum(1, keepdims=True) * inside[:, None]
    return index.astype(np.int64), share.astype(np.float32)
