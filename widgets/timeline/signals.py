"""What a timeline says, the same for the picture and for the widget around it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget


class TimelineSignals(QWidget):
    """A widget with the signals of a timeline."""

    scrub_started = Signal()
    """The mouse has taken the playhead."""
    scrubbed = Signal(float)
    """The playhead is held at this second."""
    scrub_ended = Signal(float)
    """The playhead was let go at this second."""
    curve_previewed = Signal(object)
    """EmotionCurve while a keyframe is dragged; nothing to undo yet."""
    curve_edited = Signal(object, str)
    """EmotionCurve and the name of the edit, once, when it is done."""
    loop_changed = Signal(object)
    """(first, last) second or None, when a drag of the loop has ended."""
    selection_changed = Signal(list)
    """Indices of the chosen keyframes."""

    def say_for(self, part: TimelineSignals) -> None:
        """Say whatever a part says."""
        part.scrub_started.connect(self.scrub_started)
        part.scrubbed.connect(self.scrubbed)
        part.scrub_ended.connect(self.scrub_ended)
        part.curve_previewed.connect(self.curve_previewed)
        part.curve_edited.connect(self.curve_edited)
        part.loop_changed.connect(self.loop_changed)
        part.selection_changed.connect(self.selection_changed)
