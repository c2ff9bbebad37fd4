"""The strip below the transport while Live is on."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QFont, QFontMetrics
from PySide6.QtWidgets import QComboBox, QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from emotalker.widgets import style
from emotalker.widgets.common import IconButton, IconLabel, WrapLabel
from emotalker.widgets.live.level_meter import LevelMeter

DEFAULT = "Default microphone"
NONE = "No microphone"
FOLLOW = "Follow a sound file…"
FILE = "file"
STARTING = "Getting ready…"
HELP = (
    "From a sound at the microphone to the picture with its mouth. A fifth of a second of it is needed to hear what "
    "follows each sound."
)


class LiveStrip(QFrame):
    """Says how live it is, what is listened to and how loud that is."""

    stopped = Signal()
    """End Live."""
    microphone_chosen = Signal(str)
    """Listen to this microphone, empty for the system's."""
    file_requested = Signal()
    """Ask for a file to follow."""
    retried = Signal()
    """Try again after trouble."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("live_strip")
        self.setAccessibleName("Live")
        self.setProperty("role", "card")
        self._file = ""
        self._index = 0
        self.meter = LevelMeter()
        self._icon = IconLabel("record", 16, "muted")
        self._state = QLabel()
        self._state.setObjectName("live_state")
        self._state.setProperty("role", "heading")
        self._source = QComboBox()
        self._source.setObjectName("live_source")
        self._source.setAccessibleName("Microphone")
        self._source.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._source.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self._source.setMinimumContentsLength(len(FOLLOW))
        self._source.activated.connect(self._chosen)
        self._again = IconButton("live_again", "Try again", "Listen again", "refresh")
        self._again.clicked.connect(self.retried)
        self._stop = IconButton("live_stop", "Stop", "End Live (Esc)", "stop")
        self._stop.clicked.connect(self.stopped)
        self._words = WrapLabel()
        self._words.setObjectName("live_words")
        row = QHBoxLayout()
        row.setSpacing(style.space(1))
        row.addWidget(self._icon)
        row.addWidget(self._state)
        row.addWidget(self.meter, 1)
        for widget in (self._source, self._again, self._stop):
            row.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(style.space(1), style.space(0.5), style.space(1), style.space(0.5))
        column.setSpacing(style.space(0.5))
        column.addLayout(row)
        column.addWidget(self._words)
        style.notifier().changed.connect(self._restyle)
        self._restyle()
        self.set_microphones([], "")
        self.show_starting()

    def set_microphones(self, names: Sequence[str], current: str, file: str = "") -> None:
        """Show what can be listened to.

        Args:
            names: of the microphones.
            current: the chosen one; empty or unknown for the system's.
            file: name of the file that is followed instead; empty when none is.
        """
        box = self._source
        box.blockSignals(True)
        box.clear()
        self._file = file
        if names:
            box.addItem(DEFAULT, "")
            for name in names:
                box.addItem(name, name)
        else:
            box.addItem(NONE, "")
        box.insertSeparator(box.count())
        if file:
            box.addItem(file, FILE)
        # the choice of a file has no data: it asks
        box.addItem(FOLLOW, None)
        self._index = box.findData(FILE) if file else max(box.findData(current), 0)
        box.setCurrentIndex(self._index)
        box.blockSignals(False)
        self._show_source()

    def show_starting(self) -> None:
        """The twin is about to listen."""
        self._say(STARTING, "muted")
        self._trouble("")

    def show_live(self, latency_ms: float | None, hint: str = "") -> None:
        """It follows the sound.

        Args:
            latency_ms: from sound to picture; None before the first picture.
            hint: something the user should know, such as that the microphone is muted.
        """
        if latency_ms is None:
            self._say(STARTING, "muted")
        else:
            # single milliseconds cannot be read while they change
            self._say(f"Live – {round(latency_ms / 10) * 10:.0f} ms", "bad")
        self._keep_room()
        self._trouble(hint)

    def show_trouble(self, text: str) -> None:
        """It cannot listen, and why, and what to do about it."""
        self.meter.clear()
        self._say("Not live", "warn")
        self._trouble(text, again=True)

    @property
    def state(self) -> str:
        """What the strip says first: "Live – 260 ms"."""
        return self._state.text()

    @property
    def words(self) -> str:
        """What else it says; empty when all is well."""
        return self._words.text()

    def _say(self, text: str, colour: str) -> None:
        if text != self._state.text():
            self._state.setText(text)
            self._state.setToolTip(HELP)
            self._state.setAccessibleName(text)
        self._icon.set_icon("warning" if colour == "warn" else "record", colour)  # type: ignore[arg-type]

    def _trouble(self, text: str, again: bool = False) -> None:
        self._words.setText(text)
        self._words.setVisible(bool(text))
        self._again.setVisible(again)
        self.meter.setEnabled(not again)

    def _chosen(self, index: int) -> None:
        data = self._source.itemData(index)
        if data is None:
            # until a file is chosen, what was listened to is what is shown
            self._source.setCurrentIndex(self._index)
            self.file_requested.emit()
            return
        if index == self._index:
            return
        self._index = index
        self._show_source()
        if data != FILE:
            self.microphone_chosen.emit(str(data))

    def _show_source(self) -> None:
        self._source.setToolTip(f"What the twin listens to: {self._source.currentText()}")

    def _restyle(self) -> None:
        """Figures of one width."""
        font = QFont(self._state.font())
        font.setFeature(QFont.Tag("tnum"), 1)
        self._state.setFont(font)
        self._state.setAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._keep_room()

    def _keep_room(self) -> None:
        """Leave room for the longest text, so that nothing moves while the number changes.

        The font is only known once the style sheet has been applied.
        """
        self._state.ensurePolished()
        room = QFontMetrics(self._state.font()).horizontalAdvance("Live – 0000 ms ") + style.space(1)
        if self._state.minimumWidth() != room:
            self._state.setMinimumWidth(room)
