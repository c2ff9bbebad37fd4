"""Spatial-audio-emotion cross-attention (Eqs. 6 and 8-10)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

if TYPE_CHECKING:
    from emotalker.engine.emotion.deformation import Conditions, DeformationConfig

CODE = 12
BLINK_WAVES = 16
NULL = 32
MOTION = 100.0
"""Displacements enter the query in centimetres."""


class SpatialAudioEmotionAttention(nn.Module):
    """Every anchor asks what sound, emotion and intensity mean for it.

    Args:
        config: widths and layers.
        speech_width: S.
        label_width: channels of f_e and f_s.
    """

    def __init__(self, config: DeformationConfig, speech_width: int, label_width: int) -> None:
        super().__init__()
        self.config = config
        d = config.width
        place = 2 * 3 * 4 + config.embedding
        self.motion = nn.Sequential(nn.Linear(3 + place, d), nn.GELU(approximate="tanh"), nn.Linear(d, d))
        # Wq of Eq. 6 over [f(dM) | PE(AU45) | c_n | z_null]; the parts that are the same for all anchors are added once
        self.query_motion = nn.Linear(d, d)
        self.query_frame = nn.Linear(2 * BLINK_WAVES + CODE + NULL, d, bias=False)
        self.audio = nn.Linear(config.window * speech_width, config.audio_tokens * d)
        self.audio_norm = nn.LayerNorm(speech_width)
        self.emotion = nn.Linear(label_width, d)
        self.intensity = nn.Linear(label_width, d)
        self.layers = nn.ModuleList([_Layer(d, config.heads, config.ffn) for _ in range(config.layers)])

    def forward(self, moved: Tensor, where: Tensor, conditions: Conditions) -> Tensor:
        """Features z [B, P, width] of the anchors.

        Args:
            moved: dM [B, P, 3], metres.
            where: what f knows of each anchor besides dM [P, F].
            conditions: B frames.
        """
        batch = len(moved)
        spatial = torch.cat([moved * MOTION, where.expand(batch, -1, -1)], -1)
        blink = blink_code(conditions.au45)
        null = blink.new_zeros(batch, NULL)
        frame = self.query_frame(torch.cat([blink, conditions.camera_code, null], -1))
        z = self.query_motion(self.motion(spatial)) + frame[:, None]
        heard = self.audio(self.audio_norm(conditions.audio).flatten(1)).unflatten(1, (self.config.audio_tokens, -1))
        tokens = [heard, self.emotion(conditions.emotion)[:, None], self.intensity(conditions.intensity)[:, None]]
        if not self.config.mask_null:
            # zeros through biased keys and values: something to look at when nothing heard or felt matters
            tokens.append(heard.new_zeros(batch, 1, heard.shape[-1]))
        memory = torch.cat(tokens, 1)
        for layer in self.layers:
            z = layer(z, memory)
        return z


def blink_code(au45: Tensor) -> Tensor:
    """PE(AU45) of Eq. 6 [B, 32] of blinks [B] in [0, 1].

    Evenly spaced frequencies up to 8 pi: doubling ones would turn the tracker's noise of a few percent into flicker.
    """
    waves = torch.arange(1, BLINK_WAVES + 1, device=au45.device, dtype=au45.dtype) * (8 * math.pi / BLINK_WAVES)
    angles = au45[:, None] * waves
    return torch.cat([angles.sin(), angles.cos()], -1)


class _Layer(nn.Module):
    """Cross-attention and feed-forward, each with a skip connection (Eqs. 9-10)."""

    def __init__(self, width: int, heads: int, ffn: int) -> None:
        super().__init__()
        self.heads = heads
        self.norm_query, self.norm_feed = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.out = nn.Linear(width, width), nn.Linear(width, width)
        self.key, self.value = nn.Linear(width, width), nn.Linear(width, width)
        self.feed = nn.Sequential(nn.Linear(width, ffn), nn.GELU(approximate="tanh"), nn.Linear(ffn, width))

    def forward(self, z: Tensor, memory: Tensor) -> Tensor:
        q, k, v = self.query(self.norm_query(z)), self.key(memory), self.value(memory)
        q, k, v = (x.unflatten(-1, (self.heads, -1)).transpose(1, 2) for x in (q, k, v))
        attention = torch.softmax(q @ k.transpose(-1, -2) * q.shape[-1] ** -0.5, -1)
        z = z + self.out((attention @ v).transpose(1, 2).flatten(2))
        return z + self.feed(self.norm_feed(z))
