"""Second step: the clips and their labels."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QHeaderView,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from emotalker.engine.emotion.labels import EMOTIONS
from emotalker.engine.errors import UserError
from emotalker.projects.content import VIDEO_ENDINGS, videos_in
from emotalker.projects.labels import USUAL_LEVEL, guess_label
from emotalker.widgets import style
from emotalker.widgets.clips.delegates import emotion_box, level_box
from emotalker.widgets.common import WrapLabel
from emotalker.widgets.common.drops import FileDrop
from emotalker.widgets.newproject.wanted import NewClip

NAME, EMOTION, LEVEL, NOTE = range(4)
_HELP = (
    "Drop videos or folders anywhere in this window. A few clips of one person talking are enough: calm ones, and some "
    "with each emotion. Labels are read from names like happy_level2.mp4; please look them over."
)


class ClipsStep(QWidget):
    """A table of files with emotion and level.

    Attributes:
        table: one row per file.
        copy: whether the files are copied into the project.
    """

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Clips")
        FileDrop(self).dropped.connect(self.add)
        self._files: list[Path] = []
        self.table = QTableWidget(0, 4)
        self.copy = QCheckBox("Copy the clips into the project")
        self._ignored = WrapLabel("", "warn")
        self._wrong = WrapLabel("", "bad")
        self._build()
        self._refresh()

    def add(self, paths: Iterable[Path]) -> None:
        """Add videos, and those in folders; anything else is mentioned, and a file twice is once."""
        others = 0
        for path in paths:
            found = videos_in(path) if path.is_dir() else [path] if path.suffix.lower() in VIDEO_ENDINGS else []
            others += not found
            for file in found:
                if file not in self._files:
                    self._add(file)
        text = "1 file or folder holds no video" if others == 1 else f"{others} files or folders hold no video"
        self._ignored.setText(f"{text} and was left out." if others else "")
        self._refresh()

    def clips(self) -> list[NewClip]:
        """The files whose emotion is known."""
        found = []
        for row, file in enumerate(self._files):
            emotion = self.emotion_at(row).currentData()
            if emotion is not None:
                level = 0.0 if emotion == EMOTIONS[0] else self.level_at(row).value()
                found.append(NewClip(file, emotion, level))
        return found

    def problem(self) -> str:
        """What is wrong here; empty if nothing."""
        unknown = len(self._files) - len(self.clips())
        if not unknown:
            return ""
        return f"Choose the emotion of {unknown} clip{'' if unknown == 1 else 's'}, or remove what is none."

    def show_problems(self) -> None:
        """Say what is wrong and go there."""
        self._wrong.setText(self.problem())
        self._wrong.setVisible(bool(self.problem()))
        for row in range(len(self._files)):
            if self.emotion_at(row).currentData() is None:
                self.table.scrollTo(self.table.model().index(row, NAME))
                self.emotion_at(row).setFocus()
                return

    def emotion_at(self, row: int) -> QComboBox:
        """The list of emotions in a row."""
        box = self.table.cellWidget(row, EMOTION)
        assert isinstance(box, QComboBox)
        return box

    def level_at(self, row: int) -> QDoubleSpinBox:
        """The box of the level in a row."""
        box = self.table.cellWidget(row, LEVEL)
        assert isinstance(box, QDoubleSpinBox)
        return box

    def remove_selected(self) -> None:
        """Take the selected rows out."""
        for row in sorted({index.row() for index in self.table.selectedIndexes()}, reverse=True):
            self.table.removeRow(row)
            del self._files[row]
        self._refresh()

    def _add(self, file: Path) -> None:
        row = len(self._files)
        self._files.append(file)
        self.table.insertRow(row)
        name, note = QTableWidgetItem(file.name), QTableWidgetItem()
        for item in (name, note):
            item.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable)
        name.setToolTip(str(file))
        emotion, level = emotion_box(), level_box()
        emotion.setObjectName("new_clip_emotion")
        emotion.setPlaceholderText("Choose…")
        emotion.setAccessibleName(f"Emotion of {file.name}")
        level.setObjectName("new_clip_level")
        level.setAccessibleName(f"Level of {file.name}")
        level.setValue(USUAL_LEVEL)
        emotion.setCurrentIndex(-1)
        try:
            guess = guess_label(file)
            emotion.setCurrentIndex(emotion.findData(guess.emotion))
            level.setValue(guess.level)
            text, why = ("", "") if guess.level_stated else ("Is the level right?", "The name states no level.")
        except UserError as error:
            text, why = "Which emotion?", f"{error.what} {error.why}"
        if text:
            note.setIcon(style.pixmap("warning", 18, style.colours().warn, 2.0))
        note.setText(text)
        note.setToolTip(why)
        self.table.setItem(row, NAME, name)
        self.table.setCellWidget(row, EMOTION, emotion)
        self.table.setCellWidget(row, LEVEL, level)
        self.table.setItem(row, NOTE, note)
        emotion.currentIndexChanged.connect(lambda: self._labelled(emotion, level, note))
        level.valueChanged.connect(lambda: note.setText(""))
        level.valueChanged.connect(lambda: note.setData(Qt.ItemDataRole.DecorationRole, None))
        level.setEnabled(emotion.currentData() != EMOTIONS[0])

    def _labelled(self, emotion: QComboBox, level: QDoubleSpinBox, note: QTableWidgetItem) -> None:
        neutral = emotion.currentData() == EMOTIONS[0]
        level.setEnabled(not neutral)
        if neutral:
            level.setValue(0.0)
        elif level.value() == 0.0:
            level.setValue(USUAL_LEVEL)
        note.setText("")
        note.setData(Qt.ItemDataRole.DecorationRole, None)
        self._refresh()

    def _build(self) -> None:
        table = self.table
        table.setObjectName("new_clips")
        table.setAccessibleName("Clips to add")
        table.setHorizontalHeaderLabels(["File", "Emotion", "Level", ""])
        table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        table.setShowGrid(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(style.space(5))
        header = table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(NAME, QHeaderView.ResizeMode.Stretch)
        for column, width in ((EMOTION, 18), (LEVEL, 12), (NOTE, 20)):
            header.resizeSection(column, style.space(width))
        choose, remove = QPushButton("Choose files…"), QPushButton("Remove")
        for button, name, tip, slot in (
            (choose, "new_choose_files", "Choose video files", self._choose),
            (remove, "new_remove_files", "Take the selected files out of this list", self.remove_selected),
        ):
            button.setObjectName(name)
            button.setAccessibleName(button.text().rstrip("…"))
            button.setToolTip(tip)
            button.clicked.connect(slot)
        self._remove = remove
        self.copy.setObjectName("new_copy")
        self.copy.setAccessibleName(self.copy.text())
        self.copy.setToolTip("Then the project can move to another disk with its clips; else it points to the files")
        row = QHBoxLayout()
        row.addWidget(choose)
        row.addWidget(remove)
        row.addStretch(1)
        row.addWidget(self.copy)
        all_ = QVBoxLayout(self)
        all_.setContentsMargins(0, 0, 0, 0)
        all_.setSpacing(style.space(1))
        all_.addWidget(WrapLabel(_HELP, "muted"))
        all_.addLayout(row)
        all_.addWidget(table, 1)
        all_.addWidget(self._ignored)
        all_.addWidget(self._wrong)

    def _choose(self) -> None:
        kinds = " ".join(f"*{ending}" for ending in VIDEO_ENDINGS)
        files, _ = QFileDialog.getOpenFileNames(self, "Choose clips", str(Path.home()), f"Videos ({kinds})")
        self.add(Path(file) for file in files)

    def _refresh(self) -> None:
        self._remove.setEnabled(bool(self._files))
        self._ignored.setVisible(bool(self._ignored.text()))
        if not self.problem() or not self._wrong.text():
            self._wrong.setText("")
        self._wrong.setVisible(bool(self._wrong.text()))
        self.changed.emit()
