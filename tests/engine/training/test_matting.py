"""Mattes: the background plate tells where a soft outline really runs."""

import numpy as np

from emotalker.engine.training.matting import DOUBT, sharpened


def soft_person(shift: int, person: float = 0.1, background: float = 0.5):
    """A dark person left of column 50 of 100, and a soft matte whose middle lies `shift` columns further right."""
    image = np.full((100, 100, 3), background, np.float32)
    image[:, :50] = person
    ramp = np.clip((50 + shift + 8 - np.arange(100) - 0.5) / 16, 0, 1)
    return image, np.tile(ramp.astype(np.float32), (100, 1)), np.full((100, 100, 3), background, np.float32)


def test_a_biased_soft_outline_finds_the_edge() -> None:
    """Three columns off and sixteen wide: afterwards every pixel is on its true side."""
    matte, _ = sharpened(*soft_person(3))
    truth = np.tile(np.arange(100) < 50, (100, 1))
    np.testing.assert_array_equal(matte > 0.5, truth)


def test_where_the_person_looks_like_the_background_nothing_is_claimed() -> None:
    """Without contrast the uncertain band weighs nothing and the sure parts keep their weight."""
    image, soft, plate = soft_person(0, person=0.49)
    _, weight = sharpened(image, soft, plate)
    band = (soft > 0.02) & (soft < 0.98)
    assert weight[band].max() < 0.05 * DOUBT
    assert (weight[~band] == 1).all()


def test_sure_pixels_keep_the_segmenters_word() -> None:
    """Outside the band the matte is unchanged, even where the person wears the background's colour."""
    image, soft, plate = soft_person(0)
    image[40:60, 5:25] = 0.5
    matte, _ = sharpened(image, soft, plate)
    sure = (soft <= 0.02) | (soft >= 0.98)
    np.testing.assert_array_equal(matte[sure], soft[sure])
