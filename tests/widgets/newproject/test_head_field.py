"""A head model of the user's own can be given with a new project, and a wrong one is said in place."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialog, QFileDialog
from pytestqt.qtbot import QtBot

from emotalker.widgets.newproject import NewProjectDialog


@pytest.fixture
def dialog(qtbot: QtBot, tmp_path: Path) -> NewProjectDialog:
    dialog = NewProjectDialog(tmp_path / "twins")
    qtbot.addWidget(dialog)
    dialog.show()
    dialog.person.name.setText("Ada")
    return dialog


def test_nobody_needs_one(dialog: NewProjectDialog) -> None:
    """Left alone, the built-in head is used and nothing is said about heads."""
    assert not dialog.person.head.isVisible()
    dialog.accept()
    assert dialog.result_project().head is None


def test_a_file_is_taken(dialog: NewProjectDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Chosen in the file dialog, with its licence spoken of beside it."""
    (tmp_path / "model.pkl").write_bytes(b"")
    chosen = str(tmp_path / "model.pkl")
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (chosen, ""))
    dialog.person.more.click()
    assert dialog.person.head.isVisible()
    dialog.person.head.choose.click()
    dialog.accept()
    assert dialog.result_project().head == tmp_path / "model.pkl"


@pytest.mark.parametrize("name", ["gone.pkl", "text.txt"])
def test_a_wrong_path_is_said_in_place(dialog: NewProjectDialog, tmp_path: Path, name: str) -> None:
    """The dialog stays, and shows the field even if it was folded away."""
    (tmp_path / "text.txt").write_text("x")
    dialog.person.head.path.setText(str(tmp_path / name))
    dialog.accept()
    assert dialog.result() != QDialog.DialogCode.Accepted
    assert dialog.person.head.isVisible()
    assert dialog.person.problem()
