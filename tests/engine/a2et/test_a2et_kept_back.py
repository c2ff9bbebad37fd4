"""What is kept back from the training, or never surely seen, is not learned from."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from emotalker.engine.a2et.config import ExpressConfig
from emotalker.engine.a2et.dataset import ClipSamples
from emotalker.engine.a2et.measure import Measure, measure_head
from emotalker.engine.a2et.training import Trainer, build_model
from emotalker.engine.a2et.trust import FEWEST_SURE, keep_back
from emotalker.engine.head.default import load_default_head

CONFIG = ExpressConfig(
    width=16, heads=2, ffn=16, neutral_layers=1, emotion_layers=1, batch=2, frames=40, components=4, silence=1.0
)
FRAMES = 250


@pytest.fixture(scope="module")
def measure() -> Measure:
    """Of the head that is shipped."""
    return measure_head(load_default_head())


def clip(first: int) -> ClipSamples:
    """Ten seconds of noise whose face is seen from a frame on."""
    random = np.random.default_rng(0)
    width = len(load_default_head().expression_names)
    return ClipSamples(
        speech=random.normal(size=(2 * FRAMES, 12)).astype(np.float32),
        voice=np.ones(2 * FRAMES, np.float32),
        psi=0.1 * random.random((FRAMES, width)).astype(np.float32),
        pose=np.zeros((FRAMES, 6), np.float32),
        sure=(np.arange(FRAMES) >= first).astype(np.float32),
        openness=random.random(FRAMES).astype(np.float32),
        emotion=np.eye(8, dtype=np.float32)[1],
        level=2.0,
    )


def trainer(taught: ClipSamples, measure: Measure) -> Trainer:
    """A tiny network that learns from one clip."""
    names = load_default_head().expression_names
    model = build_model([taught], torch.zeros(3, 64, 64), measure, CONFIG, None, names)
    return Trainer(model, [taught], np.zeros((300, 12), np.float32), measure, CONFIG)


def test_seconds_kept_back_stay_unseen_where_sound_is_silenced(measure: Measure) -> None:
    """Spans whose sound is taken away teach a shut mouth only where the clip teaches anything."""
    taught, kept = keep_back(clip(0))
    assert kept is not None
    assert not (taught.sure * kept.sure).any()
    learner, start = trainer(taught, measure), FRAMES - 60
    silenced = 0
    for seed in range(40):
        sequence = learner._sequence(np.random.default_rng(seed), 0, start, 60)
        sure, speaking = sequence[6], sequence[7]
        assert not sure[taught.sure[start:] == 0].any()
        silenced += int((sure > speaking).sum())
    assert silenced > 40, "silence was learned from elsewhere"


def test_a_face_seen_only_at_the_end_keeps_all_its_frames(measure: Measure) -> None:
    """Keeping the end back would leave nothing to learn from."""
    late = clip(FRAMES - 35)
    taught, kept = keep_back(late)
    assert kept is None
    np.testing.assert_array_equal(taught.sure, late.sure)
    assert np.isfinite(trainer(taught, measure).step()["loss"])
    taught, kept = keep_back(clip(FRAMES // 2))
    assert kept is not None
    assert np.count_nonzero(taught.sure) >= FEWEST_SURE
