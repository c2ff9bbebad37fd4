"""One line that says that consent is missing."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from emotalker.widgets import style
from emotalker.widgets.common import IconLabel, WrapLabel

TEXT = "Consent is missing: training and export need it."


class ConsentBanner(QFrame):
    """Says so and leads to where it is given; hide it where consent is given."""

    clicked = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("consent_banner")
        self.setProperty("role", "card")
        self.setAccessibleName(TEXT)
        self.button = QPushButton("Give consent…")
        self.button.setObjectName("consent_banner_button")
        self.button.setAccessibleName("Give consent")
        self.button.setToolTip("Show the statement of the person in the clips")
        self.button.clicked.connect(self.clicked)
        row = QHBoxLayout(self)
        row.setContentsMargins(style.space(1.5), style.space(0.75), style.space(1.5), style.space(0.75))
        row.setSpacing(style.space(1))
        row.addWidget(IconLabel("warning", 20, "warn"))
        row.addWidget(WrapLabel(TEXT), 1)
        row.addWidget(self.button)
