"""A second emotion beside the first, with a slider for its share."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QStandardItemModel
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QSlider, QWidget

from emotalker.engine.emotion.labels import EMOTIONS
from emotalker.widgets import style
from emotalker.widgets.emotion.words import TITLES

_NONE = "None"
_FIRST_SHARE = 30  # %, when a second emotion is chosen
_LARGEST_SHARE = 50  # %; with more of it, it would be the main emotion
_NEUTRAL = EMOTIONS.index("neutral")


class MixSection(QWidget):
    """Chooses a second emotion and how much of it there is."""

    previewed = Signal()
    """The share is being dragged."""
    edited = Signal()
    """The second emotion or its share has been chosen."""
    left = Signal()
    """What has the focus is about to be of no use: somebody else should take the focus."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._second = QComboBox()
        self._second.setObjectName("emotion_second")
        self._second.setAccessibleName("Second emotion")
        self._second.addItem(_NONE, -1)
        for index, name in enumerate(EMOTIONS):
            if index != _NEUTRAL:
                self._second.addItem(TITLES[name], index)
        self._share = QSlider(Qt.Orientation.Horizontal)
        self._share.setObjectName("emotion_share")
        self._share.setAccessibleName("Share of the second emotion")
        self._share.setToolTip("How much of the second emotion is in the mix: up to a half")
        self._share.setRange(0, _LARGEST_SHARE)
        self._share.setPageStep(10)
        self._value = QLabel()
        self._value.setObjectName("emotion_share_value")
        self._value.setAccessibleName("Share of the second emotion, percent")
        self._value.setToolTip("Share of the second emotion")
        self._value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(style.space(1))
        for row, (title, widget) in enumerate((("Mixed with", self._second), ("Share", self._share))):
            label = QLabel(title)
            label.setBuddy(widget)
            grid.addWidget(label, row, 0)
            grid.addWidget(widget, row, 1, 1, 2 if row == 0 else 1)
        grid.addWidget(self._value, 1, 2)
        grid.setColumnStretch(1, 1)
        self._second.activated.connect(self._choose)
        self._share.valueChanged.connect(self._moved)
        self._share.sliderReleased.connect(self.edited)
        self.show_mix(_NEUTRAL, None, 0.0)

    @property
    def busy(self) -> bool:
        """Whether the share is being dragged."""
        return self._share.isSliderDown()

    def mixed(self, first: int) -> tuple[float, ...]:
        """Shares of the eight emotions with `first` as the main one."""
        second, share = int(self._second.currentData()), self._share.value() / 100
        weights = [0.0] * len(EMOTIONS)
        if second < 0 or second == first or share <= 0:
            weights[first] = 1.0
        else:
            weights[first], weights[second] = 1 - share, share
        return tuple(w for w in weights)

    def show_mix(self, first: int, second: int | None, share: float) -> None:
        """Show another mix, without telling it; the main emotion cannot be chosen a second time."""
        for widget in (self._second, self._share):
            widget.blockSignals(True)
        model = self._second.model()
        assert isinstance(model, QStandardItemModel)  # what a combo box makes for itself
        for row in range(1, self._second.count()):
            model.item(row).setEnabled(self._second.itemData(row) != first)
        self._second.setCurrentIndex(0 if second is None else max(self._second.findData(second), 0))
        self._set_share(0 if second is None else round(share * 100))
        for widget in (self._second, self._share):
            widget.blockSignals(False)
        # in a neutral face a second emotion would not be seen
        self._enable(self._second, first != _NEUTRAL or second is not None)
        usable = self._second.isEnabled()
        self._second.setToolTip("A second emotion that is mixed in" if usable else "Choose an emotion first")
        self._show_share()

    def _enable(self, control: QWidget, on: bool) -> None:
        if not on and control.hasFocus():
            self.left.emit()
        control.setEnabled(on)

    def _choose(self) -> None:
        self._share.blockSignals(True)
        none = self._second.currentData() < 0
        self._set_share(0 if none else self._share.value() or _FIRST_SHARE)
        self._share.blockSignals(False)
        self._show_share()
        self.edited.emit()

    def _set_share(self, share: int) -> None:
        """A second emotion has a share; to be without one there is "None"."""
        self._share.setMinimum(0 if self._second.currentData() < 0 else 1)
        self._share.setValue(share)

    def _moved(self) -> None:
        self._show_share()
        self.previewed.emit()
        if not self._share.isSliderDown():
            self.edited.emit()

    def _show_share(self) -> None:
        self._enable(self._share, self._second.currentData() >= 0)
        self._value.setText(f"{self._share.value()} %")
        self._value.setMinimumWidth(self._value.fontMetrics().horizontalAdvance("50 %"))
