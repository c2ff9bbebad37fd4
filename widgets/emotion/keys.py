"""Buttons for keyframes: previous, add, next, and how the one at the playhead goes on."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QSizePolicy, QToolButton, QWidget

from emotalker.widgets import style
from emotalker.widgets.emotion.words import EASING_TITLES

_ADD = "Keep the present emotion as a keyframe at the playhead (Ctrl+K)"
_NO_TIME = "Choose a voice first: keyframes are set along it"
_TIPS = {
    "smooth": "Slow at both ends",
    "linear": "At an even pace",
    "hold": "Stays as it is until shortly before the next keyframe",
}


class KeyRow(QWidget):
    """Goes from keyframe to keyframe, adds one, and sets the easing of the one at the playhead."""

    add_requested = Signal()
    """Add a keyframe at the playhead."""
    step_requested = Signal(int)
    """Go to the next (1) or previous (-1) one."""
    easing_changed = Signal(str)
    """Another easing was chosen."""
    left = Signal()
    """What has the focus is about to be of no use: somebody else should take the focus."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._previous = self._made("previous_key", "Previous keyframe", "Go to the previous keyframe ([)")
        self._add = self._made("keyframe_add", "Add keyframe", _ADD)
        self._add.setText("Add keyframe")
        self._add.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._add.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._next = self._made("next_key", "Next keyframe", "Go to the next keyframe (])")
        self._easing = QComboBox()
        self._easing.setObjectName("emotion_easing")
        self._easing.setAccessibleName("Easing")
        for easing, title in EASING_TITLES.items():
            self._easing.addItem(title, easing)
            self._easing.setItemData(self._easing.count() - 1, _TIPS[easing], Qt.ItemDataRole.ToolTipRole)
        self._label = QLabel("Easing")
        self._label.setBuddy(self._easing)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(style.space(0.5))
        for column, button in enumerate((self._previous, self._add, self._next)):
            grid.addWidget(button, 0, column)
        grid.addWidget(self._label, 1, 0, 1, 1)
        grid.addWidget(self._easing, 1, 1, 1, 2)
        grid.setColumnStretch(1, 1)
        self._previous.clicked.connect(lambda: self.step_requested.emit(-1))
        self._add.clicked.connect(self.add_requested)
        self._next.clicked.connect(lambda: self.step_requested.emit(1))
        self._easing.activated.connect(lambda index: self.easing_changed.emit(self._easing.itemData(index)))
        style.notifier().changed.connect(self._restyle)
        self._restyle()

    def set_at_key(self, at_key: bool) -> None:
        """Whether the playhead is at a keyframe, whose easing can then be chosen."""
        if at_key != self._easing.isEnabled() and not self._easing.view().isVisible():
            self._enable(self._easing, at_key)
            self._label.setEnabled(at_key)
            self._show_tip()

    def set_timed(self, timed: bool) -> None:
        """Whether there is a voice, or anything else, to set keyframes along."""
        if timed != self._add.isEnabled():
            self._enable(self._add, timed)
            self._add.setToolTip(_ADD if timed else _NO_TIME)

    def set_context(self, easing: str | None, before: bool, after: bool) -> None:
        """The easing at the playhead, and whether there are keyframes before and after it."""
        if easing is not None and easing != self._easing.currentData():
            self._easing.blockSignals(True)
            self._easing.setCurrentIndex(self._easing.findData(easing))
            self._easing.blockSignals(False)
            self._show_tip()
        self._enable(self._previous, before)
        self._enable(self._next, after)

    def _enable(self, control: QWidget, on: bool) -> None:
        """Qt would give the focus of a disabled control to the next one that happens to be there."""
        if not on and control.hasFocus():
            self.left.emit()
        control.setEnabled(on)

    def _made(self, icon: str, title: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(f"emotion_{icon}")
        button.setProperty("icon_name", icon)
        button.setAccessibleName(title)
        button.setToolTip(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        return button

    def _show_tip(self) -> None:
        if self._easing.isEnabled():
            self._easing.setToolTip(
                f"How the emotion changes to the next keyframe. {_TIPS[self._easing.currentData()]}"
            )
        else:
            self._easing.setToolTip("Go to a keyframe to choose how the emotion changes after it")

    def _restyle(self) -> None:
        for button in (self._previous, self._add, self._next):
            button.setIcon(style.icon(str(button.property("icon_name"))))
        self._show_tip()
