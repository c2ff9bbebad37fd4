"""What is known about the selected clips, and their labels."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPixmap, QResizeEvent
from PySide6.QtWidgets import QFormLayout, QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from emotalker.engine.emotion.labels import EMOTIONS
from emotalker.projects.amounts import spoken
from emotalker.projects.document import ClipEntry
from emotalker.widgets import style
from emotalker.widgets.clips.delegates import emotion_box, level_box
from emotalker.widgets.clips.model import LIGHTS, usual_level
from emotalker.widgets.clips.pictures import paint_covering
from emotalker.widgets.common import IconLabel, WrapLabel


class Picture(QWidget):
    """The picture of a clip."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pixmap: QPixmap | None = None

    def set_pixmap(self, pixmap: QPixmap | None) -> None:
        """Show a picture, or nothing."""
        self._pixmap = pixmap if pixmap is not None and not pixmap.isNull() else None
        self.setVisible(self._pixmap is not None)
        self.update()

    def sizeHint(self) -> QSize:
        """As wide as there is room."""
        return QSize(style.space(24), style.space(17))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw it."""
        if self._pixmap is not None:
            painter = QPainter(self)
            paint_covering(painter, QRectF(self.rect()), self._pixmap, style.space(0.5))
            painter.end()


class ClipDetails(QScrollArea):
    """Picture, labels, findings of the check with how to mend them, facts.

    Attributes:
        emotion: of the selected clips.
        level: of the selected clips.
        play: shows the clip in the system's player.
        look_for: leads to looking for missing files.
        tracking: shows what the tracker saw.
    """

    labels_changed = Signal(object)
    """dict[str, tuple[str, float]]: for all clips selected."""
    play_requested = Signal(str)
    tracking_requested = Signal(str)
    relink_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("clip_details")
        self.setAccessibleName("Details of the selected clips")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._clips: list[ClipEntry] = []
        self._picture = Picture()
        self._title, self._facts = WrapLabel("", "heading"), WrapLabel("", "muted")
        self._icon, self._word = IconLabel("more", 20, "muted"), WrapLabel()
        self._findings = QVBoxLayout()
        self.emotion, self.level = emotion_box(), level_box()
        self.play, self.look_for = QPushButton("Play clip"), QPushButton("Find…")
        self.tracking, self._outcome = QPushButton("Show tracking…"), WrapLabel("", "warn")
        self._build()
        self.show_clips([], "none", None)

    def show_clips(self, clips: Sequence[ClipEntry], state: str, picture: QPixmap | None) -> None:
        """Show the selected clips.

        Args:
            clips: none, one or many.
            state: of the first, a key of `LIGHTS`.
            picture: of the first.
        """
        self._clips = list(clips)
        one = clips[0] if len(clips) == 1 else None
        self._labels.setVisible(bool(clips))
        self._picture.set_pixmap(picture if one else None)
        for widget in (self._icon, self._word):
            widget.setVisible(one is not None)
        self.play.setVisible(one is not None and state != "missing")
        self.look_for.setVisible(one is not None and state == "missing")
        self._clear_findings()
        if not clips:
            self._title.setText("No clip selected")
            self._facts.setText("Select a clip to see what the check found and how to mend it. Select several, with "
                                "Shift or Ctrl, to label them together.")  # fmt: skip
            return
        self._show_labels(clips)
        if one is None:
            self._title.setText(f"{len(clips)} clips")
            self._facts.setText(f"{spoken(sum(c.duration for c in clips))} in all. A label set here is set for all.")
            return
        self._title.setText(one.id)
        sound = "with sound" if one.has_audio else "without sound: lips cannot be learned from it"
        self._facts.setText(
            f"{spoken(one.duration)}, {one.width} × {one.height} pixels, {one.fps:.3g} frames per second, {sound}."
        )
        self._show_state(one, state)

    def show_result(self, outcome: str, tracked: bool) -> None:
        """What became of the one selected clip in training.

        Args:
            outcome: how it came out in the twin, a sentence; empty where nothing is to be said.
            tracked: whether its tracking can be looked at.
        """
        self._outcome.setText(outcome)
        self._outcome.setVisible(bool(outcome))
        self.tracking.setVisible(tracked)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """In a low window the picture leaves room for the findings."""
        super().resizeEvent(event)
        self._picture.setMaximumHeight(max(style.space(8), self.height() // 3))

    def _show_labels(self, clips: Sequence[ClipEntry]) -> None:
        for box in (self.emotion, self.level):
            box.blockSignals(True)
        same = {c.emotion for c in clips}
        self.emotion.setCurrentIndex(self.emotion.findData(clips[0].emotion) if len(same) == 1 else -1)
        self.level.setValue(clips[0].level)
        self.level.setEnabled(same != {EMOTIONS[0]})
        for box in (self.emotion, self.level):
            box.blockSignals(False)

    def _show_state(self, clip: ClipEntry, state: str) -> None:
        icon, colour, word = LIGHTS[state]
        self._icon.set_icon(icon, colour)  # type: ignore[arg-type]
        self._word.setText(word)
        findings = list(clip.check.findings) if clip.check is not None else []
        if state == "missing":
            findings = [f"The file is not where it was ({clip.file}). Find it again, or remove the clip."]
        elif state == "none":
            findings = ["Press “Check again” to see whether the clip is good to learn from."]
        elif state == "green" and not findings:
            findings = ["Nothing to mend: one face, large and sharp enough, and the sound is fine."]
        for text in findings:
            self._findings.addWidget(WrapLabel(f"• {text}"))

    def _clear_findings(self) -> None:
        while (item := self._findings.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.hide()
                widget.deleteLater()

    def _build(self) -> None:
        inner = QWidget()
        self.setWidget(inner)
        column = QVBoxLayout(inner)
        column.setContentsMargins(*[style.space(1.5)] * 4)
        column.setSpacing(style.space(1))
        column.addWidget(self._picture)
        column.addWidget(self._title)
        state = QHBoxLayout()
        state.setSpacing(style.space(0.75))
        state.addWidget(self._icon)
        state.addWidget(self._word, 1)
        column.addLayout(state)
        column.addLayout(self._findings)
        column.addWidget(self._outcome)
        for button, name, tip in (
            (self.look_for, "clip_find", "Look for missing clips in a folder; they are known by their content"),
            (self.play, "clip_play", "Show the clip in the system's player"),
            (self.tracking, "clip_tracking", "Show the tracked head over every frame, and where it is unsure"),
        ):
            button.setObjectName(name)
            button.setAccessibleName(button.text().rstrip("…"))
            button.setToolTip(tip)
        column.addWidget(self.look_for, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._label_form())
        column.addWidget(self._facts)
        column.addWidget(self.play, 0, Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.tracking, 0, Qt.AlignmentFlag.AlignLeft)
        column.addStretch(1)
        self.play.clicked.connect(lambda: self.play_requested.emit(self._clips[0].id))
        self.tracking.clicked.connect(lambda: self.tracking_requested.emit(self._clips[0].id))
        self.look_for.clicked.connect(self.relink_requested)

    def _label_form(self) -> QWidget:
        self._labels = QWidget()
        form = QFormLayout(self._labels)
        form.setContentsMargins(0, 0, 0, 0)
        self.emotion.setObjectName("details_emotion")
        self.emotion.setPlaceholderText("Several")
        self.level.setObjectName("details_level")
        self.level.setKeyboardTracking(False)
        for text, field in (("Emotion", self.emotion), ("Level", self.level)):
            label = QLabel(text)
            label.setBuddy(field)
            form.addRow(label, field)
        self.emotion.activated.connect(self._emotion_chosen)
        self.level.valueChanged.connect(self._level_chosen)
        return self._labels

    def _emotion_chosen(self) -> None:
        emotion = self.emotion.currentData()
        changed = {c.id: (emotion, usual_level(emotion, c)) for c in self._clips if c.emotion != emotion}
        if changed:
            self.labels_changed.emit(changed)

    def _level_chosen(self, level: float) -> None:
        changed = {c.id: (c.emotion, level) for c in self._clips if c.emotion != EMOTIONS[0] and c.level != level}
        if changed:
            self.labels_changed.emit(changed)
