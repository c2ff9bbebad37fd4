"""Verdicts: the right clip, the right part, the right reason."""

import numpy as np
import pytest

from emotalker.engine.training.watching.verdict import (
    REGIONS,
    ClipFacts,
    RegionErrors,
    relative,
    sharpness_of,
    verdicts,
)

NAMES = ("calm", "happy_level2", "happy_level3")


def errors(**worse: float) -> np.ndarray:
    """Errors of three clips that come out alike, but for regions of the last one, which are so many times worse."""
    root = np.tile([0.04, 0.03, 0.04, 0.03, 0.015], (3, 1))
    for region, times in worse.items():
        root[2, REGIONS.index(region)] *= times
    return root**2


def facts(**last: float) -> list[ClipFacts]:
    """Three good recordings, but for what is said of the last one."""
    good = {"sharpness": 1.0, "confidence": 0.99, "reprojection": 0.03, "opening": 0.3}
    return [ClipFacts(name, **{**good, **(last if name == NAMES[2] else {})}) for name in NAMES]


def test_good_clips_are_said_to_be_good() -> None:
    """Nothing stands out, no region is named."""
    found = verdicts(errors(), facts())
    assert [v.region for v in found] == ["", "", ""]
    assert found[1].text == "Clip happy_level2 comes out as well as the others."


@pytest.mark.parametrize(
    ("last", "reason"),
    [
        ({"reprojection": 0.09}, "the tracker was unsure there"),
        ({"confidence": 0.7}, "the tracker was unsure there"),
        ({"sharpness": 0.5}, "less sharp than those of the other clips"),
        ({"opening": 0.6}, "opens the mouth wider than any other clip"),
        ({}, "shows what few other frames show"),
    ],
)
def test_a_bad_mouth_is_explained(last: dict[str, float], reason: str) -> None:
    """The clip with the bad mouth is named with the reason its recording gives; the others are not blamed."""
    found = verdicts(errors(mouth=2.0), facts(**last))
    assert [v.region for v in found] == ["", "", "mouth"]
    assert found[2].text.startswith("The mouth of clip happy_level3 is blurred because ")
    assert reason in found[2].text
    assert found[2].error == pytest.approx(0.08)


def test_the_worst_region_is_named() -> None:
    """A soft outline three times the usual outweighs eyes half as bad again."""
    found = verdicts(errors(eyes=1.5, edge=3.0), facts())[2]
    assert found.region == "edge"
    assert "outline of hair and shoulders" in found.text


def test_a_single_clip_is_judged_by_itself() -> None:
    """Without others to compare, a poor region is still poor and a clip not seen yet is not judged."""
    poor = verdicts(np.full((1, 5), 0.2**2), facts()[:1])[0]
    assert poor.region
    good = verdicts(errors()[:1], facts()[:1])[0]
    assert good.text == "Clip calm comes out well."
    unknown = verdicts(np.full((1, 5), np.nan), facts()[:1])[0]
    assert (unknown.region, unknown.text) == ("", "No frame of clip calm has been looked at yet.")


def test_running_errors_forget_and_come_back() -> None:
    """Old errors fade, and a checkpoint brings the rest back."""
    first, second = RegionErrors(1), RegionErrors(1)
    mask = {r: np.ones((4, 4), bool) for r in REGIONS[:-1]}
    first.add(0, np.full((4, 4), 1.0, np.float32), mask)
    for _ in range(60):
        first.add(0, np.full((4, 4), 0.01, np.float32), mask)
    assert first.squares[0, 0] == pytest.approx(0.01, abs=0.005)
    second.restore(first.to_arrays())
    np.testing.assert_array_equal(first.squares, second.squares)


def test_blur_lowers_sharpness() -> None:
    """A blurred picture is less sharp, whatever its contrast."""
    rng = np.random.default_rng(0)
    sharp = rng.integers(0, 255, (128, 128, 3), dtype=np.uint8)
    blurred = (sharp.reshape(64, 2, 64, 2, 3).mean((1, 3)).repeat(2, 0).repeat(2, 1)).astype(np.uint8)
    angle = np.linspace(0, 2 * np.pi, 478)
    landmarks = (64 + 40 * np.stack([np.cos(angle), np.sin(angle)], 1)).astype(np.float32)
    values = relative([sharpness_of(p, landmarks) for p in (sharp, blurred, sharp // 2)])
    assert values[1] < 0.75 < 0.9 < values[2]
