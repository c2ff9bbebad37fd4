"""Several people learn what emotions do together, stop and go on, and each twin stands alone afterwards."""

from __future__ import annotations

import json
import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emotalker.engine.avatar import Avatar
from emotalker.engine.avatar.build import build
from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.engine.emotion.deformation import Conditions, DeformationConfig
from emotalker.engine.errors import UserError
from emotalker.engine.files import read_arrays
from emotalker.engine.head.folder import head_of
from emotalker.engine.jobs import Event, Metric, Outcome, StopToken, run
from emotalker.engine.torch_threads import one_torch_thread
from emotalker.engine.training.combine import Person, combine
from emotalker.engine.training.config import Stage2Config
from emotalker.engine.training.frames import TrainingFrames
from emotalker.engine.training.stage2 import MODEL, Stage2Trainer

CONFIG = Stage2Config(
    steps=10, size=96, weight_vgg=0.0, preview_every=10, lr=3e-3, deformation=DeformationConfig(n_anchors=120)
)


@pytest.fixture(scope="module")
def people(fitted, tmp_path_factory: pytest.TempPathFactory) -> list[Person]:
    """Two people of different heads: other Gaussians, and so other anchors."""
    folder = tmp_path_factory.mktemp("people")
    return [fitted(folder / name, name, n) for name, n in (("ada", 900), ("bo", 1200))]


def train(people: list[Person], out: Path, stop_at: int | None = None) -> tuple[Outcome, list[Person]]:
    """Train them together into fresh folders, asking to stop after a number of looks."""
    stop, metrics = StopToken(), []

    def listen(event: Event) -> None:
        if isinstance(event, Metric):
            metrics.append(event)
            if stop_at is not None and len(metrics) >= stop_at:
                stop.request()

    here = [replace(p, out=out / p.name) for p in people]
    return run(combine(here, CONFIG, stop), listen), here


def test_what_they_share_is_the_same_and_what_is_their_own_is_not(people: list[Person], tmp_path: Path) -> None:
    """Attention and regressors are equal to the last bit, have learned, and each keeps its own anchors and basis."""
    outcome, here = train(people, tmp_path)
    assert outcome is Outcome.FINISHED
    ada, bo = (read_arrays(p.out / "model.safetensors")[0] for p in here)
    shared = [k for k in ada if k.startswith(("deform.attention", "deform.regressors"))]
    assert len(shared) > 10
    for name in shared:
        np.testing.assert_array_equal(ada[name], bo[name], err_msg=name)
    assert not np.array_equal(ada["deform.embedding"], bo["deform.embedding"])
    assert not np.array_equal(ada["deform.anchors"], bo["deform.anchors"])
    assert float(np.abs(ada["deform.regressors.2.bias"]).max()) > 1e-3, "it begins at zero"


def test_each_twin_stands_alone(people: list[Person], tmp_path: Path) -> None:
    """Packed, every twin plays by itself, also when the other's folder is gone."""
    _, here = train(people, tmp_path)
    shutil.rmtree(here[0].out)
    bo = here[1]
    twin = Avatar.load(build(bo.track_dir, bo.fit_dir, bo.express_dir, bo.out, tmp_path / "twin", bo.clips, bo.name))
    controls = twin.controls_from_speech(twin.quiet(), EmotionCurve.constant("happy", 2.0), n_frames=5)
    assert twin.emotive is not None
    columns = twin.emotive.columns(controls.frame(3))
    assert np.isfinite(columns).all()
    assert np.abs(columns).max() > 1e-4


def test_stopped_and_resumed_equals_uninterrupted(people: list[Person], tmp_path: Path) -> None:
    """Both people's networks end bit-equal; asked again, there is nothing to do."""
    _, whole = train(people, tmp_path / "whole")
    stop = StopToken()
    stop.request()
    here = [replace(p, out=tmp_path / "parts" / p.name) for p in people]
    assert run(combine(here, CONFIG, stop)) is Outcome.STOPPED  # after the first step
    outcome, parts = train(people, tmp_path / "parts")
    assert outcome is Outcome.FINISHED
    for a, b in zip(whole, parts):
        first, second = (read_arrays(p.out / "model.safetensors")[0] for p in (a, b))
        for name in first:
            np.testing.assert_array_equal(first[name], second[name], err_msg=name)
    events: list[Event] = []
    assert run(combine(here, CONFIG, StopToken()), events.append) is Outcome.FINISHED
    assert any("already" in getattr(e, "text", "") for e in events)


def test_what_was_logged_of_each_is_kept(people: list[Person], tmp_path: Path) -> None:
    """Each person's folder has the losses of their own steps, once, also after a stop."""
    stop = StopToken()
    stop.request()
    here = [replace(p, out=tmp_path / p.name) for p in people]
    assert run(combine(here, CONFIG, stop)) is Outcome.STOPPED
    train(people, tmp_path)
    for person in here:
        lines = (person.out / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
        assert [json.loads(line)["step"] for line in lines] == [CONFIG.steps]


def test_a_mute_clip_is_learned_from_the_tracker_alone(people: list[Person]) -> None:
    """What A2ET makes of no sound is a shut mouth; the picture's open one must not be blamed on the emotion."""
    ada = people[0]
    frames = TrainingFrames(head_of(ada.track_dir), ada.clips, ada.track_dir, CONFIG.size, 2.0, ada.fit_dir)
    with closing(frames), one_torch_thread():
        trainer = Stage2Trainer(frames, ada.fit_dir / MODEL, ada.express_dir, replace(CONFIG, driven=1.0))
        assert not any(d.has_sound for d in trainer.driven)
        asked: list[bool] = []
        conditions = trainer.conditions

        def noted(clip: int, frame: int, heard: bool, blank: bool = False) -> Conditions:
            asked.append(heard)
            return conditions(clip, frame, heard, blank)

        trainer.conditions = noted  # type: ignore[method-assign]
        trainer.train_step([frames.read(n) for n in range(3)])
    assert asked
    assert not any(asked)


def test_people_who_do_not_fit_together_are_named(fitted, people: list[Person], tmp_path: Path) -> None:
    """One person is not several, and another speech encoder is said before any training."""
    with pytest.raises(UserError, match="nothing to combine"):
        run(combine(people[:1], CONFIG, StopToken()))
    other = fitted(tmp_path / "cy", "cy", 900, 10)
    with pytest.raises(UserError, match="cy"):
        run(combine([replace(people[0], out=tmp_path / "a"), other], CONFIG, StopToken()))
