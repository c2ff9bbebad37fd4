"""Commands without a window: what they do to the document, and that undo takes it back."""

from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from emotalker.app.commands.base import Command, with_ending
from emotalker.app.commands.clips import AddClips, HoldOut, LabelClips, RelinkClips, RemoveClips
from emotalker.app.commands.performance import SetBackground, SetCurve, SetLoop, SetVoice, keep_view
from emotalker.app.commands.person import Rename, SetConsent
from emotalker.app.session import Session
from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.engine.errors import UserError
from emotalker.engine.media import Mp4Writer
from emotalker.engine.render.backdrop import check_backdrop
from emotalker.engine.render.view import View
from emotalker.projects import CheckSummary, Consent, Project
from emotalker.projects.backgrounds import shown_background


def film(path: Path, seed: int) -> Path:
    """Eight frames of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture = np.random.default_rng(seed).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    with Mp4Writer(path, 64, 64, 25.0) as writer:
        for _ in range(8):
            writer.write(picture)
    return path


@pytest.fixture
def session(tmp_path: Path) -> Session:
    """A session with a project of two clips open."""
    project = Project.create(tmp_path / "ada", "Ada")
    project.add([film(tmp_path / "clips" / "happy_level2.mp4", 1), film(tmp_path / "clips" / "sad_level1.mp4", 2)])
    session = Session()
    session.open(project)
    return session


def ids(session: Session) -> list[str]:
    """Clips of the open project."""
    assert session.project is not None
    return [c.id for c in session.project.clips]


def do(session: Session, command: Command, gesture: str = "") -> None:
    """As the studio does it."""
    session.edit(command.name, command.do, gesture)


def test_every_command_is_undone_and_redone_by_its_name(session: Session, tmp_path: Path) -> None:
    """One step per command; undo gives exactly what was before, redo what was after."""
    assert session.project is not None
    happy = EmotionCurve.constant("happy", 2.0)
    commands: list[tuple[Command, str]] = [
        (LabelClips({"happy_level2": ("surprised", 1.5)}), "Label 1 clip"),
        (HoldOut(["sad_level1"]), "Change held-out clips"),
        (AddClips([film(tmp_path / "clips" / "angry_level3.mp4", 3)]), "Add 1 clip"),
        (RemoveClips(["sad_level1"]), "Remove 1 clip"),
        (SetCurve(happy, "Change intensity"), "Change intensity"),
        (SetVoice(tmp_path / "voice.wav"), "Choose voice"),
        (SetLoop((1.0, 2.5)), "Change in and out"),
        (SetBackground("#00b140"), "Change background"),
        (Rename("Grace"), "Rename to Grace"),
        (SetConsent(Consent(True, "Grace", "yes", "2026-01-01")), "Give consent"),
    ]
    states = [session.project.manifest]
    for command, name in commands:
        do(session, command)
        assert session.undo.undoText() == name
        states.append(session.project.manifest)
    for state in reversed(states[:-1]):
        session.undo.undo()
        assert session.project.manifest == state
    for state in states[1:]:
        session.undo.redo()
        assert session.project.manifest == state
    assert Project.open(session.project.folder).manifest == states[-1]


def test_an_edit_that_changes_nothing_is_no_step(session: Session) -> None:
    """Undo never does nothing."""
    assert session.project is not None
    do(session, Rename("Ada"))
    do(session, SetCurve(EmotionCurve.from_json(session.project.manifest.performance.curve)))
    assert session.undo.count() == 0


def test_a_refused_command_changes_nothing(session: Session) -> None:
    """An error leaves document and undo as they were."""
    assert session.project is not None
    before = session.project.manifest
    for command in (RemoveClips(["nobody"]), LabelClips({"happy_level2": ("joyous", 1.0)}), Rename("  ")):
        with pytest.raises(UserError):
            do(session, command)
    assert session.project.manifest == before
    assert session.undo.count() == 0


def test_one_gesture_is_one_step(session: Session) -> None:
    """Ten nudges of the slider are taken back at once; another gesture is another step."""
    assert session.project is not None
    before = session.project.manifest.performance
    for level in (0.5, 1.0, 1.5):
        do(session, SetCurve(EmotionCurve.constant("sad", level), "Change intensity"), "nudge")
    do(session, SetBackground("checker"))
    assert session.undo.count() == 2
    session.undo.undo()
    session.undo.undo()
    assert session.project.manifest.performance == before


def test_what_a_check_found_survives_undo(session: Session) -> None:
    """Traffic lights are no edit: undoing a label does not take them away."""
    assert session.project is not None
    do(session, LabelClips({"happy_level2": ("angry", 1.0)}))
    session.project.set_checks({"happy_level2": CheckSummary("green")})
    session.undo.undo()
    entry = next(c for c in session.project.clips if c.id == "happy_level2")
    assert (entry.emotion, entry.level) == ("happy", 2.0)
    assert entry.check == CheckSummary("green")


def test_adding_reports_each_file_and_keeps_the_good_ones(session: Session, tmp_path: Path) -> None:
    """A broken file among good ones does not stop them, and labels given in the wizard win over guesses."""
    good = film(tmp_path / "clips" / "take one.mp4", 5)
    broken = tmp_path / "clips" / "happy_broken.mp4"
    broken.write_bytes(b"no video")
    command = AddClips([good, broken], {good: ("fear", 2.5)})
    do(session, command)
    by_name = {r.file.name: r for r in command.results}
    assert by_name["happy_broken.mp4"].error is not None
    clip = by_name["take one.mp4"].clip
    assert clip is not None
    assert (clip.emotion, clip.level) == ("fear", 2.5)


def test_relinking_counts_what_was_found(session: Session, tmp_path: Path) -> None:
    """Found 1 of 2 is what the user is told."""
    shutil.move(tmp_path / "clips" / "happy_level2.mp4", tmp_path / "moved.mp4")
    (tmp_path / "clips" / "sad_level1.mp4").unlink()
    (tmp_path / "new").mkdir()
    shutil.move(tmp_path / "moved.mp4", tmp_path / "new" / "renamed.mp4")
    command = RelinkClips(tmp_path / "new")
    do(session, command)
    assert (len(command.found), command.missing) == (1, 2)


def test_another_voice_drops_the_marks_of_the_one_before(session: Session, tmp_path: Path) -> None:
    """In and out at 20 s mean nothing in a recording of 10 s; one inside the project is stored relative to it."""
    assert session.project is not None
    do(session, SetLoop((20.0, 25.0)))
    do(session, SetVoice(session.project.folder / "voice.wav"))
    assert session.project.manifest.performance.voice == "voice.wav"
    assert session.project.manifest.performance.loop is None
    do(session, SetVoice(None))
    assert session.project.manifest.performance.voice == ""


def test_looking_around_is_kept_but_no_step(session: Session) -> None:
    """The camera is where it was left at the next start; undo is for edits."""
    assert session.project is not None
    keep_view(session.project, View(yaw=12.0, zoom=1.5))
    assert Project.open(session.project.folder).manifest.performance.view == View(yaw=12.0, zoom=1.5)
    assert session.undo.count() == 0


def test_signals_tell_what_changed_and_nothing_else(session: Session) -> None:
    """A label does not restart the player; an emotion does not rebuild the table twice."""
    heard: list[str] = []
    session.manifest_changed.connect(lambda _: heard.append("manifest"))
    session.performance_changed.connect(lambda _: heard.append("performance"))
    do(session, LabelClips({"happy_level2": ("sad", 1.0)}))
    assert heard == ["manifest"]
    do(session, SetBackground("checker"))
    assert heard == ["manifest", "manifest", "performance"]
    session.undo.undo()
    assert heard[-2:] == ["manifest", "performance"]
    session.announce()
    assert len(heard) == 5


def test_opening_another_project_forgets_the_steps(session: Session, tmp_path: Path) -> None:
    """Undo never reaches into a project that is not on the screen."""
    do(session, Rename("Grace"))
    session.select(("happy_level2",))
    session.open(Project.create(tmp_path / "other", "Other"))
    assert session.undo.count() == 0
    assert session.selection == ()
    assert session.twin is None
    session.open(None)
    assert session.performance.voice == ""


@pytest.mark.parametrize(
    ("typed", "kind", "wanted"),
    [
        ("face", "PNG, see-through (*.png)", "face.png"),
        ("face 22.16", "JPEG (*.jpg)", "face 22.16.jpg"),
        ("face.PNG", "JPEG (*.jpg)", "face.PNG"),
        ("face.jpg", "PNG, see-through (*.png)", "face.jpg"),
    ],
)
def test_a_name_gets_the_ending_of_its_kind(typed: str, kind: str, wanted: str) -> None:
    """Who types a name alone gets a file of the kind that was chosen; an ending that was typed stays."""
    kinds = "PNG, see-through (*.png);;JPEG (*.jpg)"
    assert with_ending(Path("/films") / typed, kind, kinds) == Path("/films") / wanted


def test_a_background_picture_goes_where_the_project_goes(session: Session, tmp_path: Path) -> None:
    """It is copied once; the document names the copy, the project can move, and what was chosen can go."""
    project = session.project
    assert project is not None
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
    for name, shade in (("a/Wall.PNG", 90), ("b/same.png", 90), ("b/wall.png", 200)):
        cv2.imwrite(str(tmp_path / name), np.full((8, 8, 3), shade, np.uint8))
    found = []
    for name in ("a/Wall.PNG", "b/same.png", "b/wall.png"):
        session.edit("Change background", SetBackground(f"image:{tmp_path / name}").do)
        found.append(session.performance.background)
    assert found[0] == found[1] == "image:backgrounds/Wall.png"
    assert found[2] not in found[:2]
    session.edit("Change background", SetBackground(found[0]).do)
    assert session.performance.background == found[0]
    (tmp_path / "a/Wall.PNG").unlink()
    moved = project.folder.rename(tmp_path / "elsewhere")
    spec = shown_background(moved, found[0])
    assert check_backdrop(spec) == spec
    assert Path(spec.removeprefix("image:")).parent.parent == moved
    assert shown_background(moved, "image:/old/wall.png") == "image:/old/wall.png"


def test_a_picture_that_cannot_be_read_leaves_the_background(session: Session, tmp_path: Path) -> None:
    """A damaged or missing picture is refused at once, not with every frame."""
    session.edit("Change background", SetBackground("#00b140").do)
    (tmp_path / "broken.png").write_text("no picture")
    for name in ("broken.png", "missing.png"):
        with pytest.raises(UserError, match=name):
            session.edit("Change background", SetBackground(f"image:{tmp_path / name}").do)
        assert session.performance.background == "#00b140"
