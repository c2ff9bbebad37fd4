"""Surfaces: a card that holds things, and what is said where there is nothing yet."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QPushButton, QVBoxLayout, QWidget

from emotalker.widgets import style
from emotalker.widgets.common.labels import IconLabel, WrapLabel


class Card(QFrame):
    """A panel with rounded corners; put things into `body`.

    Args:
        title: heading; none when empty.
        text: a muted line below it; none when empty.

    Attributes:
        body: the layout inside, below heading and text.
    """

    def __init__(self, title: str = "", text: str = "", parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("role", "card")
        outer = QVBoxLayout(self)
        outer.setContentsMargins(*[style.space(2)] * 4)
        outer.setSpacing(style.space(1))
        if title:
            outer.addWidget(WrapLabel(title, "heading"))
            self.setAccessibleName(title)
        if text:
            outer.addWidget(WrapLabel(text, "muted"))
        self.body = QVBoxLayout()
        self.body.setSpacing(style.space(1))
        outer.addLayout(self.body, 1)


class EmptyState(QWidget):
    """What stands where there is nothing yet: why, and the one thing to do about it.

    Args:
        icon: name of an icon.
        title: what is missing.
        text: what it would be good for.
        button: the thing to do; no button when empty.
        tooltip: of the button.
    """

    clicked = Signal()

    def __init__(
        self, icon: str, title: str, text: str, button: str = "", tooltip: str = "", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName(title)
        self.setAccessibleDescription(text)
        self.icon = IconLabel(icon, 56, "muted")
        self.title, self.text = WrapLabel(title, "heading"), WrapLabel(text, "muted")
        column = QVBoxLayout(self)
        column.setSpacing(style.space(1))
        column.addStretch(1)
        column.addWidget(self.icon, 0, Qt.AlignmentFlag.AlignHCenter)
        for label in (self.title, self.text):
            label.setAlignment(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
            column.addWidget(label)
        self.button = QPushButton(button)
        self.button.setObjectName("empty_state_button")
        self.button.setProperty("role", "primary")
        self.button.setAccessibleName(button)
        self.button.setToolTip(tooltip or text)
        self.button.clicked.connect(self.clicked)
        column.addSpacing(style.space(1))
        column.addWidget(self.button, 0, Qt.AlignmentFlag.AlignHCenter)
        column.addStretch(1)
        self.button.setVisible(bool(button))
