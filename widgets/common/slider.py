"""A slider for a number with decimals, with its name before it and its value in a box behind it."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QDoubleSpinBox, QHBoxLayout, QLabel, QSlider, QStyle, QStyleOptionSlider, QWidget

from emotalker.widgets import style
from emotalker.widgets.common.number_box import off_the_border

_STEPS = 10_000
_TOLERANCE = 1e-9
_KEY_STEPS = {
    Qt.Key.Key_Left: -1,
    Qt.Key.Key_Down: -1,
    Qt.Key.Key_Right: 1,
    Qt.Key.Key_Up: 1,
    Qt.Key.Key_PageDown: -10,
    Qt.Key.Key_PageUp: 10,
}


class LabelledSlider(QWidget):
    """Name, slider and value box that say the same.

    Drag, type, or use the arrow keys (with Page up and down for ten steps); a double-click on the slider resets it.

    Args:
        name: what it sets.
        low: smallest value.
        high: largest value.
        value: the value at first, and the one that a double-click brings back.
        step: of an arrow key.
        decimals: shown in the box.
        suffix: unit behind the value.
        tooltip: what it does.
    """

    value_changed = Signal(float)
    """The value, live, while it is dragged."""
    edited = Signal(float)
    """The value, at the end of a drag, or at once for keys, box and reset."""

    def __init__(
        self,
        name: str,
        low: float,
        high: float,
        value: float,
        *,
        step: float = 0.1,
        decimals: int = 2,
        suffix: str = "",
        tooltip: str = "",
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        if not low < high:
            raise ValueError(f"the range of {name!r} is empty: {low} to {high}")
        self._low, self._high, self._step = low, high, step
        self._default = self._value = min(max(value, low), high)
        self._told = self._value
        self.label = QLabel(name)
        self.slider = _Slider(Qt.Orientation.Horizontal)
        self.box = QDoubleSpinBox()
        self._build(name, decimals, suffix, tooltip)
        self._show()
        self.slider.valueChanged.connect(self._moved)
        self.slider.sliderReleased.connect(self._finish)
        self.slider.stepped.connect(self._stepped)
        self.slider.reset.connect(self.reset)
        self.box.valueChanged.connect(self._typed)

    @property
    def value(self) -> float:
        """The value shown."""
        return self._value

    def minimumSizeHint(self) -> QSize:
        """High enough for the box, whose own hint is too low for its frame."""
        return QSize(super().minimumSizeHint().width(), self.sizeHint().height())

    def set_value(self, value: float) -> None:
        """Show a value that was set elsewhere; nothing is emitted. A drag that goes on is not disturbed."""
        if self.slider.isSliderDown():
            return
        self._value = self._told = min(max(value, self._low), self._high)
        self._show()

    def reset(self) -> None:
        """Go back to the first value."""
        self._change(self._default)
        self._finish()

    def _build(self, name: str, decimals: int, suffix: str, tooltip: str) -> None:
        plain = name.lower().replace(" ", "_")
        self.setObjectName(f"{plain}_row")
        self.slider.setRange(0, _STEPS)
        self.box.setRange(self._low, self._high)
        self.box.setDecimals(decimals)
        self.box.setSingleStep(self._step)
        self.box.setSuffix(suffix)
        self.box.setKeyboardTracking(False)
        off_the_border(self.box)
        self.label.setBuddy(self.slider)
        hint = f"{tooltip or name}\nDouble-click to reset, arrow keys for small steps"
        for widget, part in ((self.slider, "slider"), (self.box, "box")):
            widget.setObjectName(f"{plain}_{part}")
            widget.setAccessibleName(name if part == "slider" else f"{name}, value")
            widget.setToolTip(hint if part == "slider" else tooltip or name)
        self.setFocusProxy(self.slider)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(style.space(1))
        row.addWidget(self.label)
        row.addWidget(self.slider, 1)
        row.addWidget(self.box)

    def _moved(self, position: int) -> None:
        self._change(self._low + (self._high - self._low) * position / _STEPS)
        if not self.slider.isSliderDown():
            self._finish()

    def _stepped(self, steps: int) -> None:
        # whole steps, so that 0.3 after three keys is 0.3
        number = round((self._value - self._low) / self._step) + steps
        self._change(self._low + number * self._step)
        self._finish()

    def _typed(self, value: float) -> None:
        self._change(value)
        self._finish()

    def _change(self, value: float) -> None:
        value = min(max(value, self._low), self._high)
        if abs(value - self._value) > _TOLERANCE:
            self._value = value
            self._show()
            self.value_changed.emit(value)

    def _finish(self) -> None:
        if abs(self._value - self._told) > _TOLERANCE:
            self._told = self._value
            self.edited.emit(self._value)

    def _show(self) -> None:
        with QSignalBlocker(self.slider), QSignalBlocker(self.box):
            share = (self._value - self._low) / (self._high - self._low)
            if not self.slider.isSliderDown():
                self.slider.setValue(round(share * _STEPS))
            self.box.setValue(self._value)


class _Slider(QSlider):
    """A slider that jumps to a click, steps by keys, and asks for a reset on a double-click."""

    stepped = Signal(int)
    reset = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows and page keys step; Home and End go to the ends."""
        steps = _KEY_STEPS.get(Qt.Key(event.key()))
        if steps is None:
            super().keyPressEvent(event)
        else:
            self.stepped.emit(steps)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Put the handle under the mouse, to be dragged from there."""
        if event.button() == Qt.MouseButton.LeftButton and not self._on_handle(event):
            self.setSliderDown(True)
            span = self.style().pixelMetric(QStyle.PixelMetric.PM_SliderLength, None, self)
            place = event.position().x() - span / 2
            self.setSliderPosition(
                QStyle.sliderValueFromPosition(
                    self.minimum(), self.maximum(), round(place), max(self.width() - span, 1)
                )
            )
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a drag."""
        super().mouseReleaseEvent(event)
        if self.isSliderDown():
            self.setSliderDown(False)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Ask for a reset."""
        self.setSliderDown(False)
        self.reset.emit()

    def _on_handle(self, event: QMouseEvent) -> bool:
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        handle = self.style().subControlRect(
            QStyle.ComplexControl.CC_Slider, option, QStyle.SubControl.SC_SliderHandle, self
        )
        return handle.contains(event.position().toPoint())
