"""Pictures with a see-through background."""

from __future__ import annotations

import numpy as np

from emotalker.engine.bench.scene import head_blob
from emotalker.engine.gaussians.cpu import PlaybackRenderer
from emotalker.engine.gaussians.cpu.playback import arrays_of
from emotalker.engine.render.still import still_rgba


def test_laid_over_a_background_it_is_the_usual_picture() -> None:
    """Straight alpha: colour times alpha plus background gives what the viewport shows, within two levels."""
    gaussians, camera = head_blob(800, 96)
    picture = still_rgba(gaussians, camera)
    assert picture.shape == (96, 96, 4)
    assert picture.dtype == np.uint8
    alpha = picture[..., 3:] / 255
    assert alpha[0, 0] == 0
    assert alpha[48, 48] > 0.9
    for shade in ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), (0.0, 0.7, 0.2)):
        laid = picture[..., :3] * alpha + 255 * np.array(shade) * (1 - alpha)
        usual = PlaybackRenderer().render(gaussians, camera, shade)
        assert np.abs(laid - usual).max() < 2.1


def test_arrays_serve_as_well() -> None:
    """What a frame carries and a set of Gaussians give the same picture."""
    gaussians, camera = head_blob(200, 48)
    assert np.array_equal(still_rgba(arrays_of(gaussians), camera), still_rgba(gaussians, camera))
