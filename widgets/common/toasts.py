"""Short messages in the corner that go away by themselves."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent, QEnterEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QToolButton, QVBoxLayout, QWidget

from emotalker.widgets import style
from emotalker.widgets.common.labels import IconLabel, WrapLabel

_LEVELS = {
    "info": ("info", "accent"),
    "good": ("good", "good"),
    "warning": ("warning", "warn"),
    "error": ("error", "bad"),
}
MOST = 4
"""Messages shown at once; the oldest leaves first."""
MARGIN = 2
WIDTH = 44


def seconds_for(text: str, level: str, has_action: bool) -> float:
    """How long a message stays: long enough to be read, longer if something is to be done."""
    return min(3.0 + 0.06 * len(text), 12.0) + (4.0 if level in ("warning", "error") or has_action else 0.0)


class Toast(QFrame):
    """One message; stays while the mouse is on it or a button of it has the focus."""

    closed = Signal()

    def __init__(
        self,
        text: str,
        level: str = "info",
        action: str = "",
        on_action: Callable[[], object] | None = None,
        parent: QWidget | None = None,
        *,
        seconds: float | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("toast")
        self.setProperty("role", "toast")
        self.text, self.level = text, level if level in _LEVELS else "info"
        icon, colour = _LEVELS[self.level]
        row = QHBoxLayout(self)
        row.setContentsMargins(style.space(1.5), style.space(1), style.space(1), style.space(1))
        row.setSpacing(style.space(1.25))
        row.addWidget(IconLabel(icon, 20, colour), 0, Qt.AlignmentFlag.AlignVCenter)  # type: ignore[arg-type]
        column = QVBoxLayout()
        column.setSpacing(style.space(1))
        column.addWidget(WrapLabel(text))
        row.addLayout(column, 1)
        self.action: QPushButton | None = None
        if action:
            self.action = QPushButton(action)
            self.action.setObjectName("toast_action")
            self.action.setAccessibleName(action)
            self.action.setToolTip(f"{action}: {text}")
            if on_action is not None:
                self.action.clicked.connect(lambda: on_action())
            self.action.clicked.connect(self.dismiss)
            # below the text: beside it, a long button leaves the sentence a word or two a line
            column.addWidget(self.action, 0, Qt.AlignmentFlag.AlignLeft)
        self.closer = QToolButton()
        self.closer.setObjectName("toast_close")
        self.closer.setProperty("role", "quiet")
        self.closer.setIcon(style.icon("close"))
        self.closer.setToolTip("Hide this message")
        self.closer.setAccessibleName("Hide this message")
        self.closer.clicked.connect(self.dismiss)
        row.addWidget(self.closer, 0, Qt.AlignmentFlag.AlignTop)
        self.setAccessibleName(text)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(
            int(1000 * (seconds_for(text, self.level, bool(action)) if seconds is None else seconds))
        )
        self._timer.timeout.connect(self._time_over)
        self._timer.start()

    def dismiss(self) -> None:
        """Go away."""
        self._timer.stop()
        self.hide()
        self.closed.emit()

    def stay(self) -> None:
        """Count its time anew."""
        self._timer.start()

    def enterEvent(self, event: QEnterEvent) -> None:
        """Stay while it is read."""
        super().enterEvent(event)
        self._timer.stop()

    def leaveEvent(self, event: QEvent) -> None:
        """Count anew."""
        super().leaveEvent(event)
        if self.isVisible():
            self._timer.start()

    def _time_over(self) -> None:
        if any(button is not None and button.hasFocus() for button in (self.action, self.closer)):
            self._timer.start()
        else:
            self.dismiss()


class ToastStack(QWidget):
    """The messages of a window, in its lower right corner, the newest at the bottom.

    Args:
        window: over which they lie.
        area: the part of the window they lie in; all of it when left out.
    """

    def __init__(self, window: QWidget, area: Callable[[], QRect] | None = None) -> None:
        super().__init__(window)
        self.setObjectName("toasts")
        self.setAccessibleName("Messages")
        self._window, self._area = window, area or window.rect
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(style.space(1))
        self._toasts: list[Toast] = []
        window.installEventFilter(self)
        self.hide()

    @property
    def toasts(self) -> tuple[Toast, ...]:
        """What is shown now, oldest first."""
        return tuple(self._toasts)

    def show_toast(
        self, text: str, level: str = "info", action: str = "", on_action: Callable[[], object] | None = None
    ) -> Toast:
        """Say something.

        Args:
            text: a sentence.
            level: "info", "good", "warning" or "error".
            action: a button's text; none when empty.
            on_action: what the button does.

        Returns:
            The message, or the one that says the same already.
        """
        same = next((t for t in self._toasts if t.text == text and t.level == level and not action), None)
        if same is not None:
            same.stay()
            return same
        toast = Toast(text, level, action, on_action, self)
        toast.closed.connect(lambda: self._gone(toast))
        self._toasts.append(toast)
        self._column.addWidget(toast)
        while len(self._toasts) > MOST:
            self._toasts[0].dismiss()
        toast.show()
        self.show()
        self.raise_()
        self.reposition()
        QAccessible.updateAccessibility(QAccessibleEvent(toast, QAccessible.Event.Alert))
        return toast

    def reposition(self) -> None:
        """Lie in the lower right corner of the area, within the window."""
        if not self._toasts:
            return
        area = self._area().intersected(self._window.rect())
        margin = style.space(MARGIN)
        width = max(min(style.space(WIDTH), area.width() - 2 * margin), 1)
        self.setFixedWidth(width)
        self._column.activate()
        height = self._column.heightForWidth(width) if self._column.hasHeightForWidth() else self.sizeHint().height()
        top = max(area.bottom() + 1 - height - margin, margin)
        self.setGeometry(area.right() + 1 - width - margin, top, width, max(height, 1))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the window's size."""
        if event.type() == QEvent.Type.Resize and self._toasts:
            self.reposition()
        return False

    def _gone(self, toast: Toast) -> None:
        if toast in self._toasts:
            self._toasts.remove(toast)
            self._column.removeWidget(toast)
            toast.deleteLater()
        if self._toasts:
            self.reposition()
        else:
            self.hide()
