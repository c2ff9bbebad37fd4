"""Number boxes."""

from __future__ import annotations

from PySide6.QtWidgets import QAbstractSpinBox

from emotalker.widgets import style


def off_the_border(box: QAbstractSpinBox) -> None:
    """Begin the number where the words in other fields do; padding of a style sheet does not reach it."""
    box.lineEdit().setTextMargins(style.space(0.75), 0, 0, 0)
