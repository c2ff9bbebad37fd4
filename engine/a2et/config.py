"""Settings of the audio-to-expression stage."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ExpressConfig:
    """How `express` trains; written into the run folder.

    Attributes:
        steps: optimiser steps.
        batch: sequences per step.
        frames: frames per sequence.
        lr: peak learning rate of Adam; it rises over the first 5 % of the steps and falls to a twentieth.
        weight_decay: decoupled weight decay.
        seed: seed of everything random.
        fps: frames per second the network runs at; tracks at another rate are resampled.
        speech: speech encoder, "whisper_tiny_en", "hubert" or "wav2vec2".
        width: channels of the transformer.
        heads: attention heads.
        ffn: channels of its feed-forward layers.
        window: frames each frame attends to (odd).
        neutral_layers: layers of the neutral branch.
        emotion_layers: layers of the emotional side network.
        prompts: prompt tokens put before every layer.
        components: main components of the speech features that the linear path hears.
        dropout: share of dropped activations.
        feature_noise: standard deviation of the noise on the speech features, in their own deviations.
        silence: share of sequences in which a span is silenced.
        missing: share of sequences in which the identity, the emotion or the level is not told, so that each may lack.
        checkpoint_seconds: seconds between checkpoints.
    """

    steps: int = 400
    batch: int = 12
    frames: int = 64
    lr: float = 5e-4
    weight_decay: float = 0.02
    seed: int = 0
    fps: float = 25.0
    speech: str = "whisper_tiny_en"
    width: int = 128
    heads: int = 8
    ffn: int = 1024
    window: int = 11
    neutral_layers: int = 3
    emotion_layers: int = 2
    prompts: int = 4
    components: int = 96
    dropout: float = 0.2
    feature_noise: float = 0.4
    silence: float = 0.5
    missing: float = 0.1
    checkpoint_seconds: float = 20.0
