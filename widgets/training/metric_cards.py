"""The figures that matter, large enough to read from across the room."""

from __future__ import annotations

from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QVBoxLayout, QWidget

from emotalker.widgets import style
from emotalker.widgets.common import FlowLayout


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
        self.setMinimumWidth(style.space(13))
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
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        flow = FlowLayout(self, 1)
        self._cards = {name: MetricCard(name, title, tip, self) for name, title, tip in _CARDS}
        for card in self._cards.values():
            flow.addWidget(card)

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
