"""How much there is of each emotion, and how much is enough."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QHBoxLayout, QScrollArea, QVBoxLayout, QWidget

from emotalker.projects.amounts import Amount, Grade, spoken
from emotalker.widgets import style
from emotalker.widgets.common import IconLabel, WrapLabel

_MARKS: dict[Grade, tuple[str, str]] = {
    "little": ("warning", "warn"),
    "draft": ("good", "accent"),
    "good": ("star", "good"),
}
GUIDE = (
    "A draft works with about 15 s per emotion and level; good results come from 1 to 2 minutes per emotion. "
    "Neutral clips give the calm face."
)


def headline(amounts: Sequence[Amount]) -> str:
    """All in one line: "3 clips, 35 s. Enough for a draft: happy. Too little yet: sad."."""
    clips, seconds = sum(a.clips for a in amounts), sum(a.seconds for a in amounts)
    text = [f"{clips} clip{'' if clips == 1 else 's'}, {spoken(seconds)}."]
    for grade, words in (("good", "Enough"), ("draft", "Enough for a draft"), ("little", "Too little yet")):
        names = [a.emotion for a in amounts if a.grade == grade]
        if names:
            text.append(f"{words}: {', '.join(names)}.")
    return " ".join(text)


class AmountsPanel(QScrollArea):
    """One line per emotion, with what to record next."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("clip_amounts")
        self.setAccessibleName("How much is enough")
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.set_amounts([])

    def set_amounts(self, amounts: Sequence[Amount]) -> None:
        """Show these."""
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(*[style.space(1.5)] * 4)
        column.setSpacing(style.space(1.25))
        column.addWidget(WrapLabel(GUIDE, "muted"))
        for amount in amounts:
            row = QHBoxLayout()
            row.setSpacing(style.space(0.75))
            icon, colour = _MARKS[amount.grade]
            row.addWidget(IconLabel(icon, 20, colour), 0, Qt.AlignmentFlag.AlignTop)  # type: ignore[arg-type]
            words = QVBoxLayout()
            words.setSpacing(style.space(0.25))
            words.addWidget(WrapLabel(amount.sentence))
            if amount.advice:
                words.addWidget(WrapLabel(amount.advice, "muted"))
            row.addLayout(words, 1)
            column.addLayout(row)
        column.addStretch(1)
        self.setWidget(inner)
