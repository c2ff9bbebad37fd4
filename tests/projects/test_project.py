"""Clips in and out of a project."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from emotalker.engine.errors import UserError
from emotalker.projects import CheckSummary, Project

Clip = Callable[[str, int], Path]


def test_creating_twice_is_refused(project: Project) -> None:
    """A project is never overwritten by a new one, nor by one made after its file was lost."""
    with pytest.raises(UserError, match="project in"):
        Project.create(project.folder, "Eve")
    (project.folder / "project.json").unlink()
    with pytest.raises(UserError, match="project in"):
        Project.create(project.folder, "Eve")
    assert Project.open(project.folder).manifest.name == "Ada"


@pytest.mark.parametrize(("name", "fps"), [(" ", 25.0), ("Ada", 24.0)])
def test_creating_needs_a_name_and_a_known_rate(tmp_path: Path, name: str, fps: float) -> None:
    """Nothing is made when the arguments make no project."""
    with pytest.raises(UserError):
        Project.create(tmp_path / "p", name, fps)
    assert not (tmp_path / "p").exists()


def test_adding_guesses_labels_and_saves(project: Project, clip: Clip) -> None:
    """Clips arrive with labels, content and what the file holds, and are there after opening again."""
    results = project.add([clip("happy_level2.mp4", 0), clip("neutral_01.mp4", 1)])
    assert [result.change for result in results] == ["added", "added"]
    opened = Project.open(project.folder)
    assert opened.manifest == project.manifest
    happy, neutral = opened.clips
    assert (happy.id, happy.emotion, happy.level) == ("happy_level2", "happy", 2.0)
    assert (neutral.emotion, neutral.level) == ("neutral", 0.0)
    assert (happy.width, happy.height, happy.fps, happy.has_audio) == (64, 64, 25.0, False)
    assert happy.duration == pytest.approx(8 / 25)


def test_one_bad_file_does_not_keep_the_others_out(project: Project, clip: Clip, tmp_path: Path) -> None:
    """Unknown emotion, not a video, cut off, missing: each says so by itself, the rest is added."""
    fake = tmp_path / "happy_level1.mp4"
    fake.write_text("not a video")
    cut = clip("sad_level1.mp4", 1)
    cut.write_bytes(cut.read_bytes()[:300])
    files = [clip("bored_level2.mp4", 0), fake, cut, tmp_path / "gone.mp4", clip("sad_level3.mp4", 3)]
    results = project.add(files)
    assert [result.change for result in results] == ["failed"] * 4 + ["added"]
    assert all(result.error is not None and result.error.what_to_do for result in results[:4])
    assert [entry.id for entry in project.clips] == ["sad_level3"]


def test_labels_given_win_over_the_name(project: Project, clip: Clip) -> None:
    """--emotion and --level decide; each alone leaves the other to the name."""
    project.add([clip("bored.mp4", 0)], "joy", 1.5)
    project.add([clip("sad_level3.mp4", 1)], None, 1.0)
    project.add([clip("happy_level1.mp4", 2)], "happy")
    project.add([clip("angry_level1.mp4", 3)], "neutral", 2.0)
    labels = [(entry.emotion, entry.level) for entry in project.clips]
    assert labels == [("happy", 1.5), ("sad", 1.0), ("happy", 1.0), ("neutral", 0.0)]


@pytest.mark.parametrize(("emotion", "level"), [("bored", 1.0), ("happy", 4.0), ("happy", float("nan"))])
def test_impossible_labels_are_refused_before_any_work(
    project: Project, clip: Clip, emotion: str, level: float
) -> None:
    """A wrong option adds nothing at all."""
    with pytest.raises(UserError):
        project.add([clip("a.mp4", 0)], emotion, level)
    assert project.clips == []


def test_umlauts_and_blanks_in_paths(tmp_path: Path, clip: Clip) -> None:
    """Paths as people have them work for project and clip alike."""
    folder = tmp_path / "Übung 1" / "Björn & Söhne"
    project = Project.create(folder, "Björn")
    (result,) = project.add([clip("Fröhlich – happy level 2 (größer).mp4", 0)])
    assert result.change == "added"
    (made,) = Project.open(folder).clip_inputs()
    assert made.path.is_file()
    assert made.id.isascii()


def test_the_same_content_is_added_once(project: Project, clip: Clip) -> None:
    """A copy under another name is noticed by its content."""
    results = project.add([clip("happy_level2.mp4", 0), clip("sad_level1.mp4", 0)])
    assert [result.change for result in results] == ["added", "duplicate"]
    assert len(project.clips) == 1
    assert project.clips[0].emotion == "happy"


def test_adding_again_with_a_label_relabels(project: Project, clip: Clip) -> None:
    """A wrong label is corrected by adding the file again with the right one."""
    file = clip("happy_level2.mp4", 0)
    project.add([file])
    (result,) = project.add([file], "angry", 3.0)
    assert result.change == "relabelled"
    assert [(entry.id, entry.emotion, entry.level) for entry in project.clips] == [("happy_level2", "angry", 3.0)]


def test_equal_names_of_different_clips_stay_apart(project: Project, clip: Clip) -> None:
    """Two folders may both hold a happy_level2.mp4."""
    project.add([clip("monday/happy_level2.mp4", 0), clip("tuesday/Happy_Level2.mp4", 1)])
    assert [entry.id for entry in project.clips] == ["happy_level2", "Happy_Level2_2"]


def test_copies_move_with_the_project(project: Project, clip: Clip, tmp_path: Path) -> None:
    """Copied clips lie inside the folder, which can then be moved as a whole; the originals are not needed."""
    file = clip("happy_level2.mp4", 0)
    project.add([file], copy=True)
    file.unlink()
    moved = tmp_path / "elsewhere"
    shutil.move(project.folder, moved)
    (made,) = Project.open(moved).clip_inputs()
    assert made.path == moved / "clips" / "happy_level2.mp4"
    assert made.path.is_file()


def test_a_folder_brings_its_videos(project: Project, clip: Clip) -> None:
    """A folder stands for the videos below it; other files in it are left alone."""
    clip("take/happy_level1.mp4", 0)
    folder = clip("take/two/sad_level2.mp4", 1).parents[1]
    (folder / "notes.txt").write_text("x")
    project.add([folder])
    assert [entry.id for entry in project.clips] == ["happy_level1", "sad_level2"]


def test_missing_clips_are_named_and_found_again_by_content(project: Project, clip: Clip, tmp_path: Path) -> None:
    """Moved and renamed files are found by what they hold, by searching a folder or by adding them again."""
    files = [clip("happy_level1.mp4", 0), clip("happy_level2.mp4", 1), clip("happy_level3.mp4", 2)]
    project.add(files)
    there = tmp_path / "moved"
    there.mkdir()
    for number, file in enumerate(files):
        shutil.move(file, there / f"renamed {number}.mp4")
    with pytest.raises(UserError, match="3 of 3 clips"):
        project.clip_inputs()
    (result,) = project.add([there / "renamed 0.mp4"])
    assert result.change == "relinked"
    (there / "renamed 2.mp4").unlink()
    assert [entry.id for entry in project.relink(there)] == ["happy_level2"]
    assert [entry.id for entry in project.missing()] == ["happy_level3"]
    assert [entry.level for entry in Project.open(project.folder).clips] == [1.0, 2.0, 3.0]


def test_a_changed_file_is_noticed(project: Project, clip: Clip, films: list[Path]) -> None:
    """A clip recorded again under the same name counts as new content; a touched one does not."""
    file = clip("happy_level2.mp4", 0)
    project.add([file])
    before = project.clips[0].sha256
    file.touch()
    assert project.refresh() == []
    shutil.copyfile(films[1], file)
    assert [entry.id for entry in project.refresh()] == ["happy_level2"]
    assert Project.open(project.folder).clips[0].sha256 != before


def test_hold_out(project: Project, clip: Clip) -> None:
    """A chosen clip replaces the automatic split; nothing chosen brings it back; not everything can be held out."""
    project.add([clip(f"happy_level{n % 3 + 1}_take{n}.mp4", n) for n in range(4)])
    automatic = project.held_out()
    assert len(automatic) == 1
    project.set_hold_out(["happy_level1_take0.mp4", "happy_level2_take1"])
    assert Project.open(project.folder).held_out() == {"happy_level1_take0", "happy_level2_take1"}
    assert [made.held_out for made in project.clip_inputs()] == [True, True, False, False]
    with pytest.raises(UserError, match="All clips"):
        project.set_hold_out([entry.id for entry in project.clips])
    with pytest.raises(UserError, match="no clip named"):
        project.set_hold_out(["sad"])
    project.set_hold_out([])
    assert project.held_out() == automatic


def test_removing_leaves_the_file(project: Project, clip: Clip) -> None:
    """A removed clip is out of the list and of the held-out clips; its file stays and can be added again."""
    files = [clip("happy_level1.mp4", 0), clip("happy_level2.mp4", 1), clip("sad_level2.mp4", 2)]
    project.add(files)
    project.set_hold_out(["happy_level2"])
    project.remove(["happy_level2.mp4", "happy_level2"])
    opened = Project.open(project.folder)
    assert [entry.id for entry in opened.clips] == ["happy_level1", "sad_level2"]
    assert opened.manifest.hold_out == []
    assert files[1].is_file()
    assert project.add([files[1]])[0].change == "added"


def test_checks_stay_with_their_clips(project: Project, clip: Clip) -> None:
    """What the quality check said is there after opening again."""
    project.add([clip("happy_level1.mp4", 0), clip("happy_level2.mp4", 1)])
    project.set_checks({"happy_level2": CheckSummary("yellow", ["The sound is low."])})
    first, second = Project.open(project.folder).clips
    assert first.check is None
    assert second.check == CheckSummary("yellow", ["The sound is low."])


def test_a_project_without_clips_says_so(project: Project) -> None:
    """Training nothing is answered by how to add clips."""
    with pytest.raises(UserError, match="no clips") as caught:
        project.clip_inputs()
    assert "emotalker-cli add" in caught.value.what_to_do
