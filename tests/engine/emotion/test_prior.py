"""The person-independent faces of emotions are the published ones, on any head's names."""

from __future__ import annotations

import pytest
import torch

from emotalker.engine.emotion.labels import EMOTIONS
from emotalker.engine.emotion.prior import action_units, prior_offsets, unseen_offsets, with_prior
from emotalker.engine.head.default import load_default_head

NAMES = tuple(load_default_head().expression_names)


@pytest.fixture(scope="module")
def offsets() -> torch.Tensor:
    return prior_offsets(NAMES)


def amount(offsets: torch.Tensor, emotion: str, shape: str) -> float:
    return float(offsets[EMOTIONS.index(emotion), NAMES.index(shape)])


def test_neutral_is_no_offset_and_every_other_emotion_is_a_visible_one_within_range(offsets: torch.Tensor) -> None:
    """Coefficients stay in [0, 1], the pose small, and no emotion is missing."""
    assert offsets.shape == (8, len(NAMES) + 6)
    assert not offsets[0].any()
    assert float(offsets[:, :-6].min()) >= 0
    assert float(offsets[:, :-6].max()) <= 1
    assert (offsets[1:, :-6].max(1).values > 0.5).all()
    assert float(offsets[:, -6:].abs().max()) < 0.15


def test_each_emotion_shows_the_units_that_tell_it_from_the_others(offsets: torch.Tensor) -> None:
    """The emotion that has most of a shape is the one its action unit is known for."""
    for shape, emotion in (
        ("mouthSmileLeft", "happy"), ("cheekSquintLeft", "happy"), ("mouthFrownLeft", "sad"), ("browDownLeft", "angry"),
        ("mouthStretchRight", "fear"), ("noseSneerLeft", "disgusted"), ("mouthDimpleRight", "contempt"),
        ("browOuterUpLeft", "surprised"),
    ):  # fmt: skip
        assert int(offsets[:, NAMES.index(shape)].argmax()) == EMOTIONS.index(emotion), shape
    assert float(offsets[EMOTIONS.index("surprised"), len(NAMES)]) == pytest.approx(0.096)


def test_emotions_are_told_apart(offsets: torch.Tensor) -> None:
    """No two faces point the same way."""
    rows = torch.nn.functional.normalize(offsets[1:, :-6], dim=1)
    alike = rows @ rows.T - torch.eye(7)
    assert float(alike.max()) < 0.8


def test_only_contempt_is_one_sided(offsets: torch.Tensor) -> None:
    """All prototypes but contempt's are symmetric."""
    for row, emotion in enumerate(EMOTIONS):
        sides = [
            (offsets[row, i], offsets[row, NAMES.index(n[:-4] + "Right")])
            for i, n in enumerate(NAMES)
            if n.endswith("Left") and n != "mouthLeft"
        ]
        assert any(left != right for left, right in sides) == (emotion == "contempt")


def test_a_unit_weighs_the_mean_of_both_sources() -> None:
    """Six of ten people raise their inner brows when sad and the guide names it: eight tenths."""
    assert action_units("sad")[1] == pytest.approx(0.8)
    assert action_units("happy")[25] == pytest.approx(0.5)
    assert action_units("neutral") == {}


def test_a_head_that_lacks_a_shape_goes_without_it() -> None:
    """Names decide the columns; an unknown name stays zero."""
    some = prior_offsets(["mouthSmileRight", "somethingElse"])
    assert some.shape == (8, 8)
    assert float(some[1, 0]) > 0.5
    assert not some[:, 1].any()


def test_a_published_face_takes_the_place_of_what_the_neutral_face_wears(offsets: torch.Tensor) -> None:
    """Anger brings raised brows down, surprise leaves them, and what articulates stays."""
    raised, pucker = NAMES.index("browInnerUp"), NAMES.index("mouthPucker")
    neutral, shown = torch.zeros(len(NAMES) + 6), torch.ones(len(NAMES))
    neutral[raised], neutral[pucker], shown[pucker] = 0.7, 0.5, 0.0
    unseen = unseen_offsets(neutral, shown, NAMES)
    angry, surprised = EMOTIONS.index("angry"), EMOTIONS.index("surprised")
    assert neutral[raised] + unseen[angry, raised] < 0.3
    assert unseen[surprised, raised] == offsets[surprised, raised]
    torch.testing.assert_close(unseen[:, pucker], offsets[:, pucker])
    assert (unseen[EMOTIONS.index("neutral")] == 0).all()
    torch.testing.assert_close(unseen_offsets(torch.zeros_like(neutral), shown, NAMES), offsets)


def test_only_what_nobody_recorded_is_filled_in(offsets: torch.Tensor) -> None:
    """A recorded emotion stays as it is, however small; one that is already known too; an empty one gets its face."""
    own = torch.zeros_like(offsets)
    own[EMOTIONS.index("sad"), 3] = 0.4
    filled = with_prior(own, ["neutral", "happy"], NAMES)
    same = [EMOTIONS.index(e) for e in ("neutral", "happy", "sad")]
    assert torch.equal(filled[same], own[same])
    assert torch.equal(filled[EMOTIONS.index("fear")], offsets[EMOTIONS.index("fear")])
    assert not own[EMOTIONS.index("fear")].any()
