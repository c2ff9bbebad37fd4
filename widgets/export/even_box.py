"""A field for the sides of a film."""

from __future__ import annotations

from PySide6.QtWidgets import QSpinBox, QWidget

from emotalker.widgets.common.number_box import off_the_border


class EvenBox(QSpinBox):
    """A field for even numbers: films have no odd sides, and one that is typed counts as the next even one."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSingleStep(2)
        off_the_border(self)

    def valueFromText(self, text: str) -> int:
        """The number meant by what is typed."""
        value = super().valueFromText(text)
        return value + value % 2
