"""Stage 2 learns, stops and goes on, and can be left out."""

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch

from emotalker.engine.a2et.config import ExpressConfig
from emotalker.engine.a2et.stage import express
from emotalker.engine.assets import path as asset_path
from emotalker.engine.avatar import Avatar
from emotalker.engine.avatar.build import build, own_shapes
from emotalker.engine.avatar.clips import ClipRenderer
from emotalker.engine.emotion.curve import EmotionCurve, Keyframe
from emotalker.engine.emotion.deformation import DeformationConfig
from emotalker.engine.emotion.known import Known
from emotalker.engine.emotion.labels import EMOTIONS
from emotalker.engine.errors import UserError
from emotalker.engine.files import read_arrays
from emotalker.engine.gaussians.blendshapes import FACE
from emotalker.engine.head.folder import head_of
from emotalker.engine.jobs import Event, Metric, Outcome, StopToken, run
from emotalker.engine.torch_threads import one_torch_thread
from emotalker.engine.training.config import Stage1Config, Stage2Config
from emotalker.engine.training.frames import TrainingFrames
from emotalker.engine.training.loss.losses import picture_loss
from emotalker.engine.training.stage1 import fit
from emotalker.engine.training.stage2 import Stage2Trainer, emote

pytestmark = [
    pytest.mark.assets,
    pytest.mark.skipif(asset_path("whisper_tiny_en") is None, reason="the speech encoder is not on this computer"),
]
CONFIG = Stage2Config(
    steps=12, size=96, weight_vgg=0.0, preview_every=6, lr=3e-3, deformation=DeformationConfig(n_anchors=200)
)


@dataclass(frozen=True)
class Stages:
    """Folders of the stages before."""

    clips: list
    track: Path
    fit: Path
    express: Path


@pytest.fixture(scope="module")
def stages(person, tmp_path_factory: pytest.TempPathFactory) -> Stages:
    """A small stage 1 and A2ET of the sample person."""
    folder = tmp_path_factory.mktemp("stages")
    small = Stage1Config(steps=30, count=900, most=900, size=96)
    run(fit(person.clips, person.track_dir, folder / "fit", small, StopToken()))
    tiny = ExpressConfig(steps=6, batch=2, frames=16, neutral_layers=1, emotion_layers=1)
    run(express(person.clips, person.track_dir, folder / "express", tiny, StopToken()))
    return Stages(person.clips, person.track_dir, folder / "fit", folder / "express")


def train(s: Stages, out: Path, config: Stage2Config, stop_at: int | None = None) -> tuple[Outcome, list[Metric]]:
    """Run stage 2, asking it to stop at a step."""
    stop, metrics = StopToken(), []

    def listen(event: Event) -> None:
        if isinstance(event, Metric):
            metrics.append(event)
            if stop_at is not None and event.step >= stop_at:
                stop.request()

    return run(emote(s.clips, s.track, s.fit, s.express, out, config, stop), listen), metrics


def test_stopped_and_resumed_equals_uninterrupted(stages: Stages, tmp_path: Path) -> None:
    """A run stopped in the middle ends bit-equal, and its losses are finite."""
    outcome, metrics = train(stages, tmp_path / "whole", CONFIG)
    assert outcome is Outcome.FINISHED
    assert all(np.isfinite(v) for m in metrics for v in m.values.values())
    assert train(stages, tmp_path / "parts", CONFIG, stop_at=10)[0] is Outcome.STOPPED
    assert train(stages, tmp_path / "parts", CONFIG)[0] is Outcome.FINISHED
    whole, parts = (read_arrays(tmp_path / name / "model.safetensors")[0] for name in ("whole", "parts"))
    assert whole.keys() == parts.keys()
    for name in whole:
        np.testing.assert_array_equal(whole[name], parts[name], err_msg=name)


def test_the_twin_differs_with_and_without_it(stages: Stages, tmp_path: Path) -> None:
    """The packed twin renders the clip; leaving stage 2 out gives another picture, not an error."""
    pictures = []
    for name, config in (("with", CONFIG), ("without", Stage2Config(without_egd=True))):
        train(stages, tmp_path / name, config)
        twin = build(
            stages.track, stages.fit, stages.express, tmp_path / name, tmp_path / f"{name}-twin", stages.clips, "T"
        )
        pictures.append(ClipRenderer(twin, stages.track, stages.clips).tracked("happy_level2", 5, 96).astype(int))
    difference = np.abs(pictures[0] - pictures[1])
    assert difference.max() > 2
    assert difference.mean() < 20


@pytest.fixture(scope="module")
def twin(stages: Stages, tmp_path_factory: pytest.TempPathFactory) -> Avatar:
    """A twin of neutral and happy clips whose stage 2 has learned for a while at a high rate."""
    folder = tmp_path_factory.mktemp("twin")
    train(stages, folder / "emote", replace(CONFIG, steps=40, lr=1e-2, blank_labels=0.3))
    return Avatar.load(
        build(stages.track, stages.fit, stages.express, folder / "emote", folder / "t", stages.clips, "T")
    )


def moved_by(avatar: Avatar, emotion: str, level: float) -> tuple[np.ndarray, np.ndarray]:
    """Offsets of stage 2 at the anchors [T, P, 14] and points of the head [T, N, 3] of a second in silence."""
    controls = avatar.controls_from_speech(avatar.quiet(), EmotionCurve.constant(emotion, level), n_frames=10)
    frames = [controls.frame(i) for i in (0, 4, 9)]
    assert avatar.emotive is not None
    return np.stack([avatar.emotive.columns(f) for f in frames]), np.stack([avatar.arrays(f).means for f in frames])


