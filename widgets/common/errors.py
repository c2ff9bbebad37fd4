"""The dialog that says what happened, why, and what to do."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFontDatabase, QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QHBoxLayout,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from emotalker.engine.errors import UserError
from emotalker.widgets import style
from emotalker.widgets.common.labels import IconLabel, WrapLabel


class ErrorDialog(QDialog):
    """What, why and what to do; the details for experts are folded.

    Args:
        error: what to say.
        details: text for experts; without it there is nothing to unfold.
        parent: the window it belongs to.
        remedy: what a button that mends it says; empty where there is none.
    """

    report_requested = Signal()
    remedy_requested = Signal()

    def __init__(self, error: UserError, details: str = "", parent: QWidget | None = None, remedy: str = "") -> None:
        super().__init__(parent)
        self.setObjectName("error_dialog")
        self.setWindowTitle("Something did not work")
        self.setAccessibleName(error.what)
        self.setAccessibleDescription(f"{error.why} {error.what_to_do}")
        self.what, self.why, self.advice = WrapLabel(error.what, "heading"), WrapLabel(error.why), WrapLabel()
        self.advice.setText(error.what_to_do)
        for label in (self.what, self.why, self.advice):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.remedy, self.close_button = QPushButton(remedy), QPushButton("Close")
        self._build(details)
        # Enter and Space close, or mend: a name typed wrong is nothing to report
        (self.remedy if remedy else self.close_button).setFocus()

    def _build(self, details: str) -> None:
        inside = QWidget()
        words = QVBoxLayout(inside)
        words.setContentsMargins(0, 0, 0, 0)
        words.setSpacing(style.space(0.5))
        words.addWidget(self.what)
        for title, label in (("Why", self.why), ("What to do", self.advice)):
            words.addSpacing(style.space(1))
            words.addWidget(WrapLabel(title, "muted"))
            words.addWidget(label)
        words.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setWidget(inside)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        top = QHBoxLayout()
        top.setSpacing(style.space(2))
        top.addWidget(IconLabel("error", 36, "bad"), 0, Qt.AlignmentFlag.AlignTop)
        top.addWidget(scroll, 1)
        self.details = QPlainTextEdit(details)
        self.details.setObjectName("error_details")
        self.details.setReadOnly(True)
        self.details.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.details.setAccessibleName("Details for experts")
        self.details.setToolTip("What the program noted about it; goes into a report")
        self.details.setMinimumHeight(style.space(16))
        self.details.setVisible(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[style.space(3)] * 4)
        column.setSpacing(style.space(2))
        column.addLayout(top, 1)
        column.addWidget(self.details, 3)
        column.addLayout(self._buttons(bool(details)))
        width = style.space(68)
        inner = width - style.space(6 + 2 + 2) - round(36 * style.notifier().scale)
        needed = words.heightForWidth(inner) + style.space(1)
        most = QGuiApplication.primaryScreen().availableSize().height()
        scroll.setMinimumHeight(min(needed, most // 3))
        self.setMinimumWidth(max(style.space(48), column.minimumSize().width()))
        self._closed = min(needed, most // 2) + style.space(6 + 2) + self.close_button.sizeHint().height()
        self.resize(width, self._closed)

    def _buttons(self, has_details: bool) -> QHBoxLayout:
        self.unfold = QPushButton("Details")
        self.unfold.setObjectName("error_unfold")
        self.unfold.setProperty("role", "quiet")
        self.unfold.setCheckable(True)
        self.unfold.setIcon(style.icon("chevron_right"))
        self.unfold.setToolTip("Show what experts need")
        self.unfold.setVisible(has_details)
        self.unfold.toggled.connect(self._fold)
        self.report = QPushButton("Report a problem…")
        self.report.setObjectName("error_report")
        self.report.setToolTip("Collect what helps to find the fault; you look through it before it is saved")
        self.report.clicked.connect(self._report)
        self.close_button.setObjectName("error_close")
        self.close_button.setToolTip("Close this message (Esc)")
        self.close_button.clicked.connect(self.reject)
        self.remedy.setObjectName("error_remedy")
        self.remedy.setToolTip(f"{self.remedy.text()} now (Enter)")
        self.remedy.setVisible(bool(self.remedy.text()))
        self.remedy.clicked.connect(self._mend)
        first = self.remedy if self.remedy.text() else self.close_button
        first.setProperty("role", "primary")
        first.setDefault(True)
        row = QHBoxLayout()
        row.addWidget(self.unfold)
        row.addStretch(1)
        row.addWidget(self.report)
        row.addWidget(self.close_button)
        row.addWidget(self.remedy)
        for button in (self.unfold, self.report, self.close_button, self.remedy):
            button.setAccessibleName(button.text().replace("&", "").rstrip("…"))
            button.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
        return row

    def _mend(self) -> None:
        self.accept()
        self.remedy_requested.emit()

    def _fold(self, shown: bool) -> None:
        self.unfold.setIcon(style.icon("chevron_down" if shown else "chevron_right"))
        self.details.setVisible(shown)
        most = self.screen().availableSize().height() - style.space(4)
        self.resize(self.width(), min(self._closed + (style.space(30) if shown else 0), most))

    def _report(self) -> None:
        self.accept()
        self.report_requested.emit()
