"""A network is only told of labels that its training frames carried, continuously in weights and level."""

from __future__ import annotations

import numpy as np
import pytest

from emotalker.engine.emotion.known import Known, KnownTokens
from emotalker.engine.emotion.labels import EMOTIONS
from emotalker.engine.emotion.text import TableTextEncoder, label_embeddings

LABELS = label_embeddings(TableTextEncoder())
RECORDED = [("neutral", 0.0), ("happy", 1.0), ("happy", 3.0), ("sad", 2.0)]


def weights(**shares: float) -> np.ndarray:
    out = np.zeros(8, np.float32)
    for name, share in shares.items():
        out[EMOTIONS.index(name)] = share
    return out


def tokens(blank: bool = True) -> KnownTokens:
    return KnownTokens(LABELS, Known.of(RECORDED, blank))


@pytest.mark.parametrize(("emotion", "level"), RECORDED)
def test_recorded_labels_are_told_as_they_were_trained(emotion: str, level: float) -> None:
    """What a training frame was told is what a playing one is told."""
    felt, strong = tokens()(weights(**{emotion: 1.0}), level)
    np.testing.assert_allclose(felt, LABELS.emotion[EMOTIONS.index(emotion)], atol=1e-6)
    np.testing.assert_allclose(strong, LABELS.level_token(level), atol=1e-6)


def test_between_and_beyond_recorded_levels_nothing_new_is_told() -> None:
    """Level 2 of what was recorded at 1 and 3 is half of each; level 3 of what was recorded at 2 stays there."""
    ask = tokens()
    middle = ask(weights(happy=1), 2.0)[1]
    np.testing.assert_allclose(middle, (LABELS.level_token(1.0) + LABELS.level_token(3.0)) / 2, atol=1e-6)
    for a, b in zip(ask(weights(sad=1), 3.0), ask(weights(sad=1), 2.0)):
        np.testing.assert_allclose(a, b)


def test_an_emotion_nobody_recorded_is_a_blank_label() -> None:
    """All unrecorded ones are told alike; a network that knows no blank label is told neutral."""
    ask = tokens()
    fear, disgust = ask(weights(fear=1), 2.5), ask(weights(disgusted=1), 2.5)
    assert not fear[0].any()
    assert not fear[1].any()
    assert np.array_equal(fear[0], disgust[0])
    plain = tokens(blank=False)(weights(fear=1), 2.5)
    np.testing.assert_allclose(plain[0], LABELS.emotion[0], atol=1e-6)
    assert not plain[1].any()


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_level_zero_is_neutral_and_tokens_change_without_a_jump(emotion: str) -> None:
    """The tokens of level 0 are neutral's, and a thousandth of a level changes them by thousandths."""
    ask = tokens()
    for a, b in zip(ask(weights(**{emotion: 1.0}), 0.0), ask(weights(neutral=1), 0.0)):
        np.testing.assert_allclose(a, b, atol=1e-6)
    way = np.array([np.concatenate(ask(weights(**{emotion: 1.0}), v)) for v in np.arange(0, 3.001, 0.001)])
    assert np.abs(np.diff(way, axis=0)).max() < 0.01


def test_a_mix_is_the_mix_of_its_parts() -> None:
    """Half happy and half fear at level 2: half of what each is told."""
    ask = tokens()
    both, happy, fear = (ask(weights(**w), 2.0) for w in ({"happy": 0.5, "fear": 0.5}, {"happy": 1}, {"fear": 1}))
    np.testing.assert_allclose(both[0], (happy[0] + fear[0]) / 2, atol=1e-6)


def test_it_survives_a_file() -> None:
    """JSON and back; neutral's level does not matter."""
    known = Known.of([*RECORDED, ("neutral", 2.0)], True)
    assert Known.from_json(known.to_json()) == Known.of(RECORDED, True)
    assert known.recorded(EMOTIONS.index("sad"))
    assert not known.recorded(EMOTIONS.index("fear"))
