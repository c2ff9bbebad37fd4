"""What any mouth does for a sound: the generic mapping to a face, and a network that hears recordings of any length."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
import torch

from emotalker.engine.a2et.articulation import (
    CHANNELS,
    JAW_OPEN,
    Articulator,
    ArticulatorSpec,
    load_articulator,
    mouth_pose,
    save_articulator,
)
from emotalker.engine.errors import UserError
from emotalker.engine.files import read_arrays
from emotalker.engine.head.default import load_default_head
from emotalker.engine.synthetic.performance import perform
from emotalker.engine.synthetic.phones import script

S = 12
SPEC = ArticulatorSpec(speech="none", speech_width=S, width=32, heads=4, ffn=48, window=7, layers=2)


@pytest.fixture
def small() -> Articulator:
    """Untrained, but lively."""
    torch.manual_seed(1)
    return Articulator(SPEC).eval()


def test_channels_move_what_they_name() -> None:
    """Open jaws turn the jaw, closed lips shut it whatever it wants, rounding puckers; nothing else moves."""
    names = load_default_head().expression_names
    psi, jaw = mouth_pose(np.eye(len(CHANNELS)), names)
    assert jaw[CHANNELS.index("jaw"), 0] == pytest.approx(JAW_OPEN)
    rounded = dict(zip(names, psi[CHANNELS.index("rounded")]))
    assert max(rounded, key=lambda n: rounded[n]).startswith("mouthPucker")
    assert not psi[:, [n.startswith(("brow", "eye", "nose")) for n in names]].any()
    both = np.zeros((1, len(CHANNELS)))
    both[0, [CHANNELS.index("jaw"), CHANNELS.index("closed")]] = 1
    assert mouth_pose(both, names)[1][0, 0] < 0.2 * JAW_OPEN
    assert psi.min() >= 0
    assert psi.max() <= 1


def test_the_sample_person_speaks_with_it() -> None:
    """The sample person's mouth is this mapping and what it was before both shared it."""
    names = load_default_head().expression_names
    acted = perform(script(6.0, 0, 1.0), 6.0, 25.0, "happy", 2.0, names, 0)
    means = dict(zip(names, acted.psi.mean(0)))
    before = {"mouthClose": 0.032701, "mouthFunnel": 0.032859, "mouthPressLeft": 0.071532, "mouthPucker": 0.059342,
              "mouthRollLower": 0.051446, "mouthStretchLeft": 0.051059, "mouthUpperUpLeft": 0.241433}  # fmt: skip
    assert {n: means[n] for n in before} == pytest.approx(before, abs=2e-6)
    assert acted.jaw[:, 0].mean() == pytest.approx(0.045461, abs=2e-6)
    assert acted.jaw[:, 0].std() == pytest.approx(0.037392, abs=2e-6)


def test_a_long_recording_is_heard_as_in_one_piece(small: Articulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks leave no seams, and where there is no sound there is an answer."""
    random = np.random.default_rng(0)
    features, voice = random.standard_normal((400, S)).astype(np.float32), random.random(400).astype(np.float32)
    whole = small.hear(features, voice, 200)
    assert whole.shape == (200, len(CHANNELS))
    assert 0 < whole.min() < whole.max() < 1
    monkeypatch.setattr("emotalker.engine.a2et.articulation.BLOCK", 33)
    np.testing.assert_allclose(small.hear(features, voice, 200), whole, atol=1e-5)
    assert small.hear(features, voice, 0).shape == (0, len(CHANNELS))
    assert not small.hear(features[:0], voice[:0], 5).any()


def test_invalid_frames_are_not_heard(small: Articulator) -> None:
    """What stands behind the end of a padded sequence changes nothing before it."""
    random = torch.Generator().manual_seed(0)
    speech, voice = torch.randn(1, 30, 2, S, generator=random), torch.rand(1, 30, 2, generator=random)
    valid = torch.arange(30)[None] < 20
    other = torch.where(valid[..., None, None], speech, torch.randn(1, 30, 2, S, generator=random))
    a, b = (small(x, voice, valid)[:, :19] for x in (speech, other))
    np.testing.assert_allclose(a.detach(), b.detach(), atol=1e-5)


def test_a_saved_articulator_comes_back(small: Articulator, tmp_path: Path) -> None:
    """In half precision it answers all but the same; a file of something else is refused in words."""
    path = tmp_path / "a.safetensors"
    save_articulator(small, path)
    features, voice = np.ones((50, S), np.float32), np.ones(50, np.float32)
    found = load_articulator(path)
    assert found.spec == SPEC
    assert not any(p.requires_grad for p in found.parameters())
    np.testing.assert_allclose(found.hear(features, voice, 25), small.hear(features, voice, 25), atol=5e-3)
    other = tmp_path / "b.safetensors"
    save_articulator(Articulator(ArticulatorSpec(speech_width=S, width=8, heads=2, ffn=8, layers=1)), other)
    other.write_bytes(other.read_bytes().replace(b'\\"width\\"', b'\\"depth\\"'))
    with pytest.raises(UserError, match="mouths"):
        load_articulator(other)


def test_the_shipped_one_fits_the_program() -> None:
    """It is small, made for the default encoder, and keeps still for a voice that is not there."""
    shipped = load_articulator()
    assert shipped.spec.speech == "whisper_tiny_en"
    assert sum(p.numel() for p in shipped.parameters()) < 2_000_000
    mean = shipped.feature_mean.numpy()
    quiet = shipped.hear(np.repeat(mean[None], 100, 0), np.zeros(100, np.float32), 50)
    assert quiet.shape == (50, len(CHANNELS))
    assert np.isfinite(quiet).all()


@pytest.mark.parametrize(("voice", "row"), [("judge_real", 0), ("judge_piper_joe", 1), ("judge_kokoro_kumo", 2)])
def test_the_model_card_tells_the_figures_of_the_file(voice: str, row: int) -> None:
    """What its making wrote into the file is what the card says, and enough for voices nothing learned from."""
    folder = resources.files("emotalker.resources")
    with resources.as_file(folder / "articulator.safetensors") as path:
        figures = json.loads(read_arrays(path)[1]["figures"])[voice]
    rows = [line for line in (folder / "articulator.md").read_text("utf-8").splitlines() if line.count("|") == 9]
    cells = [cell.strip(" %") for cell in rows[row + 2].split("|")[2:9]]
    shown = [f"{figures[c]:.2f}" for c in CHANNELS]
    assert cells == [*shown, f"{100 * figures['closure_recall']:.0f}", f"{100 * figures['silence']:.1f}"]
    wanted = {"jaw": 0.65, "closed": 0.82, "rounded": 0.78, "closure_recall": 0.88}
    assert all(figures[name] >= least for name, least in wanted.items())
    assert figures["silence"] <= 0.03
