"""An imported head tracks the sample person, learns a tiny twin of them, and goes with the twin wherever that goes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from emotalker.engine.avatar import Avatar
from emotalker.engine.bench.twin import sample_twin
from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.engine.errors import UserError
from emotalker.engine.files import read_arrays
from emotalker.engine.gaussians.blendshapes import GaussianBlendshapes
from emotalker.engine.head.folder import FILE, head_mark, save_head
from emotalker.engine.head.importing import ImportedHead
from emotalker.engine.head.linear import LinearHead
from emotalker.engine.jobs import Event, Metric, Outcome, StopToken, run
from emotalker.engine.media import FrameStore
from emotalker.engine.tracking.fitting.fit import fit_subject, fit_track
from emotalker.engine.tracking.observing.observe import Observed
from emotalker.engine.tracking.track import Subject, Track
from emotalker.engine.training.config import Stage1Config
from emotalker.engine.training.stage1 import fit

Imported = Callable[[str], ImportedHead]
KINDS = ("flame", "gnm", "ict")
STEPS = Stage1Config(steps=60, count=700, most=700, size=96)


def tracked(person, head: LinearHead, out: Path) -> list[tuple[Track, Track]]:
    """The sample person's clips tracked with `head` into `out`; true and found track of each."""
    clips = [person.track_dir / "clips" / clip.id for clip in person.clips]
    truth = [Track.load(folder / "track.safetensors") for folder in clips]
    ones = [np.ones(len(t), np.float32) for t in truth]
    seen = [Observed(t.landmarks, t.blendshapes, t.confidence, one, t.crop) for t, one in zip(truth, ones)]
    stores = [FrameStore(folder / "frames.store") for folder in clips]
    try:
        subject = fit_subject(head, seen, lambda clip, frame: stores[clip].read(frame)[1], truth[0].size, 6)
    finally:
        for store in stores:
            store.close()
    found = [fit_track(head, subject, s, t.fps) for s, t in zip(seen, truth)]
    save_head(head, out)
    subject.save(out / "subject.safetensors")
    for clip, folder, track in zip(person.clips, clips, found):
        place = out / "clips" / clip.id
        place.mkdir(parents=True)
        track.save(place / "track.safetensors")
        for name in ("frames.store", "plate.png"):
            (shutil.copytree if (folder / name).is_dir() else shutil.copy)(folder / name, place / name)
    return list(zip(truth, found))


def trained(person, track_dir: Path, out: Path) -> list[float]:
    """Losses of a short stage 1 on these tracks."""
    losses: list[float] = []

    def listen(event: Event) -> None:
        if isinstance(event, Metric):
            losses.append(event.values["loss"])

    assert run(fit(person.clips, track_dir, out, STEPS, StopToken()), listen) is Outcome.FINISHED
    return losses


@pytest.mark.parametrize("kind", KINDS)
def test_it_tracks_the_sample_person_and_learns_a_twin(person, imported: Imported, kind: str, tmp_path: Path) -> None:
    """Landmarks are met within one and a half percent of the eye distance, the jaw is read, and stage 1 learns."""
    head = imported(kind).head
    pairs = tracked(person, head, tmp_path / "track")
    assert np.mean([found.reprojection.mean() for _, found in pairs]) < 0.015
    jaw, known = (np.concatenate([p[i].jaw[:, 0] for p in pairs]) for i in (1, 0))
    assert np.corrcoef(jaw, known)[0, 1] > 0.6
    losses = trained(person, tmp_path / "track", tmp_path / "fit")
    assert losses[-1] < 0.95 * losses[0]
    twin = twin_of(head, tmp_path / "track", tmp_path / "fit")
    twin.save(tmp_path / "twin")
    shutil.rmtree(tmp_path / "track")
    again = Avatar.load(tmp_path / "twin")
    assert head_mark(again.head) == head_mark(head)
    before, after = (x.pose(0.2, EmotionCurve.constant("happy", 2.0)).means.numpy() for x in (twin, again))
    np.testing.assert_array_equal(before, after)
    assert np.isfinite(after).all()


def twin_of(head: LinearHead, track_dir: Path, fit_dir: Path) -> Avatar:
    """A twin with the Gaussians of stage 1 and everything else untrained."""
    subject = Subject.load(track_dir / "subject.safetensors")
    arrays = read_arrays(fit_dir / "model.safetensors")[0]
    shapes = GaussianBlendshapes.from_arrays({k[7:]: v for k, v in arrays.items() if k.startswith("shapes.")})
    return replace(sample_twin(300, 96), head=head, identity=subject.identity, camera=subject.camera, shapes=shapes)


def test_a_twin_without_its_head_says_so(imported: Imported, tmp_path: Path) -> None:
    """The head lies in the twin's own folder; without it, or with another, the twin is damaged."""
    head = imported("flame").head
    identity = np.zeros(len(head.identity_basis), np.float32)
    replace(sample_twin(300, 96), head=head, identity=identity).save(tmp_path / "twin")
    assert (tmp_path / "twin" / FILE).exists()
    save_head(imported("gnm").head, tmp_path / "twin")
    with pytest.raises(UserError, match="twin"):
        Avatar.load(tmp_path / "twin")
    (tmp_path / "twin" / FILE).unlink()
    with pytest.raises(UserError, match="twin"):
        Avatar.load(tmp_path / "twin")


def test_a_twin_of_the_built_in_head_needs_no_file(imported: Imported, tmp_path: Path) -> None:
    """Saved over a twin with another head, none of that head is left in the folder."""
    save_head(imported("gnm").head, tmp_path / "twin")
    sample_twin(300, 96).save(tmp_path / "twin")
    assert not (tmp_path / "twin" / FILE).exists()
    assert Avatar.load(tmp_path / "twin").head.name == "built-in head"
