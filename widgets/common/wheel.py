"""The mouse wheel over controls in a panel that scrolls."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QAbstractSlider, QAbstractSpinBox, QComboBox, QScrollBar, QWidget

_TURNED = (QComboBox, QAbstractSlider, QAbstractSpinBox)


class WheelScrolls(QObject):
    """Lets the wheel scroll a panel over its controls too; one that has the focus is turned by it.

    Without it, whoever scrolls the panel changes what the mouse happens to pass.

    Args:
        panel: all controls in it are meant; they are there already.
    """

    def __init__(self, panel: QWidget) -> None:
        super().__init__(panel)
        for control in panel.findChildren(QWidget):
            if isinstance(control, _TURNED) and not isinstance(control, QScrollBar):
                if control.focusPolicy() == Qt.FocusPolicy.WheelFocus:
                    control.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
                control.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Pass the wheel on to what is around the control."""
        if event.type() == QEvent.Type.Wheel and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False
