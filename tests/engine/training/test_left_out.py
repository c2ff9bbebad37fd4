"""Each ablation is one switch of stage 2's settings, reachable by the paper's name."""

from __future__ import annotations

import dataclasses

import pytest

from emotalker.engine.training.config import PARTS, Stage2Config, without


def test_every_part_is_one_switch() -> None:
    """Leaving a part out changes exactly one setting, and nothing left out changes none."""
    whole = Stage2Config()
    assert without(whole, ()) == whole
    plain = {**dataclasses.asdict(whole), **dataclasses.asdict(whole.deformation)}
    for part in PARTS:
        config = without(whole, [part])
        now = {**dataclasses.asdict(config), **dataclasses.asdict(config.deformation)}
        changed = {k for k in now if k != "deformation" and now[k] != plain[k]}
        assert len(changed) == 1, part
        assert now[changed.pop()] is True


def test_several_can_be_left_out_and_an_unknown_part_is_refused() -> None:
    """They add up."""
    config = without(Stage2Config(), ("null", "a2et"))
    assert config.deformation.mask_null
    assert config.without_a2et
    with pytest.raises(KeyError):
        without(Stage2Config(), ["everything"])
