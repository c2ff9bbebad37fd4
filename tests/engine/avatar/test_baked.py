"""Stage 2 worked out in advance is still stage 2."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from emotalker.engine.avatar import Avatar, Heard
from emotalker.engine.avatar.baked import BakedDeformation
from emotalker.engine.bench.twin import sample_twin, with_emotion
from emotalker.engine.emotion.curve import EmotionCurve, Keyframe
from emotalker.engine.emotion.deformation import Conditions, DeformationConfig

WIDTH = 12
CURVE = EmotionCurve((Keyframe.of(0.0, "sad", 3.0), Keyframe.of(1.0, "happy", 1.0)))
CONFIGS = {
    "usual": DeformationConfig(n_anchors=300),
    "paper": DeformationConfig(n_anchors=300, with_position=False),
    "masked": DeformationConfig(n_anchors=300, mask_null=True),
    "other sizes": DeformationConfig(n_anchors=257, width=48, heads=3, layers=3, ffn=80, audio_tokens=1, window=9),
}


@pytest.fixture(scope="module")
def twin() -> Avatar:
    """A small twin."""
    return sample_twin(1200, 64, WIDTH)


def conditions_of(avatar: Avatar) -> list[Conditions]:
    """What the network is told about some frames of speech."""
    features = np.random.default_rng(0).standard_normal((50, WIDTH)).astype(np.float32)
    controls = avatar.controls_from_speech(Heard(features, np.ones(50, np.float32), 1.0), CURVE)
    assert avatar.emotive is not None
    return [avatar.emotive.conditions(controls.frame(i)) for i in range(0, 25, 4)]


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_it_gives_the_networks_offsets(twin: Avatar, config: DeformationConfig) -> None:
    """To 1e-5, whatever the sizes, with weights that matter everywhere."""
    avatar = with_emotion(twin, config)
    assert avatar.emotive is not None
    network = avatar.emotive.network
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(1)
        for parameter in [*network.attention.parameters(), *network.regressors.parameters()]:
            parameter.add_(0.1 * torch.randn_like(parameter))
        if config is CONFIGS["usual"]:  # some anchors have been moved less than they are asked to
            network.reach.copy_(torch.linspace(0, 0.002, len(network.reach)))
    baked = BakedDeformation(network)
    for conditions in conditions_of(avatar):
        with torch.no_grad():
            wanted = network.at_anchors(conditions)[0].numpy()
        assert np.abs(wanted).max() > 0.1 or not config.with_position
        np.testing.assert_allclose(baked.columns(conditions), wanted, atol=1e-5)


def test_threads_do_not_meet(twin: Avatar) -> None:
    """A film is drawn while the twin plays: both get their own frames."""
    avatar = with_emotion(twin, CONFIGS["usual"])
    assert avatar.emotive is not None
    baked, frames = BakedDeformation(avatar.emotive.network), conditions_of(avatar)
    alone = [baked.columns(c) for c in frames]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(baked.columns, frames * 10))
    for i, columns in enumerate(together):
        assert np.array_equal(columns, alone[i % len(alone)])
