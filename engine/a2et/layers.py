"""Building blocks of the audio-to-expression transformer."""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from emotalker.engine.emotion.labels import EMOTIONS

OUT_OF_SIGHT = -1e4
LEVELS = 4
"""Levels with an embedding of their own: 0, 1, 2, 3; those between are interpolated."""
GROWTH = 0.6
"""Power of the level that a feeling's strength usually follows: mild feelings already show half of it. Leaving one clip
of a real person out in turn, .5 to .7 foretold the mean face of the left-out clip better than 1."""


class LocalAttention(nn.Module):
    """Self-attention of every frame over the frames around it and over a few prompt tokens.

    No frame depends on where it lies in the sound: the only notion of position is a learned bias per head and distance.
    Long sound is cut into blocks by the caller, so the dense T x T scores stay small.

    Args:
        width: channels.
        heads: attention heads.
        window: frames seen, odd, the middle one is the frame itself.
    """

    def __init__(self, width: int, heads: int, window: int) -> None:
        super().__init__()
        self.heads = heads
        self.window = window
        self.queries = nn.Linear(width, width)
        self.keys_values = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)
        self.distance_bias = nn.Parameter(torch.zeros(heads, window))

    def forward(self, x: Tensor, prompts: Tensor, valid: Tensor) -> Tensor:
        """Attended frames.

        Args:
            x: [B, T, D].
            prompts: [B, T or 1, P, D]; one set for every frame, or the same for all.
            valid: bool [B, T]; False frames are not looked at.

        Returns:
            [B, T, D].
        """
        b, t, d = x.shape
        h, r = self.heads, self.window // 2
        q = self.queries(x).view(b, t, h, d // h) * (d // h) ** -0.5
        k, v = self.keys_values(x).view(b, t, 2, h, d // h).unbind(2)
        distance = torch.arange(t)[None] - torch.arange(t)[:, None]
        bias = self.distance_bias[:, distance.clamp(-r, r) + r].masked_fill(distance.abs() > r, OUT_OF_SIGHT)
        near = q.transpose(1, 2) @ k.permute(0, 2, 3, 1) + bias
        near = near.masked_fill(~valid[:, None, None], OUT_OF_SIGHT)  # [B, h, T, T]
        pk, pv = self.keys_values(prompts).view(b, prompts.shape[1], -1, 2, h, d // h).unbind(3)
        # Products and sums, not matrices: each frame has its own few prompts, and tiny matrices are slow.
        far = (q[:, :, None] * pk).sum(-1).permute(0, 3, 1, 2)  # [B, h, T, P]
        share = torch.softmax(torch.cat([near, far], -1), -1)
        mixed = (share[..., :t] @ v.transpose(1, 2)).transpose(1, 2)
        mixed = mixed + (share[..., t:].permute(0, 2, 3, 1)[..., None] * pv).sum(2)
        return self.out(mixed.reshape(b, t, d))


class Layer(nn.Module):
    """Pre-norm transformer layer with local attention."""

    def __init__(self, width: int, heads: int, ffn: int, window: int, dropout: float) -> None:
        super().__init__()
        self.norm_attention = nn.LayerNorm(width)
        self.attention = LocalAttention(width, heads, window)
        self.norm_ffn = nn.LayerNorm(width)
        self.ffn = nn.Sequential(nn.Linear(width, ffn), nn.GELU(), nn.Linear(ffn, width))
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, prompts: Tensor, valid: Tensor) -> Tensor:
        """Frames [B, T, D] from frames [B, T, D], prompts [B, T or 1, P, D] and valid [B, T]."""
        x = x + self.dropout(self.attention(self.norm_attention(x), prompts, valid))
        return x + self.dropout(self.ffn(self.norm_ffn(x)))


class LevelEmbedding(nn.Module):
    """A vector for any level in [0, 3]: those of the whole levels, linearly interpolated between."""

    def __init__(self, width: int) -> None:
        super().__init__()
        # A straight line at the start, so that a level no clip shows still lies between its neighbours.
        line = torch.linspace(0, 1, LEVELS)[:, None] * torch.randn(width) * 0.3
        self.table = nn.Parameter(line)

    def forward(self, level: Tensor) -> Tensor:
        """Embedding [..., D] of level [...]."""
        low = level.floor().clamp(0, LEVELS - 2).long()
        share = (level - low)[..., None]
        return self.table[low] * (1 - share) + self.table[low + 1] * share

    def unknown(self) -> Tensor:
        """Embedding [D] of a level nobody told: the mean of all."""
        return self.table.mean(0)

    def bend(self) -> Tensor:
        """How far the table is from a straight line (a penalty)."""
        return (self.table[2:] - 2 * self.table[1:-1] + self.table[:-2]).square().mean()


def usual_strength(level: Tensor) -> Tensor:
    """How much of its full strength a feeling has at `level` [...], 0 to 1, as long as nothing else is known."""
    return (_usual_steps() * (level[..., None] - torch.arange(LEVELS - 1)).clamp(0, 1)).sum(-1)


def _usual_steps() -> Tensor:
    return (torch.arange(LEVELS) / (LEVELS - 1)).pow(GROWTH).diff()


class Strength(nn.Module):
    """A growing function of the level for each emotion, 0 at level 0, piecewise linear."""

    def __init__(self) -> None:
        super().__init__()
        start = torch.log(torch.expm1(_usual_steps()))
        self.steepness = nn.Parameter(start.expand(len(EMOTIONS), LEVELS - 1).clone())

    def forward(self, level: Tensor) -> Tensor:
        """Strength [..., 8] of each emotion at level [...]; increasing in level, about `usual_strength`."""
        steps = (level[..., None] - torch.arange(LEVELS - 1, device=level.device)).clamp(0, 1)
        return steps @ F.softplus(self.steepness).T

    def bend(self) -> Tensor:
        """How unusual the steps from level to level are (a penalty)."""
        unusual = F.softplus(self.steepness) - _usual_steps().to(self.steepness.device)
        return unusual.square().mean() + unusual.diff(dim=1).square().mean()


class IdentityEncoder(nn.Module):
    """The canonical neutral frame I_s as a vector: a small convolutional network."""

    def __init__(self, width: int) -> None:
        super().__init__()
        channels = (3, 16, 32, 64)
        blocks: list[nn.Module] = []
        for before, after in pairwise(channels):
            blocks += [nn.Conv2d(before, after, 3, 2, 1), nn.GELU()]
        self.net = nn.Sequential(*blocks, nn.AdaptiveAvgPool2d(2), nn.Flatten(), nn.Linear(64 * 4, width))

    def forward(self, image: Tensor) -> Tensor:
        """Vector [B, D] of images [B, 3, 64, 64] in [0, 1]."""
        out: Tensor = self.net(image * 2 - 1)
        return out
