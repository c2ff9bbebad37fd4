"""The audio-to-expression transformer A2ET (Eqs. 2-3 of the paper), with intensity as a further input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emotalker.engine.a2et.articulation import CHANNELS, Articulator, ArticulatorSpec
from emotalker.engine.a2et.layers import IdentityEncoder, Layer, LevelEmbedding, Strength
from emotalker.engine.a2et.windows import SUBFRAMES
from emotalker.engine.emotion.labels import EMOTIONS, MAX_LEVEL

POSE = 6
"""Jaw and neck axis-angle, radians."""
IDENTITY_SIZE = 64
REACH = 9
"""Frames around each frame that the linear path hears."""
VOICE_SCALE = 3.0
SHARPNESS = 25.0
"""Of the softplus that keeps psi positive: it bends within about 0.05 of zero."""


@dataclass(frozen=True)
class A2ETSpec:
    """Sizes of an A2ET; see `ExpressConfig` for the shared names.

    Attributes:
        speech_width: features per 50 Hz frame.
        expressions: K.
        fps: frames per second the network runs at.
        components: main components of the features that the linear path hears.
        articulator: sizes of the pre-trained network that it hears mouths with; None does without.
    """

    speech_width: int
    expressions: int
    fps: float = 25.0
    width: int = 128
    heads: int = 8
    ffn: int = 1024
    window: int = 11
    neutral_layers: int = 3
    emotion_layers: int = 2
    prompts: int = 4
    dropout: float = 0.1
    components: int = 48
    articulator: ArticulatorSpec | None = None

    @staticmethod
    def of(facts: dict[str, Any]) -> A2ETSpec:
        """The spec that `dataclasses.asdict` made these facts of.

        Raises:
            TypeError: if they are of something else.
        """
        inner = facts.get("articulator")
        return A2ETSpec(**{**facts, "articulator": ArticulatorSpec(**inner) if inner is not None else None})

    @property
    def context(self) -> int:
        """Frames on each side that can change a frame's result, given what the articulator hears."""
        return (self.neutral_layers + self.emotion_layers) * (self.window // 2) + 1


@dataclass
class Expression:
    """What A2ET says; B sequences of T frames.

    Attributes:
        psi_neu: expression without emotion [B, T, K], >= 0.
        pose_neu: jaw and neck axis-angle without emotion [B, T, 6], radians.
        psi_emo: expression with emotion [B, T, K], >= 0; equal to `psi_neu` at level 0.
        pose_emo: the same for jaw and neck.
        drift: the moving part of the emotional residual [B, T, K + 6], before it is added (for penalties).
    """

    psi_neu: Tensor
    pose_neu: Tensor
    psi_emo: Tensor
    pose_emo: Tensor
    drift: Tensor


def positive(raw: Tensor) -> Tensor:
    """Coefficients >= 0 from any numbers: a softplus so sharp that it differs from max(raw, 0) only near zero."""
    return F.softplus(raw, beta=SHARPNESS)


def unpositive(psi: Tensor) -> Tensor:
    """Inverse of `positive`; coefficients below 0.004 count as that."""
    psi = psi.clamp_min(4e-3)
    return psi + torch.log(-torch.expm1(-SHARPNESS * psi)) / SHARPNESS


def _head(width: int, out: int) -> nn.Sequential:
    """Regression head that starts near zero."""
    linear = nn.Linear(width, out)
    nn.init.normal_(linear.weight, std=1e-3)
    nn.init.zeros_(linear.bias)
    return nn.Sequential(nn.LayerNorm(width), linear)


class A2ET(nn.Module):
    """Speech, the canonical neutral frame, emotion and level to expression, jaw and neck.

    A neutral branch hears speech and sees I_s; beside its transformer a linear path, solved in closed form before
    training and then fixed, carries what little a few clips prove beyond doubt: above all, how this person's face does
    what the pre-trained articulator hears any mouth do. A side network adds the emotion: for
    each emotion a mean offset that grows with the level by construction, and a moving part that depends on the speech;
    both are 0 at level 0.

    Buffers that belong to a trained model: `feature_mean`, `feature_std` [S], `identity_image` [3, 64, 64],
    `rest_psi` [K], `rest_jaw` [3] (the closed mouth), `mouth` [K] (share of each coefficient that silence takes back),
    `gap` [K + 3] (`Measure.gap`), and, with an articulator, `usual_mouth` [C] (the mean of its channels in the clips).
    """

    feature_mean: Tensor
    feature_std: Tensor
    identity_image: Tensor
    rest_psi: Tensor
    rest_jaw: Tensor
    components: Tensor
    mouth: Tensor
    gap: Tensor
    usual_mouth: Tensor

    def __init__(self, spec: A2ETSpec) -> None:
        super().__init__()
        heard = len(CHANNELS) if spec.articulator is not None else 0
        self.articulator = Articulator(spec.articulator).requires_grad_(False) if spec.articulator is not None else None
        self.spec = spec
        d, out = spec.width, spec.expressions + POSE
        self.register_buffer("feature_mean", torch.zeros(spec.speech_width))
        self.register_buffer("feature_std", torch.ones(spec.speech_width))
        self.register_buffer("identity_image", torch.full((3, IDENTITY_SIZE, IDENTITY_SIZE), 0.5))
        self.register_buffer("rest_psi", torch.zeros(spec.expressions))
        self.register_buffer("rest_jaw", torch.zeros(3))
        self.register_buffer("mouth", torch.ones(spec.expressions))
        self.register_buffer("gap", torch.zeros(spec.expressions + 3))
        self.register_buffer("components", torch.zeros(spec.speech_width, min(spec.components, spec.speech_width)))
        if heard:
            self.register_buffer("usual_mouth", torch.zeros(heard))
            self.listen_mouth = nn.Linear(heard, d)
            nn.init.zeros_(self.listen_mouth.weight)
        width = SUBFRAMES * (self.components.shape[1] + 1) + heard
        self.linear = nn.Conv1d(width, out, REACH, padding=REACH // 2, bias=False)
        nn.init.zeros_(self.linear.weight).requires_grad_(False)
        self.listen = nn.Linear(SUBFRAMES * (spec.speech_width + 1), d)
        self.smooth = nn.Conv1d(d, d, 3, padding=1)
        self.identity = IdentityEncoder(d)
        layer = (d, spec.heads, spec.ffn, spec.window, spec.dropout)
        self.neutral_layers = nn.ModuleList([Layer(*layer) for _ in range(spec.neutral_layers)])
        self.neutral_prompts = nn.Parameter(torch.randn(spec.neutral_layers, spec.prompts, d) * 0.1)
        self.neutral_head = _head(d, out)
        self.emotions = nn.Parameter(torch.randn(len(EMOTIONS), d) * 0.3)
        self.levels = LevelEmbedding(d)
        self.style = nn.Linear(d, 2 * d)
        self.emotion_layers = nn.ModuleList([Layer(*layer) for _ in range(spec.emotion_layers)])
        self.emotion_prompts = nn.Parameter(torch.randn(spec.emotion_layers, len(EMOTIONS), spec.prompts, d) * 0.1)
        self.prompt_style = nn.ModuleList([nn.Linear(d, d) for _ in range(spec.emotion_layers)])
        self.emotion_head = _head(d, out)
        self.offsets = nn.Parameter(torch.zeros(len(EMOTIONS), out))
        self.strength = Strength()

    def train(self, mode: bool = True) -> A2ET:
        """As in any module; the articulator learns nothing more and drops nothing."""
        super().train(mode)
        if self.articulator is not None:
            self.articulator.eval()
        return self

    def forward(
        self, speech: Tensor, voice: Tensor, weights: Tensor, level: Tensor, image: Tensor,
        valid: Tensor | None = None, mouth: Tensor | None = None, known: Tensor | None = None,
    ) -> Expression:  # fmt: skip
        """Expression of B sequences of T frames.

        Args:
            speech: speech features in their own deviations (`normalise`) [B, T, 2, S].
            voice: probability of speech [B, T, 2].
            weights: weights over the eight emotions, sum 1 [B, T, 8].
            level: intensity [B, T] in [0, 3].
            image: canonical neutral frame [B, 3, 64, 64] in [0, 1].
            valid: bool [B, T], frames that exist; all when left out.
            mouth: what the articulator hears in these frames (`mouth_of`) [B, T, C]; worked out when left out.
            known: bool [B, 3], whether the transformer is told identity, emotion and level; all when left out. The
                mean offsets know emotion and level all the same.
        """
        valid = torch.ones_like(level, dtype=torch.bool) if valid is None else valid
        if mouth is None:
            mouth = self.mouth_of(speech, voice, valid)
        known = torch.ones(len(level), 3, dtype=torch.bool) if known is None else known
        hidden = self._hear(speech, voice, image, valid, mouth, known)
        echo = self.linear((self.components_of(speech, voice, mouth) * valid[..., None]).transpose(1, 2))
        echo = echo.transpose(1, 2)
        neutral = self.neutral_head(hidden) + echo
        felt = torch.cat([torch.zeros_like(weights[..., :1]), weights[..., 1:]], -1)  # neutral moves nothing
        drift = self._feel(hidden, weights, level, valid, known)
        amount = felt.sum(-1, keepdim=True) * (level / MAX_LEVEL)[..., None]
        drift = drift * amount
        emotional = neutral + (felt * self.strength(level)) @ self.offsets + drift
        k = self.spec.expressions
        return Expression(
            positive(neutral[..., :k]), neutral[..., k:], positive(emotional[..., :k]), emotional[..., k:], drift
        )

    @torch.no_grad()
    def mouth_of(self, speech: Tensor, voice: Tensor, valid: Tensor | None = None) -> Tensor | None:
        """What any mouth would do [B, T, C], less what it does on the average; None without an articulator."""
        if self.articulator is None:
            return None
        out: Tensor = self.articulator(speech, voice, valid) - self.usual_mouth
        return out

    def _hear(
        self, speech: Tensor, voice: Tensor, image: Tensor, valid: Tensor, mouth: Tensor | None, known: Tensor
    ) -> Tensor:
        """Neutral branch: [B, T, D]."""
        x = self.listen(torch.cat([speech, voice[..., None]], -1).flatten(2))
        if mouth is not None:
            x = x + self.listen_mouth(mouth)
        x = x * valid[..., None]
        x = x + F.gelu(self.smooth(x.transpose(1, 2)).transpose(1, 2))
        person = (self.identity(image) * known[:, :1])[:, None, None]
        for layer, prompts in zip(self.neutral_layers, self.neutral_prompts):
            x = layer(x, torch.cat([prompts.expand(len(x), 1, -1, -1), person], 2), valid)
        return x

    def _feel(self, hidden: Tensor, weights: Tensor, level: Tensor, valid: Tensor, known: Tensor) -> Tensor:
        """Side network: moving part of the residual [B, T, K + 6] at full amplitude.

        An emotion that is not told is all of them alike, a level that is not told their mean.
        """
        weights = torch.where(known[:, 1, None, None], weights, 1 / len(EMOTIONS))
        code = weights @ self.emotions
        code = code + torch.where(known[:, 2, None, None], self.levels(level), self.levels.unknown())
        scale, shift = self.style(code).chunk(2, -1)
        x = hidden * (1 + scale) + shift
        for layer, table, style in zip(self.emotion_layers, self.emotion_prompts, self.prompt_style):
            prompts = torch.einsum("bte,epd->btpd", weights, table) + style(code)[:, :, None]
            x = layer(x, prompts, valid)
        out: Tensor = self.emotion_head(x)
        return out

    def components_of(self, speech: Tensor, voice: Tensor, mouth: Tensor | None) -> Tensor:
        """What the linear path hears [..., T, 2 (P + 1) + C]: main components of the features, voice, and mouth.

        Args:
            speech: features [..., T, 2, S].
            voice: [..., T, 2].
            mouth: of `mouth_of` [..., T, C] or None.
        """
        x = torch.cat([speech @ self.components, VOICE_SCALE * voice[..., None]], -1).flatten(-2)
        return x if mouth is None else torch.cat([x, mouth], -1)

    def start_from(self, neutral: Tensor, offsets: Tensor) -> None:
        """Begin with the mean neutral face [K + 6] and the mean emotional offsets at level 3 [8, K + 6]."""
        bias = self.get_parameter("neutral_head.1.bias")
        with torch.no_grad():
            bias.copy_(neutral)
            self.offsets.copy_(offsets)

    def normalise(self, features: Tensor, voice: Tensor) -> Tensor:
        """Speech features [n, S] in deviations from their recording's mean while speaking, voice [n] in [0, 1].

        Taking each recording's own mean keeps voice and microphone out; a short recording is helped by the mean of the
        training clips, as if it had been heard for one more second.
        """
        return self.deviations(features, self.mean_of(features, voice))

    def mean_of(self, features: Tensor, voice: Tensor) -> Tensor:
        """Mean [S] of a recording's features [n, S] while somebody speaks, voice [n]; see `normalise`."""
        prior = 50.0
        total = (features * voice[:, None]).sum(0) + prior * self.feature_mean
        return total / (voice.sum() + prior)

    def deviations(self, features: Tensor, mean: Tensor) -> Tensor:
        """Some rows of features [m, S] in deviations from their recording's mean [S]; see `normalise`."""
        return ((features - mean) / self.feature_std).clamp(-5, 5)
