"""First step: who, and where the project lies."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from emotalker.engine.errors import UserError
from emotalker.projects.project import FRAME_RATES
from emotalker.projects.storage import free_space
from emotalker.widgets import style
from emotalker.widgets.common import WrapLabel
from emotalker.widgets.newproject.head import HeadField
from emotalker.widgets.newproject.wanted import proposed_folder, wrong_folder, wrong_name
from emotalker.widgets.training import words

USUAL_NEED = 5e9  # bytes; tracked frames and checkpoints of a few minutes of clips


class PersonStep(QWidget):
    """Name, folder, and behind "More" the frame rate and the head model.

    Attributes:
        name: of the person.
        folder: of the project; follows the name until somebody edits it.
        fps: frame rate.
        head: a head model of the user's own.
    """

    changed = Signal()

    def __init__(self, root: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Person")
        self._root = root
        self._touched = False
        self.name, self.folder, self.fps = QLineEdit(), QLineEdit(), QComboBox()
        self._name_wrong, self._folder_wrong = WrapLabel("", "bad"), WrapLabel("", "bad")
        self._space = WrapLabel("", "muted")
        self._asked = False
        self._rate, self.head = QWidget(), HeadField()
        self._build()
        self.folder.setText(str(root))
        self._refresh()

    def problem(self) -> str:
        """What is wrong here; empty if nothing."""
        return wrong_name(self.name.text()) or wrong_folder(self.folder.text()) or self.head.problem()

    def show_problems(self) -> None:
        """From now on say also that the name is empty."""
        self._asked = True
        self._refresh()
        if not wrong_name(self.name.text()) and not wrong_folder(self.folder.text()) and self.head.problem():
            self.more.setChecked(True)
            self.head.path.setFocus()
            return
        (self.name if wrong_name(self.name.text()) else self.folder).setFocus()

    def path(self) -> Path:
        """The folder as typed."""
        return Path(self.folder.text().strip()).expanduser()

    def _build(self) -> None:
        self.name.setObjectName("new_name")
        self.name.setAccessibleName("Name of the person")
        self.name.setToolTip("What you call the person in the clips; it can be changed later")
        self.name.setPlaceholderText("For example Ada")
        self.name.textChanged.connect(self._name_typed)
        self.folder.setObjectName("new_folder")
        self.folder.setAccessibleName("Folder of the project")
        self.folder.setToolTip("Everything about this twin is kept in this folder")
        self.folder.textEdited.connect(self._folder_typed)
        choose = QPushButton("Choose…")
        choose.setObjectName("new_choose_folder")
        choose.setAccessibleName("Choose a folder")
        choose.setToolTip("Choose where the project's folder is made")
        choose.clicked.connect(self._choose)
        where = QHBoxLayout()
        where.addWidget(self.folder, 1)
        where.addWidget(choose)
        self.more = QPushButton("More")
        self.more.setObjectName("new_more")
        self.more.setProperty("role", "quiet")
        self.more.setCheckable(True)
        self.more.setAccessibleName("More settings")
        self.more.setToolTip("Show settings that rarely matter")
        self.more.toggled.connect(lambda shown: self._rate.setVisible(shown))
        self.fps.setObjectName("new_fps")
        self.fps.setAccessibleName("Frame rate")
        self.fps.setToolTip("Frames per second of the twin; choose 30 only if your clips have 30")
        for rate in FRAME_RATES:
            self.fps.addItem(f"{rate:g} frames per second", rate)
        inside = QFormLayout(self._rate)
        inside.setContentsMargins(0, 0, 0, 0)
        inside.addRow("Frame rate", self.fps)
        inside.addRow("Head model", self.head)
        self._rate.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(style.space(1))
        column.addWidget(WrapLabel("A project holds one person. Give it a name and a place; clips come next.", "muted"))
        for text, field in (("Name of the person", self.name), ("Folder", self.folder)):
            label = QLabel(text)
            label.setBuddy(field)
            column.addWidget(label)
            if field is self.name:
                column.addWidget(self.name)
                column.addWidget(self._name_wrong)
        column.addLayout(where)
        column.addWidget(self._folder_wrong)
        column.addWidget(self._space)
        row = QHBoxLayout()
        row.addWidget(self.more)
        row.addStretch(1)
        column.addLayout(row)
        column.addWidget(self._rate)
        column.addStretch(1)

    def _name_typed(self, name: str) -> None:
        self._asked = self._asked or bool(name)
        if not self._touched:
            self.folder.setText(str(proposed_folder(self._root, name)))
        self._refresh()

    def _folder_typed(self) -> None:
        self._touched = True
        self._refresh()

    def _choose(self) -> None:
        start = str(self._root if self._root.is_dir() else Path.home())
        chosen = QFileDialog.getExistingDirectory(self, "Where shall the project's folder be made?", start)
        if chosen:
            self._root, self._touched = Path(chosen), False
            self.folder.setText(str(proposed_folder(self._root, self.name.text())))
            self._refresh()

    def _refresh(self) -> None:
        name = wrong_name(self.name.text()) if self._asked else ""
        folder = wrong_folder(self.folder.text()) if self.name.text().strip() or self._touched else ""
        for label, text in ((self._name_wrong, name), (self._folder_wrong, folder)):
            label.setText(text)
            label.setVisible(bool(text))
        self._space.setText("" if folder else self._room())
        self.changed.emit()

    def _room(self) -> str:
        try:
            free = free_space(self.path())
        except UserError as error:
            return error.what
        text = f"{words.size(free)} are free on this disk."
        return text + ("" if free > USUAL_NEED else " A twin may need about 5 GB while it is trained.")
