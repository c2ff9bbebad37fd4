"""The presets of stage 1: what a name promises about Gaussians, pixels and work."""

import itertools

from emotalker.engine.presets import NAMES, preset


def test_names_promise_gaussians_and_pixels() -> None:
    """Draft is 10 000 at 256 pixels, Standard 20 000 at 512, Best 50 000 and more at 512, twice that on a card."""
    fits = {name: preset(name).fit for name in NAMES}
    assert [(fits[n].count, fits[n].size) for n in ("draft", "standard")] == [(10_000, 256), (20_000, 512)]
    best = fits["best"]
    assert best.count >= 50_000
    assert best.size == 512
    assert best.more_on_cuda > 1


def test_dearer_presets_work_more() -> None:
    """Each takes more steps, starts with more Gaussians and may grow to more than the one before."""
    fits = [preset(name).fit for name in ("tiny", "draft", "standard", "best")]
    for small, large in itertools.pairwise(fits):
        assert small.steps < large.steps
        assert small.count < large.count
        assert small.most < large.most
    assert all(f.most > f.count for f in fits)
