"""Everything that goes into a report, for the user to read, change and leave out."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from emotalker.widgets import style
from emotalker.widgets.common import IconLabel, WrapLabel

WORDS = "your-words.txt"
_INTRO = (
    "This is all that goes into the report; nothing is sent. It holds no picture, no sound and no name. Read through "
    "it, change what you like, take out what you do not want to give, then save it and send it to whom you choose."
)


class ProblemDialog(QDialog):
    """Shows every file of a report as text.

    Args:
        files: text by file name.
        parent: the window it belongs to.
    """

    def __init__(self, files: Mapping[str, str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("problem_dialog")
        self.setWindowTitle("Report a problem")
        self.words = QPlainTextEdit()
        self.words.setObjectName("problem_words")
        self.words.setAccessibleName("What happened, in your words")
        self.words.setPlaceholderText("What did you do, and what happened? (optional)")
        self.words.setToolTip("Your own words help most; they go into the report as they are")
        self.words.setTabChangesFocus(True)
        self.words.setFixedHeight(style.space(9))
        self.list = QListWidget()
        self.list.setObjectName("problem_files")
        self.list.setAccessibleName("Files of the report")
        self.list.setToolTip("Choose a file to read it; without its tick it is left out")
        self._texts = QStackedWidget()
        for name, text in files.items():
            self._add(name, text)
        self.list.currentRowChanged.connect(self._texts.setCurrentIndex)
        self.list.setCurrentRow(0)
        splitter = QSplitter()
        splitter.setObjectName("problem_splitter")
        splitter.setChildrenCollapsible(False)
        splitter.addWidget(self.list)
        splitter.addWidget(self._texts)
        splitter.setStretchFactor(1, 1)
        splitter.setSizes([style.space(24), style.space(70)])
        column = QVBoxLayout(self)
        column.setContentsMargins(*[style.space(2)] * 4)
        column.setSpacing(style.space(1.5))
        top = QHBoxLayout()
        top.setSpacing(style.space(1.5))
        top.addWidget(IconLabel("eye", 28, "accent"), 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(WrapLabel(_INTRO), 1)
        column.addLayout(top)
        column.addWidget(self.words)
        column.addWidget(splitter, 1)
        column.addWidget(self._buttons())
        self.resize(style.space(100), style.space(66))
        self.words.setFocus()

    def files(self) -> dict[str, str]:
        """What the user agreed to, as it stands in the boxes."""
        chosen = {}
        words = self.words.toPlainText().strip()
        if words:
            chosen[WORDS] = words + "\n"
        for row in range(self.list.count()):
            item, box = self.list.item(row), self._texts.widget(row)
            if item.checkState() is Qt.CheckState.Checked and isinstance(box, QPlainTextEdit):
                chosen[item.text()] = box.toPlainText()
        return chosen

    def _add(self, name: str, text: str) -> None:
        item = QListWidgetItem(name)
        item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
        item.setCheckState(Qt.CheckState.Checked)
        item.setToolTip(f"{name}: {len(text.splitlines())} lines")
        item.setSizeHint(QSize(style.space(10), style.space(3.5)))
        self.list.addItem(item)
        box = QPlainTextEdit(text)
        box.setObjectName(f"problem_text_{self.list.count()}")
        box.setAccessibleName(f"Text of {name}")
        box.setToolTip("You may change this text; what stands here is saved")
        box.setTabChangesFocus(True)
        box.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        box.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self._texts.addWidget(box)

    def _buttons(self) -> QDialogButtonBox:
        box = QDialogButtonBox()
        cancel = box.addButton("Cancel", QDialogButtonBox.ButtonRole.RejectRole)
        cancel.setToolTip("Leave without a report (Esc)")
        save = QPushButton("Save report…")
        save.setProperty("role", "primary")
        save.setToolTip("Save what is shown here as a zip file where you choose")
        box.addButton(save, QDialogButtonBox.ButtonRole.AcceptRole)
        for button, name in ((cancel, "problem_cancel"), (save, "problem_save")):
            button.setObjectName(name)
            button.setAccessibleName(button.text().rstrip("…"))
        box.accepted.connect(self.accept)
        box.rejected.connect(self.reject)
        return box
