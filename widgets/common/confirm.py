"""One question before something that cannot be taken back."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from emotalker.widgets import style
from emotalker.widgets.common.labels import IconLabel, WrapLabel


def confirm(parent: QWidget | None, title: str, text: str, action: str, *, danger: bool = True) -> bool:
    """Ask whether to go on; the safe answer has the focus and is Escape.

    Args:
        parent: the window it belongs to.
        title: the question.
        text: what will happen.
        action: name of the button that does it ("Delete").
        danger: whether something is lost.

    Returns:
        Whether the user chose `action`.
    """
    dialog = QDialog(parent)
    dialog.setObjectName("confirm_dialog")
    dialog.setWindowTitle(title)
    words = QVBoxLayout()
    words.addWidget(WrapLabel(title, "heading"))
    words.addWidget(WrapLabel(text))
    top = QHBoxLayout()
    top.setSpacing(style.space(2))
    mark = IconLabel("warning", 32, "warn") if danger else IconLabel("help", 32, "accent")
    top.addWidget(mark, 0, Qt.AlignmentFlag.AlignTop)
    top.addLayout(words, 1)
    buttons = QDialogButtonBox()
    cancel = buttons.addButton("Cancel", QDialogButtonBox.ButtonRole.RejectRole)
    cancel.setToolTip("Leave everything as it is (Esc)")
    go = QPushButton(action)
    go.setProperty("role", "danger" if danger else "primary")
    go.setToolTip(text)
    buttons.addButton(go, QDialogButtonBox.ButtonRole.AcceptRole)
    for button, name in ((cancel, "confirm_cancel"), (go, "confirm_action")):
        button.setObjectName(name)
        button.setAccessibleName(button.text())
        button.setAutoDefault(False)
    buttons.accepted.connect(dialog.accept)
    buttons.rejected.connect(dialog.reject)
    column = QVBoxLayout(dialog)
    column.setContentsMargins(*[style.space(3)] * 4)
    column.setSpacing(style.space(2))
    column.addLayout(top)
    column.addWidget(buttons)
    dialog.setMinimumWidth(style.space(52))
    cancel.setFocus()
    agreed = dialog.exec() == QDialog.DialogCode.Accepted
    dialog.deleteLater()
    return agreed
