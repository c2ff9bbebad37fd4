"""Two who change one document: what each did is there afterwards."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from emotalker.engine.render.view import View
from emotalker.projects import CheckSummary, Consent, Performance, Project
from emotalker.projects.document import ClipEntry, Manifest, RunRecord
from emotalker.projects.merging import merged


def clip(name: str, emotion: str = "happy") -> ClipEntry:
    """An entry without a file."""
    return ClipEntry(name, f"/clips/{name}.mp4", emotion, 1.0, f"sha of {name}", 1, 1, 1.0, 64, 64, 25.0, False)


@pytest.fixture
def base() -> Manifest:
    """Three clips."""
    return Manifest(id="1", name="Ada", created="", clips=[clip("a"), clip("b"), clip("c")], hold_out=["b"])


def test_without_another_change_it_is_what_was_wanted(base: Manifest) -> None:
    """The usual case changes nothing about the wanted document, order included."""
    wanted = msgspec.structs.replace(base, clips=[clip("c"), clip("x")], name="Grace")
    assert merged(base, wanted, base) == wanted


def test_both_changes_are_kept(base: Manifest) -> None:
    """Clips read in a thread, and meanwhile a label, a check, a removal and an emotion."""
    wanted = msgspec.structs.replace(base, clips=[*base.clips, clip("new")])
    a = msgspec.structs.replace(base.clips[0], emotion="sad", check=CheckSummary("red", ["blurred"]))
    now = msgspec.structs.replace(
        base, clips=[a, base.clips[2]], hold_out=[], performance=Performance(voice="v.wav"), consent=Consent(True)
    )
    assert merged(base, wanted, now) == msgspec.structs.replace(now, clips=[a, base.clips[2], clip("new")])


def test_the_fields_of_a_clip_and_of_the_performance_are_merged_one_by_one(base: Manifest) -> None:
    """A label does not take back a check, nor an emotion the camera."""
    labelled = msgspec.structs.replace(base.clips[0], emotion="sad")
    wanted = msgspec.structs.replace(base, clips=[labelled, *base.clips[1:]], performance=Performance(seed=4))
    checked = msgspec.structs.replace(base.clips[0], check=CheckSummary("green"))
    view = View(yaw=5.0)
    now = msgspec.structs.replace(base, clips=[checked, *base.clips[1:]], performance=Performance(view=view))
    result = merged(base, wanted, now)
    assert result.clips[0] == msgspec.structs.replace(labelled, check=CheckSummary("green"))
    assert result.performance == Performance(seed=4, view=view)


def test_a_clip_comes_back_where_it_was(base: Manifest) -> None:
    """Undo of a removal beside a clip that was added since."""
    without = msgspec.structs.replace(base, clips=[base.clips[0], base.clips[2]], hold_out=[])
    now = msgspec.structs.replace(without, clips=[*without.clips, clip("new")])
    result = merged(without, base, now)
    assert [c.id for c in result.clips] == ["a", "b", "c", "new"]
    assert result.hold_out == ["b"]
    first = msgspec.structs.replace(base, clips=base.clips[1:])
    again = merged(first, base, msgspec.structs.replace(first, clips=[*first.clips, clip("new")]))
    assert [c.id for c in again.clips] == ["a", "b", "c", "new"]


def test_ids_stay_unique(base: Manifest) -> None:
    """Two files of one name added by two: both are there, under two ids; the same content is there once."""
    wanted = msgspec.structs.replace(base, clips=[*base.clips, clip("x"), clip("y")])
    other = msgspec.structs.replace(clip("x"), sha256="another")
    now = msgspec.structs.replace(base, clips=[*base.clips, other, clip("y")])
    assert [c.id for c in merged(base, wanted, now).clips] == ["a", "b", "c", "x", "y", "x_2"]


def test_runs_are_a_history(base: Manifest) -> None:
    """Both ran something; nothing is forgotten or written twice."""
    one, two = (RunRecord(s, "draft", "cpu", "t", 1.0, "finished") for s in ("track", "fit"))
    wanted, now = (msgspec.structs.replace(base, runs=[run]) for run in (one, two))
    assert merged(base, wanted, now).runs == [two, one]
    assert merged(base, wanted, wanted).runs == [one]


def test_what_another_process_saved_is_kept(tmp_path: Path) -> None:
    """The window's next edit does not undo what the command line did meanwhile."""
    window = Project.create(tmp_path / "ada", "Ada")
    other = Project.open(window.folder)
    other.set_consent(Consent(True, "Ada"))
    other.note_run(RunRecord("track", "draft", "cpu", "t", 1.0, "finished"))
    window.set_performance(Performance(voice="voice.wav"))
    saved = Project.open(window.folder).manifest
    assert saved == window.manifest
    assert (saved.consent.given, len(saved.runs), saved.performance.voice) == (True, 1, "voice.wav")


def test_a_damaged_file_is_written_anew(tmp_path: Path) -> None:
    """What is open in the window is newer than any backup."""
    window = Project.create(tmp_path / "ada", "Ada")
    window.rename("Grace")
    (window.folder / "project.json").write_bytes(b"{")
    window.set_preset("best")
    assert Project.open(window.folder).manifest == window.manifest


def test_a_draft_is_not_saved(tmp_path: Path) -> None:
    """A thread may work on it; the project takes it over when it wants to."""
    project = Project.create(tmp_path / "ada", "Ada")
    draft = project.draft()
    before = draft.manifest
    draft.rename("Grace")
    project.set_preset("best")
    assert project.manifest.name == Project.open(project.folder).manifest.name == "Ada"
    project.adopt(before, draft.manifest)
    saved = Project.open(project.folder).manifest
    assert (saved.name, saved.preset) == ("Grace", "best")
