"""The figures that matter, large enough to read from across the room."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QVBoxLayout, QWidget

from emotalker.widgets import style

WIDTH = 18  # of a card in steps of the grid, when all stand in one row


class MetricCard(QFrame):
    """A title, a figure, and a small remark below it."""

    def __init__(self, name: str, title: str, tip: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName(f"metric_{name}")
        self.setProperty("role", "card")
        self.setToolTip(tip)
        self._title = title
        heading, self.figure, self.remark = QLabel(title), QLabel("–"), QLabel(" ")
        heading.setProperty("role", "muted")
        self.figure.setProperty("role", "title")
        self.remark.setProperty("role", "muted")
        column = QVBoxLayout(self)
        column.setContentsMargins(style.space(1.5), style.space(1), style.space(1.5), style.space(1))
        column.setSpacing(0)
        for label in (heading, self.figure, self.remark):
            column.addWidget(label)
        self.show_figure("", "")

    def show_figure(self, figure: str, remark: str) -> None:
        """Show a figure with its unit; empty for "not known"."""
        if self.figure.text() != (figure or "–"):
            self.figure.setText(figure or "–")
        if self.remark.text() != (remark or " "):
            self.remark.setText(remark or " ")
        self.setAccessibleName(f"{self._title}: {figure or 'not known yet'} {remark}".strip())


_CARDS = (
    ("loss", "Loss", "How far the twin is from the recording, smoothed; lower is better"),
    ("best", "Best loss", "The lowest smoothed loss so far"),
    (
        "quality",
        "Likeness",
        "How alike twin and recording are; for pictures as signal-to-noise ratio, higher is better",
    ),
    ("gaussians", "Gaussians", "How many soft points of colour the twin is made of"),
    ("speed", "Speed", "How fast the running stage goes"),
    ("left", "Time left", "When the whole training is likely to end"),
)


class MetricCards(QWidget):
    """Loss, best loss, likeness, Gaussians, speed and time left."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("metric_cards")
        self.setAccessibleName("Figures of the training")
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(style.space(1))
        self._columns = 0
        self._cards = {name: MetricCard(name, title, tip, self) for name, title, tip in _CARDS}
        self._arrange(len(_CARDS) // 2)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """All in one row, or in two where there is less room."""
        super().resizeEvent(event)
        self._arrange(len(_CARDS) if event.size().width() >= len(_CARDS) * style.space(WIDTH) else len(_CARDS) // 2)

    def minimumSizeHint(self) -> QSize:
        """Half of the cards beside one another; the other half goes below."""
        return QSize(len(_CARDS) // 2 * style.space(12), super().minimumSizeHint().height())

    def _arrange(self, columns: int) -> None:
        if columns == self._columns:
            return
        self._columns = columns
        for number, card in enumerate(self._cards.values()):
            self._grid.addWidget(card, number // columns, number % columns)
        for column in range(len(_CARDS)):
            self._grid.setColumnStretch(column, int(column < columns))

    def show_figure(self, name: str, figure: str, remark: str = "") -> None:
        """Put a figure on a card."""
        self._cards[name].show_figure(figure, remark)

    def card(self, name: str) -> MetricCard:
        """A card by its name."""
        return self._cards[name]

    def clear(self) -> None:
        """Nothing is known."""
        for card in self._cards.values():
            card.show_figure("", "")
