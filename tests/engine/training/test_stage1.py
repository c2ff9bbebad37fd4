"""Stage 1 learns, stops and goes on."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emotalker.engine.clip import ClipInput
from emotalker.engine.errors import UserError
from emotalker.engine.files import read_arrays
from emotalker.engine.jobs import Event, Metric, Outcome, StopToken, run
from emotalker.engine.refining.config import RefineConfig
from emotalker.engine.tracking.track import Track
from emotalker.engine.training.config import Stage1Config
from emotalker.engine.training.stage1 import fit

CONFIG = Stage1Config(steps=60, count=900, most=1000, size=96, densify_every=30, densify_gradient=1e-6)


def train(
    person, out: Path, config: Stage1Config, stop_at: int | None = None, clips: list[ClipInput] | None = None
) -> tuple[Outcome, list[Metric]]:
    """Run stage 1 on the person's or other clips, asking it to stop at a step."""
    stop, metrics = StopToken(), []

    def listen(event: Event) -> None:
        if isinstance(event, Metric):
            metrics.append(event)
            if stop_at is not None and event.step >= stop_at:
                stop.request()

    return run(fit(clips or person.clips, person.track_dir, out, config, stop), listen), metrics


def test_the_head_gets_closer_to_the_pictures(person, tmp_path: Path) -> None:
    """Sixty steps lower the loss, sharpen the picture by half a decibel at least and add Gaussians."""
    outcome, metrics = train(person, tmp_path, CONFIG)
    assert outcome is Outcome.FINISHED
    assert metrics[-1].values["loss"] < metrics[0].values["loss"]
    assert metrics[-1].values["psnr"] > metrics[0].values["psnr"] + 0.5
    assert metrics[-1].values["gaussians"] > metrics[0].values["gaussians"]
    assert (tmp_path / "previews" / "000060.png").exists()


def test_a_finished_run_says_how_every_clip_came_out(person, tmp_path: Path) -> None:
    """done.json holds a sentence per training clip, and the tracks as corrected lie beside the model."""
    train(person, tmp_path, CONFIG)
    said = json.loads((tmp_path / "done.json").read_text())["verdicts"]
    assert [v["clip"] for v in said] == [c.id for c in person.clips]
    assert all(v["clip"] in v["text"] and v["text"].endswith(".") and v["error"] > 0 for v in said)
    for clip in person.clips:
        before = Track.load(person.track_dir / "clips" / clip.id / "track.safetensors")
        after = Track.load(tmp_path / "tracks" / f"{clip.id}.safetensors")
        np.testing.assert_array_equal(before.jaw, after.jaw)
        assert 0 < np.abs(after.root_translation - before.root_translation).max() < 0.01


def test_stopped_and_resumed_equals_uninterrupted(person, tmp_path: Path) -> None:
    """A run stopped in the middle, after densification, ends bit-equal."""
    train(person, tmp_path / "whole", CONFIG)
    outcome, _ = train(person, tmp_path / "parts", CONFIG, stop_at=40)
    assert outcome is Outcome.STOPPED
    assert train(person, tmp_path / "parts", CONFIG)[0] is Outcome.FINISHED
    whole, parts = (read_arrays(tmp_path / name / "model.safetensors")[0] for name in ("whole", "parts"))
    assert whole.keys() == parts.keys()
    for name in whole:
        np.testing.assert_array_equal(whole[name], parts[name], err_msg=name)
    lines = [(tmp_path / name / "metrics.jsonl").read_text() for name in ("whole", "parts")]
    assert lines[0] == lines[1]


def test_tracks_refined_halfway_survive_interruptions(person, tmp_path: Path) -> None:
    """Halfway the training tracks are refined, and only those; stopped before and after, the head ends the same."""
    config = replace(CONFIG, refine=RefineConfig(1, size=48), densify_every=20)
    clips = [person.clips[0], replace(person.clips[1], held_out=True)]
    for stop_at in (20, 40):
        assert train(person, tmp_path / "parts", config, stop_at, clips)[0] is Outcome.STOPPED
    for name in ("whole", "parts"):
        assert train(person, tmp_path / name, config, clips=clips)[0] is Outcome.FINISHED
        halfway = tmp_path / name / "halfway" / "tracks"
        assert [p.stem for p in halfway.glob("*.safetensors")] == [clips[0].id]
    whole, parts = (read_arrays(tmp_path / name / "model.safetensors")[0] for name in ("whole", "parts"))
    for name in whole:
        np.testing.assert_array_equal(whole[name], parts[name], err_msg=name)


def test_held_out_clips_teach_nothing(person, tmp_path: Path) -> None:
    """With every clip held out there is nothing to train on, and the message says so."""
    clips = [replace(c, held_out=True) for c in person.clips]
    with pytest.raises(UserError, match="no frame to train on"):
        run(fit(clips, person.track_dir, tmp_path, CONFIG, StopToken()))


def test_a_damaged_checkpoint_is_named(person, tmp_path: Path) -> None:
    """A checkpoint of garbage gives a clear error and stays where it is."""
    train(person, tmp_path, CONFIG, stop_at=20)
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(UserError, match=r"checkpoint\.safetensors"):
        train(person, tmp_path, CONFIG)
    assert path.stat().st_size == 1000
