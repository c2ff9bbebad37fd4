"""A face that moves in a known way, as landmarks and as a film of the sample person."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from emotalker.engine import assets
from emotalker.engine.head.default import load_default_head
from emotalker.engine.head.model import axis_angle_to_matrix
from emotalker.engine.synthetic.sample import SampleClip, SampleConfig, sample_clips
from emotalker.engine.tracking.fitting.points import FrameState, landmark_points, projected
from emotalker.engine.tracking.fitting.system import Observations

MODELS = ("face_landmarker", "face_detector_full_range", "selfie_segmentation")
FOCAL, SIZE = 1280.0, 512.0


@pytest.fixture(scope="session")
def models() -> None:
    """Skips the test where the face models are not on this computer."""
    missing = [name for name in MODELS if assets.path(name) is None]
    if missing:
        pytest.skip(f"not downloaded: {', '.join(missing)}")


@pytest.fixture(scope="session")
def identity() -> torch.Tensor:
    """Somebody."""
    generator = torch.Generator().manual_seed(3)
    return 0.6 * torch.randn(len(load_default_head().identity_basis), generator=generator)


@pytest.fixture(scope="session")
def motion() -> FrameState:
    """Two seconds of talking, blinking, nodding and looking around."""
    names = load_default_head().expression_names
    t = torch.arange(50) / 25.0
    psi = torch.zeros(50, len(names))
    waves = {"browInnerUp": 3.0, "mouthPucker": 7.0, "mouthSmileLeft": 2.0, "mouthSmileRight": 2.0, "mouthFunnel": 5.0}
    for name, speed in waves.items():
        psi[:, names.index(name)] = (0.5 * torch.sin(speed * t)).clamp_min(0)
    for side in ("Left", "Right"):
        psi[20:25, names.index("eyeBlink" + side)] = torch.tensor([0.4, 0.9, 1.0, 0.7, 0.3])
    jaw = torch.zeros(50, 3)
    jaw[:, 0] = 0.12 + 0.1 * torch.sin(11 * t)
    gaze = torch.stack([0.05 * torch.sin(t), 0.15 * torch.sin(2 * t)] * 2, 1)
    turn = torch.stack([0.10 * torch.sin(2 * t), 0.25 * torch.sin(1.5 * t), 0.05 * torch.sin(3 * t)], 1)
    rotation = torch.diag(torch.tensor([1.0, -1.0, -1.0])) @ axis_angle_to_matrix(turn)
    place = torch.stack([0.01 * torch.sin(t), 0.02 + 0 * t, 0.85 + 0.01 * torch.sin(2 * t)], 1)
    return FrameState(psi, jaw, gaze, rotation, place)


@pytest.fixture(scope="session")
def seen(identity: torch.Tensor, motion: FrameState) -> Observations:
    """The landmarks of `motion` with half a percent of noise, and no help from blendshape scores."""
    points = landmark_points(load_default_head()).shaped(identity)
    pixels, _ = projected(points.positions(motion), motion, FOCAL, SIZE / 2)
    distance = float((pixels[:, 33] - pixels[:, 263]).norm(dim=1).median())
    noise = torch.randn(pixels.shape, generator=torch.Generator().manual_seed(4))
    count = len(motion)
    return Observations(
        pixels + 0.005 * distance * noise, torch.ones(count), torch.zeros(count, 52), distance, FOCAL, SIZE / 2
    )


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> list[SampleClip]:
    """Two short clips of the sample person."""
    folder = tmp_path_factory.mktemp("film")
    config = SampleConfig(size=256, seconds=1.6, emotions=("neutral", "happy"), levels=(2.0,))
    return list(sample_clips(Path(folder), config))
