"""The transport bar."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics, QIcon, QResizeEvent
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QSlider, QToolButton, QWidget

from emotalker.widgets import style

SILENT = "No sound device: playing silently"
DEFAULT = "Default sound device"
NO_END = "/ no voice"
LIVE_TIP = "Let the twin say what the microphone hears, while it is said (Ctrl+L)"
_LEFT, _RIGHT = Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight


class TransportBar(QWidget):
    """Play, shuttle, skip, loop, marks, time, volume and sound device."""

    play_toggled = Signal()
    """Play, or pause."""
    shuttle = Signal(int)
    """-1 for J (backwards), 1 for L (forwards, again for faster)."""
    seek_requested = Signal(float)
    """Go to this second."""
    loop_toggled = Signal(bool)
    """Play round and round, or once."""
    mark_in = Signal()
    """The loop begins at the playhead."""
    mark_out = Signal()
    """The loop ends at the playhead."""
    device_changed = Signal(str)
    """Name of the chosen sound device, empty for the system's default."""
    live_toggled = Signal(bool)
    """Let a microphone drive the twin, or no longer."""
    volume_changed = Signal(float)
    """0 to 1; 0 while muted."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("transport_bar")
        self.setAccessibleName("Transport")
        self._duration = 0.0
        self._shown: tuple[bool, float, int, int, bool] | None = None
        self._wide: bool | None = None
        self._buttons: dict[str, QToolButton] = {}
        left = self._playing_row()
        right = self._sound_row()
        self._left, self._right = left, right
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSizeConstraint(QGridLayout.SizeConstraint.SetNoConstraint)
        self._grid.setHorizontalSpacing(style.space(2))
        self._grid.setVerticalSpacing(style.space(0.5))
        self._arrange(True)
        style.notifier().changed.connect(self._restyle)
        self._restyle()
        self.set_state(False, 1.0, 0.0, 0.0)

    # ---- what is shown ----

    def set_state(self, playing: bool, rate: float, time: float, duration: float, idle: bool = False) -> None:
        """Show what the player does; cheap, may be called for every frame.

        Args:
            playing: whether it plays.
            rate: 1 is normal, negative is backwards.
            time: of the playhead, seconds.
            duration: of the performance, seconds; 0 when there is no voice.
            idle: whether there is somebody who can be played without a voice.
        """
        shown = (playing, rate, round(time * 1000), round(duration * 1000), idle)
        before, self._shown = self._shown, shown
        if shown == before:
            return
        if before is None or shown[2] != before[2]:
            self._time.setText(clock_ms(time))
        if before is None or shown[3:] != before[3:]:
            self._duration = duration
            self._total.setText(f"/ {clock_ms(duration)}" if duration > 0 else NO_END)
            for name, button in self._buttons.items():
                button.setEnabled(duration > 0 or name == "mute" or (idle and name in ("start", "play", "live")))
        if before is None or shown[:2] != before[:2]:
            self._show_playing(playing, rate)

    def set_loop(self, on: bool) -> None:
        """Show whether playing goes round."""
        button = self._buttons["loop"]
        button.blockSignals(True)
        button.setChecked(on)
        button.blockSignals(False)

    def set_live(self, on: bool) -> None:
        """Show whether a microphone drives the twin, without telling it."""
        button = self._buttons["live"]
        button.blockSignals(True)
        button.setChecked(on)
        button.blockSignals(False)
        button.setToolTip("End Live (Ctrl+L or Esc)" if on else LIVE_TIP)

    def set_volume(self, volume: float) -> None:
        """Show another volume, 0 to 1, without telling it."""
        self._volume.blockSignals(True)
        self._volume.setValue(round(volume * 100))
        self._volume.blockSignals(False)
        self._show_volume()

    def set_devices(self, names: Sequence[str], current: str | None) -> None:
        """Show the sound devices there are.

        Args:
            names: of the devices; with none the twin plays silently, and the bar says so.
            current: the chosen one; empty or unknown for the system's default.
        """
        box = self._device
        box.blockSignals(True)
        box.clear()
        if names:
            box.addItem(DEFAULT, "")
            for name in names:
                box.addItem(name, name)
            box.setCurrentIndex(max(box.findData(current or ""), 0))
        else:
            box.addItem(SILENT, "")
        box.setEnabled(bool(names))
        box.blockSignals(False)
        self._show_device()

    # ---- Qt ----

    def resizeEvent(self, event: QResizeEvent) -> None:
        """One row where there is room, else two."""
        super().resizeEvent(event)
        self._arrange(event.size().width() >= self._one_row())

    def minimumSizeHint(self) -> QSize:
        """As narrow as the wider of both groups, for there may be two rows."""
        left, right = self._left.minimumSizeHint(), self._right.minimumSizeHint()
        if self._wide:
            return QSize(max(left.width(), right.width()), max(left.height(), right.height()))
        return QSize(max(left.width(), right.width()), left.height() + right.height() + self._grid.verticalSpacing())

    def sizeHint(self) -> QSize:
        """One row."""
        return QSize(self._one_row(), self.minimumSizeHint().height())

    # ---- inside ----

    def _playing_row(self) -> QWidget:
        row, line = _row()
        for name, icon, title, tip, act in (
            ("start", "skip_start", "Go to the start", "Go to the start (Home)", lambda: self.seek_requested.emit(0.0)),
            ("back", "rewind", "Play backwards", "Play backwards; again for faster (J)", lambda: self.shuttle.emit(-1)),
            ("play", "play", "Play", "Play (Space)", self.play_toggled.emit),
            ("fast", "fast_forward", "Play faster", "Play; again for faster (L)", lambda: self.shuttle.emit(1)),
            ("end", "skip_end", "Go to the end", "Go to the end (End)",
             lambda: self.seek_requested.emit(self._duration)),
            ("loop", "loop", "Loop", "Play the loop, or everything, round and round", None),
            ("in", "mark_in", "Mark in", "Begin the loop at the playhead (I)", self.mark_in.emit),
            ("out", "mark_out", "Mark out", "End the loop at the playhead (O)", self.mark_out.emit),
        ):  # fmt: skip
            button = self._button(name, icon, title, tip)
            if act is not None:
                button.clicked.connect(act)
            line.addWidget(button)
        self._buttons["loop"].setCheckable(True)
        self._buttons["loop"].toggled.connect(self.loop_toggled)
        self._buttons["play"].setProperty("role", "primary")
        self._time, self._total, self._rate = QLabel(), QLabel(), QLabel()
        self._time.setObjectName("transport_time")
        self._time.setAccessibleName("Time of the playhead")
        self._time.setToolTip("Time of the playhead: minutes, seconds, thousandths")
        self._total.setObjectName("transport_duration")
        self._total.setAccessibleName("Length of the performance")
        self._total.setToolTip("Length of the performance")
        self._total.setProperty("role", "muted")
        self._rate.setObjectName("transport_rate")
        self._rate.setAccessibleName("Speed")
        self._rate.setToolTip("Speed; sound is heard at normal speed only")
        self._rate.setProperty("role", "badge")
        line.addSpacing(style.space(1))
        for label in (self._time, self._total, self._rate):
            line.addWidget(label)
        policy = self._rate.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self._rate.setSizePolicy(policy)
        return row

    def _sound_row(self) -> QWidget:
        row, line = _row()
        mute = self._button("mute", "speaker", "Mute", "Mute, or hear again")
        mute.setCheckable(True)
        mute.toggled.connect(self._tell_volume)
        self._volume = QSlider(Qt.Orientation.Horizontal)
        self._volume.setObjectName("transport_volume")
        self._volume.setAccessibleName("Volume")
        self._volume.setRange(0, 100)
        self._volume.setValue(100)
        self._volume.setPageStep(10)
        self._volume.setMinimumWidth(72)
        self._volume.setMaximumWidth(140)
        self._volume.valueChanged.connect(self._tell_volume)
        self._device = QComboBox()
        self._device.setObjectName("transport_device")
        self._device.setAccessibleName("Sound device")
        self._device.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._device.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._device.setMinimumContentsLength(len(SILENT) - 4)
        self._device.activated.connect(self._choose_device)
        self._device.addItem(DEFAULT, "")
        live = self._button("live", "microphone", "Live", LIVE_TIP)
        live.setText("Live")
        live.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        live.setCheckable(True)
        live.toggled.connect(self.live_toggled)
        line.addWidget(live)
        for widget in (mute, self._volume, self._device):
            line.addWidget(widget)
        return row

    def _button(self, name: str, icon: str, title: str, tip: str) -> QToolButton:
        button = QToolButton()
        button.setObjectName(f"transport_{name}")
        button.setProperty("icon_name", icon)
        button.setProperty("role", "quiet")
        button.setAccessibleName(title)
        button.setToolTip(tip)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._buttons[name] = button
        return button

    def _one_row(self) -> int:
        """Pixels both groups need beside each other."""
        left, right = self._left.minimumSizeHint().width(), self._right.minimumSizeHint().width()
        return left + self._grid.horizontalSpacing() + right

    def _arrange(self, wide: bool) -> None:
        """Both groups beside each other, or one above the other."""
        if wide == self._wide:
            return
        self._wide = wide
        self._grid.addWidget(self._left, 0, 0, _LEFT)
        self._grid.addWidget(self._right, 0 if wide else 1, 1 if wide else 0, _RIGHT if wide else _LEFT)
        self._grid.setColumnStretch(1, 1 if wide else 0)
        self.updateGeometry()

    def _show_playing(self, playing: bool, rate: float) -> None:
        button = self._buttons["play"]
        button.setProperty("icon_name", "pause" if playing else "play")
        button.setIcon(_icon(button))
        button.setAccessibleName("Pause" if playing else "Play")
        button.setToolTip("Pause (Space or K)" if playing else "Play (Space)")
        self._rate.setText(f"{rate:+g}×".replace("-", "−").replace("+", ""))
        self._rate.setVisible(playing and rate != 1.0)

    def _tell_volume(self) -> None:
        self._show_volume()
        self.volume_changed.emit(0.0 if self._buttons["mute"].isChecked() else self._volume.value() / 100)

    def _show_volume(self) -> None:
        mute = self._buttons["mute"]
        silent = mute.isChecked() or self._volume.value() == 0
        mute.setProperty("icon_name", "mute" if silent else "speaker")
        mute.setIcon(_icon(mute))
        self._volume.setToolTip(f"Volume: {self._volume.value()} %" + (", muted" if mute.isChecked() else ""))

    def _choose_device(self, index: int) -> None:
        self._show_device()
        self.device_changed.emit(self._device.itemData(index))

    def _show_device(self) -> None:
        self._device.setToolTip(f"Where the voice is heard: {self._device.currentText()}")

    def _restyle(self) -> None:
        """Icons and widths of the theme and the size in use."""
        for button in self._buttons.values():
            button.setIcon(_icon(button))
        font = QFont(self.font())
        font.setFeature(QFont.Tag("tnum"), 1)
        large = QFont(font)
        large.setPointSizeF(font.pointSizeF() * 1.2)
        large.setWeight(QFont.Weight.DemiBold)
        for label, used, sample in (
            (self._time, large, "00:00.000"), (self._total, font, "/ 00:00.000"), (self._rate, font, "−2×  "),
        ):  # fmt: skip
            label.setFont(used)
            label.setMinimumWidth(QFontMetrics(used).horizontalAdvance(sample) + 2)
        self._show_volume()
        self._show_device()


def clock_ms(seconds: float) -> str:
    """00:03.250, or 1:02:03.250 from an hour on."""
    ms = max(round(seconds * 1000), 0)
    minutes, rest = divmod(ms, 60_000)
    hours, minutes = divmod(minutes, 60)
    front = f"{hours}:{minutes:02d}" if hours else f"{minutes:02d}"
    return f"{front}:{rest // 1000:02d}.{rest % 1000:03d}"


def _icon(button: QToolButton) -> QIcon:
    """The button's icon in the colour that is read on it."""
    primary = button.property("role") == "primary"
    return style.icon(str(button.property("icon_name")), "accent_text" if primary else "text")


def _row() -> tuple[QWidget, QHBoxLayout]:
    row = QWidget()
    line = QHBoxLayout(row)
    line.setContentsMargins(0, 0, 0, 0)
    line.setSpacing(style.space(0.5))
    return row, line
