"""The field for a head model of the user's own, for those who have one."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from emotalker.widgets import style
from emotalker.widgets.common import WrapLabel
from emotalker.widgets.newproject.wanted import wrong_head

KINDS = "Head models (*.pkl *.npz *.obj);;All files (*)"
HELP = (
    "FLAME 2020 or 2023 (.pkl), GNM Head (.npz), or the generic_neutral_mesh.obj of an ICT-FaceKit. Such files have "
    "licences of their own, some for research only, and a twin made with one falls under its licence too. The project "
    "and the twin each keep a copy of the head in their folders; it goes nowhere else."
)


class HeadField(QWidget):
    """A path, a button to choose it, and what to know about it.

    Attributes:
        path: the path as typed; empty for the built-in head.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.path = QLineEdit()
        self.path.setObjectName("new_head")
        self.path.setAccessibleName("Head model")
        self.path.setToolTip("Leave it empty unless you have a head model of your own")
        self.path.setPlaceholderText("Built-in head")
        self.path.textChanged.connect(self._refresh)
        self.choose = QPushButton("Choose…")
        self.choose.setObjectName("new_choose_head")
        self.choose.setAccessibleName("Choose a head model")
        self.choose.setToolTip("Choose the file of a head model")
        self.choose.clicked.connect(self._choose)
        self._wrong, self._help = WrapLabel("", "bad"), WrapLabel(HELP, "muted")
        row = QHBoxLayout()
        row.addWidget(self.path, 1)
        row.addWidget(self.choose)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(style.space(1))
        column.addLayout(row)
        column.addWidget(self._wrong)
        column.addWidget(self._help)
        self._refresh()

    def chosen(self) -> Path | None:
        """The head model; None for the built-in one."""
        text = self.path.text().strip()
        return Path(text).expanduser() if text else None

    def problem(self) -> str:
        """What is wrong with it; empty if nothing."""
        return wrong_head(self.path.text())

    def _choose(self) -> None:
        name, _ = QFileDialog.getOpenFileName(self, "Choose a head model", "", KINDS)
        if name:
            self.path.setText(name)

    def _refresh(self) -> None:
        self._wrong.setText(self.problem())
        self._wrong.setVisible(bool(self.problem()))
        self.changed.emit()
