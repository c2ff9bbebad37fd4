"""The tour: a ring round a widget and a card beside it, step after step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent, QKeyEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from emotalker.widgets import style
from emotalker.widgets.tour.place import place_card

_MOVES = (QEvent.Type.Move, QEvent.Type.Resize, QEvent.Type.Show, QEvent.Type.Hide, QEvent.Type.LayoutRequest)
WIDTH = 42
"""Of the card, in grid steps."""


@dataclass(frozen=True)
class TourStep:
    """One step.

    Attributes:
        target: objectName of the widget it is about; a step whose widget is not shown stands in the middle.
        title: a few words.
        text: one or two sentences.
    """

    target: str
    title: str
    text: str


class _Ring(QWidget):
    """An outline round the target that lets every event through."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("tour_ring")
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        style.notifier().changed.connect(self.update)

    def paintEvent(self, event: QPaintEvent) -> None:
        del event
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(3, 3, -3, -3)
        for width, alpha in ((6.0, 70), (2.0, 255)):
            colour = style.colours().accent
            colour.setAlpha(alpha)
            painter.setPen(QPen(colour, width))
            painter.drawRoundedRect(frame, style.space(1), style.space(1))


class _Card(QFrame):
    """Title, text, progress and the buttons; Enter and the right arrow go on, the left one back, Esc ends."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("tour_card")
        self.setProperty("role", "toast")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAutoFillBackground(True)
        self.setProperty("own_keys", True)  # arrows go through the tour, they do not move the playhead
        self.setToolTip("A short tour: Enter goes on, Esc ends it")
        self.title, self.text, self.count = QLabel(), QLabel(), QLabel()
        for label, name, role in (
            (self.title, "title", "heading"),
            (self.text, "text", ""),
            (self.count, "count", "muted"),
        ):
            label.setObjectName(f"tour_{name}")
            label.setProperty("role", role)
            label.setWordWrap(label is not self.count)
        self.skip = self._button("tour_skip", "Skip", "End the tour (Esc)", "quiet")
        self.back = self._button("tour_back", "Back", "The step before (left arrow)", "")
        self.next = self._button("tour_next", "Next", "Go on (Enter)", "primary")
        row = QHBoxLayout()
        row.setSpacing(style.space(1))
        row.addWidget(self.count)
        row.addStretch(1)
        for button in (self.skip, self.back, self.next):
            row.addWidget(button)
        column = QVBoxLayout(self)
        column.setContentsMargins(*(style.space(2),) * 4)
        column.setSpacing(style.space(1))
        column.addWidget(self.title)
        column.addWidget(self.text)
        column.addSpacing(style.space(0.5))
        column.addLayout(row)

    def _button(self, name: str, text: str, tip: str, role: str) -> QPushButton:
        button = QPushButton(text)
        button.setObjectName(name)
        button.setAccessibleName(f"{text}: tour")
        button.setToolTip(tip)
        button.setProperty("role", role)
        button.setAutoDefault(False)
        button.setProperty("own_keys", True)
        return button

    def focusNextPrevChild(self, next_: bool) -> bool:
        """Tab stays in the card, so that Esc ends the tour wherever the keyboard is."""
        stops = [self, *(b for b in (self.skip, self.back, self.next) if b.isVisible() and b.isEnabled())]
        here = self.focusWidget()
        place = stops.index(here) if isinstance(here, _Card | QPushButton) and here in stops else 0
        reason = Qt.FocusReason.TabFocusReason if next_ else Qt.FocusReason.BacktabFocusReason
        stops[(place + (1 if next_ else -1)) % len(stops)].setFocus(reason)
        return True

    def keyPressEvent(self, event: QKeyEvent) -> None:
        keys = {
            Qt.Key.Key_Return: self.next, Qt.Key.Key_Enter: self.next, Qt.Key.Key_Right: self.next,
            Qt.Key.Key_Left: self.back, Qt.Key.Key_Escape: self.skip,
        }  # fmt: skip
        button = keys.get(Qt.Key(event.key()))
        if button is None:
            super().keyPressEvent(event)
        elif button.isEnabled():
            button.click()


class Tour(QObject):
    """A tour over a window; shows nothing before `start`.

    Signals:
        finished(bool): it is over; true when the last step was reached, false when it was skipped.

    Args:
        parent: the window it lies over; the targets are looked for among its children.
        steps: what to show, in order.
    """

    finished = Signal(bool)

    def __init__(self, parent: QWidget, steps: Sequence[TourStep]) -> None:
        super().__init__(parent)
        self.setObjectName("tour")
        self._window, self._steps, self._index = parent, tuple(steps), -1
        self._watched: list[QWidget] = []
        self._before: QWidget | None = None
        self.ring, self.card = _Ring(parent), _Card(parent)
        self.ring.hide()
        self.card.hide()
        self.card.next.clicked.connect(self.go_on)
        self.card.back.clicked.connect(self.go_back)
        self.card.skip.clicked.connect(self.skip)
        self.destroyed.connect(self.ring.deleteLater)
        self.destroyed.connect(self.card.deleteLater)
        application = QCoreApplication.instance()
        if application is not None:
            application.aboutToQuit.connect(self._let_go)

    @property
    def index(self) -> int:
        """The step shown; -1 before the start and after the end."""
        return self._index

    @property
    def running(self) -> bool:
        """Whether a step is shown."""
        return self._index >= 0

    def start(self) -> None:
        """Show the first step and give the card the keyboard; without steps the tour is over at once."""
        if not self._steps:
            self.finished.emit(True)
            return
        self._before = self._window.focusWidget()
        self._show(0)

    def go_on(self) -> None:
        """The next step, or the end."""
        if self._index + 1 < len(self._steps):
            self._show(self._index + 1)
        elif self.running:
            self._end(True)

    def go_back(self) -> None:
        """The step before."""
        if self._index > 0:
            self._show(self._index - 1)

    def skip(self) -> None:
        """End the tour here."""
        if self.running:
            self._end(False)

    def target(self) -> QWidget | None:
        """The widget of this step, if it is shown."""
        if not self.running:
            return None
        found = self._window.findChild(QWidget, self._steps[self._index].target)
        return found if found is not None and found.isVisible() else None

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the target when the window is resized or its parts move."""
        if self.running and event.type() in _MOVES:
            self._place()
        return super().eventFilter(watched, event)

    def _show(self, index: int) -> None:
        self._index = index
        step, card, last = self._steps[index], self.card, index == len(self._steps) - 1
        card.title.setText(step.title)
        card.text.setText(step.text)
        card.count.setText(f"{index + 1} of {len(self._steps)}")
        card.back.setEnabled(index > 0)
        card.next.setText("Done" if last else "Next")
        card.next.setAccessibleName("Done: tour" if last else "Next: tour")
        card.skip.setVisible(not last)
        card.setAccessibleName(f"{step.title}. {card.count.text()}")
        card.setAccessibleDescription(step.text)
        self._watch()
        card.show()
        self._place()
        card.setFocus(Qt.FocusReason.OtherFocusReason)
        QAccessible.updateAccessibility(QAccessibleEvent(card, QAccessible.Event.Alert))

    def _end(self, whole: bool) -> None:
        self._index = -1
        self._watch()
        self.ring.hide()
        self.card.hide()
        if self._before is not None and self._before.isVisible():
            self._before.setFocus(Qt.FocusReason.OtherFocusReason)
        self._before = None
        self.finished.emit(whole)

    def _let_go(self) -> None:
        """Listen to nothing any more: widgets still send events while the program ends."""
        self._index = -1
        self._watch()

    def _watch(self) -> None:
        """Listen to the target and everything it lies in: any of them may move it."""
        for watched in self._watched:
            watched.removeEventFilter(self)
        self._watched = []
        widget = self.target()
        while widget is not None and widget is not self._window:
            self._watched.append(widget)
            widget = widget.parentWidget()
        if self.running:
            self._watched.append(self._window)
        for watched in self._watched:
            watched.installEventFilter(self)

    def _place(self) -> None:
        target, card = self.target(), self.card
        area = self._window.rect().adjusted(*(style.space(1),) * 2, *(-style.space(1),) * 2)
        frame = QRect()
        if target is not None:
            corner = target.mapTo(self._window, target.rect().topLeft())
            frame = QRect(corner, target.size())
            self.ring.setGeometry(frame.adjusted(-4, -4, 4, 4).intersected(self._window.rect()))
        width = min(style.space(WIDTH), area.width())
        card.setFixedWidth(width)
        card.resize(width, max(card.heightForWidth(width), card.minimumSizeHint().height()))
        card.move(place_card(card.size(), frame, area, style.space(1)))
        self.ring.setVisible(target is not None)
        self.ring.raise_()
        card.raise_()