def test_the_twin_knows_what_it_was_trained_on(twin: Avatar) -> None:
    """Labels and the reach of every anchor come out of the stage's file."""
    assert twin.emotive is not None
    assert twin.emotive.known == Known.of([("neutral", 0.0), ("happy", 2.0)], True)
    reach = twin.emotive.network.reach
    assert torch.isfinite(reach).all()
    assert float(reach.max()) > 1e-4


def test_displacement_grows_with_the_level_of_every_emotion(twin: Avatar) -> None:
    """0, 0.5 .. 3 for recorded emotions and for those nobody recorded; level 0 is the same frame for all."""
    calm = moved_by(twin, "neutral", 0.0)[1]
    for emotion in EMOTIONS[1:]:
        points = [moved_by(twin, emotion, level)[1] for level in np.arange(0, 3.1, 0.5)]
        np.testing.assert_array_equal(points[0], calm)
        sizes = [np.linalg.norm(p - calm, axis=-1).mean() for p in points]
        assert np.all(np.diff(sizes) > 0), (emotion, sizes)


def test_stage_two_does_not_go_wild_about_emotions_it_never_saw(twin: Avatar) -> None:
    """Its offsets for them stay within what it does for the emotion it learned, and near the neutral ones."""
    calm, happy = moved_by(twin, "neutral", 0.0)[0], moved_by(twin, "happy", 3.0)[0]
    limits = twin.emotive.network.limits.numpy()
    known = np.abs((happy - calm) / limits).max()
    for emotion in EMOTIONS[2:]:
        change = np.abs((moved_by(twin, emotion, 3.0)[0] - calm) / limits)
        # the basis carries positions of shapes that only this emotion moves
        assert change[..., 3:].max() <= 1.5 * known + 0.02, emotion
        assert change[..., :3].max() <= 1.5 * known + 0.1, emotion


def test_a_transition_has_no_jump(twin: Avatar) -> None:
    """From happy 3 to sad 3 in half a second no frame moves the face by more than twice the median."""
    keys = (Keyframe.of(0.0, "happy", 3.0), Keyframe.of(0.2, "happy", 3.0), Keyframe.of(0.7, "sad", 3.0))
    controls = twin.controls_from_speech(twin.quiet(), EmotionCurve(keys), n_frames=20)
    controls = replace(controls, neck=controls.neck * 0, root=controls.root[:1].repeat(20, 0))
    points = np.stack([twin.arrays(controls.frame(i)).means for i in range(6, 17)])
    steps = np.linalg.norm(np.diff(points, axis=0), axis=-1).mean(1)
    assert controls.au45[6:17].max() == 0, "a blink would hide what is measured"
    assert steps.max() < 2 * np.median(steps), steps


def test_without_ngi_it_brings_its_own_grey_gaussians(stages: Stages, tmp_path: Path) -> None:
    """The ablation plays untrained Gaussians: another number of them, and a grey face before the offsets."""
    train(stages, tmp_path / "emote", replace(CONFIG, without_ngi=True, grey_count=500))
    avatar = Avatar.load(
        build(stages.track, stages.fit, stages.express, tmp_path / "emote", tmp_path / "t", stages.clips, "T")
    )
    assert len(avatar.shapes) != len(own_shapes(stages.fit / "model.safetensors"))
    assert not avatar.shapes.base.sh[avatar.shapes.layer == FACE].any()
    assert avatar.emotive is not None
    assert float(avatar.emotive.network.limits[-1]) == 2.0


def test_a_batch_is_the_mean_of_its_frames(stages: Stages) -> None:
    """Gathering slopes where the network answers gives the gradient of the plain way, frame by frame."""
    config = replace(CONFIG, batch=2, steps=10, weight_steady=0.0, blank_labels=0.0, driven=0.0)
    frames = TrainingFrames(head_of(stages.track), stages.clips, stages.track, 96, 2.0, stages.fit)
    with closing(frames), one_torch_thread():
        trainer = Stage2Trainer(frames, stages.fit / "model.safetensors", stages.express, config)
        batch = [frames.read(3), frames.read(20)]
        loss = config.weight_flame * trainer.network.flame_loss()
        for s in batch:
            image, _ = trainer.render(s.clip, s.frame, False)
            l1, dssim = picture_loss(image, s.image, s.importance)
            loss = loss + (l1 + config.weight_dssim * dssim) / 2
        wanted = torch.autograd.grad(loss, trainer.network.regressors[2].weight)[0]
        trainer.optimizer.step = lambda: None
        values = trainer.train_step(batch)
    got = trainer.network.regressors[2].weight.grad
    assert float(wanted.abs().max()) > 1e-5
    torch.testing.assert_close(got, wanted, atol=1e-5 * float(wanted.abs().max()) + 1e-7, rtol=1e-2)
    assert values["loss"] > 0


def test_a_missing_stage_is_named(stages: Stages, tmp_path: Path) -> None:
    """Without stage 1 the error says what to run."""
    with pytest.raises(UserError, match="cannot start"):
        run(emote(stages.clips, stages.track, tmp_path, stages.express, tmp_path / "out", CONFIG, StopToken()))
