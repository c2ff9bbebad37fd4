"""Damaged and missing results are noticed without reading them whole, and there is a way back from each."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from safetensors.numpy import save_file

from emotalker.engine.errors import UserError
from emotalker.engine.jobs import Job, Outcome, StopToken, run
from emotalker.projects import Project, StageState, statuses
from emotalker.projects.catalog import card_of
from emotalker.projects.outputs import broken_outputs, is_whole, outputs_of
from emotalker.projects.packing import PackJob
from emotalker.projects.pipeline import STAGES, bind
from emotalker.projects.record import read_record

CONFIGS: dict[str, Any] = {}


def arrays(path: Path) -> Path:
    """A file of numbers."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({"a": np.arange(1000, dtype=np.float32)}, path)
    return path


def truncate(path: Path) -> None:
    """What a full disk or a broken copy leaves."""
    path.write_bytes(path.read_bytes()[:-100])


@pytest.fixture
def runs(install: Callable[..., None]) -> list[str]:
    """Stages in small that write what the real ones leave, unless it is there; lists those that worked."""
    worked: list[str] = []

    def stage(name: str, *files: str) -> Callable[[Path], Job]:
        def job(out: Path) -> Job:
            if not (out / "done.json").is_file():
                worked.append(name)
                for file in files:
                    arrays(out / file)
                (out / "done.json").write_text("{}")
            return Outcome.FINISHED
            yield

        return job

    track = stage("track", "subject.safetensors", "clips/sad3/track.safetensors")
    fit, express, emote = (stage(name, "model.safetensors") for name in ("fit", "express", "emote"))

    def build(t: Path, f: Path, x: Path, e: Path, out: Path, clips: Any, name: str) -> None:
        worked.append(f"avatar of {[c.id for c in clips]}")
        arrays(out / "avatar.safetensors")
        (out / "avatar.json").write_text(json.dumps({"name": name}))

    install("emotalker.engine.tracking.stage", track=lambda clips, out, *_: track(out))
    install("emotalker.engine.training.stage1", fit=lambda clips, tracks, out, *_: fit(out))
    install("emotalker.engine.a2et.stage", express=lambda clips, tracks, out, *_: express(out))
    install("emotalker.engine.training.stage2", emote=lambda clips, t, f, x, out, *_: emote(out))
    install("emotalker.engine.avatar.build", build=build)
    return worked


@pytest.fixture
def trained(project: Project, clip: Callable[[str, int], Path], runs: list[str]) -> Project:
    """A project all of whose stages are done."""
    project.add([clip("sad3.mp4", 0), clip("happy2.mp4", 1)])
    for name in STAGES:
        assert run(bind(project, name, CONFIGS)(StopToken())) is Outcome.FINISHED
    assert all(s.state is StageState.DONE for s in statuses(project, CONFIGS))
    runs.clear()
    return project


def test_a_file_is_whole_or_not(tmp_path: Path) -> None:
    """A missing end, rubbish and nothing at all are told from a whole file by its header alone."""
    file = arrays(tmp_path / "a.safetensors")
    assert is_whole(file)
    truncate(file)
    assert not is_whole(file)
    file.write_bytes(b"rubbish" * 30)
    assert not is_whole(file)
    assert not is_whole(tmp_path / "none.safetensors")
    note = tmp_path / "a.json"
    note.write_text("{}")
    assert is_whole(note)
    note.write_text('{"cut')
    assert not is_whole(note)


@pytest.mark.parametrize("record_knows", [True, False])
def test_a_result_that_is_cut_off_runs_again(trained: Project, runs: list[str], record_knows: bool) -> None:
    """The stage says which file it is and makes it anew, although its own mark says done; records of old do as well."""
    folder = trained.stage_folder("fit")
    if not record_knows:
        record = json.loads((folder / "stage.json").read_text())
        assert record.pop("outputs") == ["model.safetensors"]
        (folder / "stage.json").write_text(json.dumps(record))
    truncate(folder / "model.safetensors")
    why = {s.stage: s.reason for s in statuses(trained, CONFIGS) if s.must_run}
    assert "model.safetensors is missing or damaged" in why["fit"]
    assert list(why) == ["fit", *[name for name in ("express", "emote", "avatar") if "fit" in STAGES[name].needs]]
    run(bind(trained, "fit", CONFIGS)(StopToken()))
    assert runs == ["fit"]
    assert all(s.state is StageState.DONE for s in statuses(trained, CONFIGS))


def test_a_track_that_is_gone_is_made_again(trained: Project, runs: list[str]) -> None:
    """Files of single clips count as well."""
    assert outputs_of("track", trained.stage_folder("track")) == ["clips/sad3/track.safetensors", "subject.safetensors"]
    (trained.stage_folder("track") / "subject.safetensors").unlink()
    assert statuses(trained, CONFIGS)[0].must_run


def test_a_damaged_twin_is_packed_again_whatever_has_changed(trained: Project, runs: list[str]) -> None:
    """From what was learned, with the clips it was learned from, although labels and clips are others by now."""
    twin = trained.stage_folder("avatar")
    truncate(twin / "avatar.safetensors")
    assert card_of(trained.folder).kind == "broken"
    trained.remove(["happy2"])
    for path in trained.folder.parent.glob("footage/*"):
        path.unlink()
    job = pickle.loads(pickle.dumps(PackJob(trained.folder)))
    assert run(job(StopToken())) is Outcome.FINISHED
    assert runs == ["avatar of ['sad3', 'happy2']"]
    record = read_record(twin)
    assert record is not None
    assert broken_outputs(twin, record) == []
    assert card_of(trained.folder).kind == "changed"


def test_packing_again_needs_what_was_learned(trained: Project) -> None:
    """Else it is said what is missing, and the damaged twin stays where it is."""
    (trained.stage_folder("emote") / "model.safetensors").unlink()
    with pytest.raises(UserError, match="cannot be packed") as told:
        run(PackJob(trained.folder)(StopToken()))
    assert STAGES["emote"].title in told.value.why
    assert (trained.stage_folder("avatar") / "avatar.json").is_file()


def test_another_name_is_no_reason_to_pack(trained: Project, runs: list[str]) -> None:
    """The twin is called by it at once, also when the edit is worked out on a draft and taken back."""
    facts = trained.stage_folder("avatar") / "avatar.json"
    draft = trained.draft()
    before = draft.manifest
    draft.rename("Grace")
    assert json.loads(facts.read_text())["name"] == "Ada"
    trained.adopt(before, draft.manifest)
    assert json.loads(facts.read_text())["name"] == "Grace"
    assert not any(s.must_run for s in statuses(trained, CONFIGS))
    trained.adopt(draft.manifest, before)
    assert json.loads(facts.read_text())["name"] == "Ada"
    assert not any(s.must_run for s in statuses(trained, CONFIGS))
    assert runs == []
