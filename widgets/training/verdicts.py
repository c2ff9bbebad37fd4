"""The card that says how each clip comes out in the twin."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLayout, QPushButton, QWidget

from emotalker.projects.clip_verdicts import ClipVerdict
from emotalker.widgets import style
from emotalker.widgets.common import Card, IconLabel, WrapLabel

MOST = 4
"""Clips shown with a sentence each; the others are counted."""
FINE = "All clips come out about equally well."


class VerdictCard(Card):
    """The clips that come out worst, each with the likely reason and a way to look at its tracking."""

    tracking_requested = Signal(str)
    """The clip to look at."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("How the clips come out", parent=parent)
        self.setObjectName("verdict_card")
        self.hide()

    def set_verdicts(self, verdicts: Sequence[ClipVerdict]) -> None:
        """Show these, the worst first; none hides the card."""
        _empty(self.body)
        poor = [verdict for verdict in verdicts if verdict.short]
        for verdict in poor[:MOST]:
            self._add(verdict)
        rest = len(poor) - MOST
        if rest > 0:
            self.body.addWidget(WrapLabel(f"{rest} more: the table on the page Prepare says which.", "muted"))
        if verdicts and not poor:
            self.body.addWidget(WrapLabel(FINE, "muted"))
        self.setVisible(bool(verdicts))

    def _add(self, verdict: ClipVerdict) -> None:
        row = QHBoxLayout()
        row.setSpacing(style.space(1))
        button = QPushButton("Tracking…")
        button.setObjectName("verdict_tracking")
        button.setProperty("role", "quiet")
        button.setToolTip(f"Show what the tracker saw in {verdict.clip}")
        button.setAccessibleName(f"Tracking of {verdict.clip}")
        button.clicked.connect(lambda: self.tracking_requested.emit(verdict.clip))
        row.addWidget(IconLabel("warning", 20, "warn"), 0, Qt.AlignmentFlag.AlignVCenter)
        row.addWidget(WrapLabel(verdict.text), 1)
        row.addWidget(button, 0, Qt.AlignmentFlag.AlignVCenter)
        self.body.addLayout(row)


def _empty(layout: QLayout) -> None:
    """Take everything out of a layout, with what lies in it."""
    while (item := layout.takeAt(0)) is not None:
        widget, inner = item.widget(), item.layout()
        if widget is not None:
            widget.hide()
            widget.deleteLater()
        elif inner is not None:
            _empty(inner)
