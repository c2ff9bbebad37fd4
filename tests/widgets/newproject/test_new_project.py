"""The dialog describes a project that can be made, and says in place what stands against it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialog, QLabel
from pytestqt.qtbot import QtBot

from emotalker.projects import Project
from emotalker.widgets.newproject import NewClip, NewProjectDialog
from emotalker.widgets.newproject.wanted import wrong_folder


@pytest.fixture
def dialog(qtbot: QtBot, tmp_path: Path) -> NewProjectDialog:
    dialog = NewProjectDialog(tmp_path / "twins")
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def _said(dialog: NewProjectDialog) -> str:
    return "\n".join(label.text() for label in dialog.findChildren(QLabel) if label.isVisible())


def test_a_name_is_enough(dialog: NewProjectDialog, tmp_path: Path) -> None:
    """The folder follows the name; finished after the first step, there are no clips and no consent."""
    dialog.person.name.setText("Zoë Ärm")
    dialog.accept()
    assert dialog.result() == QDialog.DialogCode.Accepted
    wanted = dialog.result_project()
    assert (wanted.name, wanted.folder, wanted.fps) == ("Zoë Ärm", tmp_path / "twins/Zoe_Aerm", 25.0)
    assert (wanted.files, wanted.consent, wanted.copy) == ([], None, False)
    assert Project.create(wanted.folder, wanted.name, wanted.fps).manifest.name == "Zoë Ärm"


def test_no_name_is_said_in_place(dialog: NewProjectDialog) -> None:
    """Not before the user tried, and gone once it is mended."""
    assert "Type the name" not in _said(dialog)
    dialog.next.click()
    assert dialog.step == 0
    assert "Type the name" in _said(dialog)
    dialog.person.name.setText("Ada")
    assert "Type the name" not in _said(dialog)
    assert "free on this disk" in _said(dialog)


def test_a_bad_folder_is_said_in_place(dialog: NewProjectDialog, tmp_path: Path) -> None:
    """One that holds a project, a file, a relative path, one that cannot be made."""
    project = Project.create(tmp_path / "ada", "Ada")
    dialog.person.name.setText("Eve")
    dialog.person.folder.setText(str(project.folder))
    dialog.person.folder.textEdited.emit(str(project.folder))
    assert "There is a project in this folder already" in _said(dialog)
    dialog.accept()
    assert dialog.result() != QDialog.DialogCode.Accepted
    (tmp_path / "file").write_text("x")
    assert "a file" in wrong_folder(str(tmp_path / "file"))
    assert "whole path" in wrong_folder("twins/ada")
    assert "cannot be written" in wrong_folder(str(tmp_path / "file" / "below"))
    assert wrong_folder(" ")
    assert wrong_folder(str(tmp_path / "new")) == ""


def test_the_next_free_folder_is_proposed(dialog: NewProjectDialog, tmp_path: Path) -> None:
    """A second person of the same name does not land in the first one's folder."""
    Project.create(tmp_path / "twins" / "Ada", "Ada")
    dialog.person.name.setText("Ada")
    assert dialog.person.path() == tmp_path / "twins" / "Ada_2"
    assert dialog.person.problem() == ""


def test_labels_are_guessed(dialog: NewProjectDialog, tmp_path: Path) -> None:
    """From names of files, also in folders; what is unclear is marked and must be chosen."""
    folder = tmp_path / "footage"
    folder.mkdir()
    for name in ("happy_level1.mp4", "neutral.mov", "notes.txt"):
        (folder / name).write_bytes(b"x")
    dialog.set_files([folder, tmp_path / "holiday.mp4", tmp_path / "sad.mp4", tmp_path / "song.txt"])
    dialog.person.name.setText("Ada")
    dialog.next.click()
    assert dialog.step == 1
    step = dialog.clips
    notes = [step.table.item(row, 3).text() for row in range(step.table.rowCount())]
    assert notes == ["", "", "Which emotion?", "Is the level right?"]
    assert "1 file or folder holds no video" in _said(dialog)
    dialog.next.click()
    assert dialog.step == 1
    assert "Choose the emotion of 1 clip" in _said(dialog)
    step.emotion_at(2).setCurrentIndex(step.emotion_at(2).findData("angry"))
    step.level_at(2).setValue(1.5)
    dialog.next.click()
    assert dialog.step == 2
    assert dialog.result_project().files == [
        NewClip(folder / "happy_level1.mp4", "happy", 1.0),
        NewClip(folder / "neutral.mov", "neutral", 0.0),
        NewClip(tmp_path / "holiday.mp4", "angry", 1.5),
        NewClip(tmp_path / "sad.mp4", "sad", 2.0),
    ]


def test_a_file_twice_is_once_and_can_be_removed(dialog: NewProjectDialog, tmp_path: Path) -> None:
    """Dropped again, it is not doubled."""
    dialog.set_files([tmp_path / "sad.mp4", tmp_path / "happy1.mp4"])
    dialog.set_files([tmp_path / "sad.mp4"])
    assert dialog.clips.table.rowCount() == 2
    dialog.clips.table.selectRow(0)
    dialog.clips.remove_selected()
    assert [c.path.name for c in dialog.clips.clips()] == ["happy1.mp4"]


def test_files_are_dropped_on_any_step(
    dialog: NewProjectDialog, tmp_path: Path, drop_files: Callable[..., None]
) -> None:
    """With a person named, the clips come to the front."""
    dialog.person.name.setText("Ada")
    drop_files(dialog, tmp_path / "sad2.mp4")
    assert dialog.step == 1
    assert dialog.clips.clips() == [NewClip(tmp_path / "sad2.mp4", "sad", 2.0)]


def test_consent_and_the_rare_settings(dialog: NewProjectDialog) -> None:
    """The name is carried over to the statement; 30 frames per second are behind More."""
    dialog.person.name.setText("Ada")
    dialog.person.more.click()
    assert dialog.person.fps.isVisible()
    dialog.person.fps.setCurrentIndex(1)
    dialog.next.click()
    dialog.clips.copy.setChecked(True)
    dialog.next.click()
    dialog.consent.agreed.setChecked(True)
    dialog.finish.click()
    wanted = dialog.result_project()
    assert wanted.consent is not None
    assert "I am Ada." in wanted.consent.statement
    assert (wanted.fps, wanted.copy) == (30.0, True)
