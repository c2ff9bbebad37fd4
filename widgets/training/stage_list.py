"""The five stages: where each stands, why, how far it is and how long it took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QProgressBar, QVBoxLayout, QWidget

from emotalker.projects.pipeline import STAGES, StageState, StageStatus
from emotalker.widgets import style
from emotalker.widgets.common import IconLabel, WrapLabel
from emotalker.widgets.style import ColourName
from emotalker.widgets.training import words

Live = Literal["running", "paused", "failed"]

_LOOK: dict[StageState | Live, tuple[str, ColourName, str]] = {
    StageState.DONE: ("good", "good", "done"),
    StageState.PARTIAL: ("pause", "warn", "begun"),
    StageState.STALE: ("refresh", "warn", "again"),
    StageState.MISSING: ("clock", "muted", "to do"),
    "running": ("play", "accent", "running"),
    "paused": ("pause", "warn", "paused"),
    "failed": ("error", "bad", "failed"),
}


class _StageRow(QFrame):
    """One stage."""

    def __init__(self, name: str, title: str, number: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(f"stage_{name}")
        self._title_text = f"{number}. {title.capitalize()}"
        self.icon = IconLabel("clock", 18, "muted")
        self.title, self.word = WrapLabel(self._title_text), QLabel()
        self.word.setProperty("role", "muted")
        self.reason = WrapLabel("", "muted")
        self.bar = QProgressBar()
        self.bar.setObjectName(f"stage_progress_{name}")
        self.bar.setAccessibleName(f"Progress of {title}")
        self.bar.setToolTip(f"Progress of {title}")
        self.time = ""
        grid = QGridLayout(self)
        grid.setContentsMargins(0, style.space(0.25), 0, style.space(0.25))
        grid.setHorizontalSpacing(style.space(1))
        grid.setVerticalSpacing(style.space(0.25))
        grid.setColumnStretch(1, 1)
        grid.addWidget(self.icon, 0, 0)
        grid.addWidget(self.title, 0, 1)
        grid.addWidget(self.word, 0, 2)
        grid.addWidget(self.reason, 1, 1, 1, 2)
        grid.addWidget(self.bar, 2, 1, 1, 2)
        self.bar.hide()
        self.reason.hide()

    def show_state(self, state: StageState | Live, reason: str) -> None:
        icon, colour, word = _LOOK[state]
        self.icon.set_icon(icon, colour)
        said = f"{word}, {self.time}" if self.time and state in (StageState.DONE, "running") else word
        self.word.setText(said)
        self.reason.setText(reason)
        # "has not been run yet" says no more than the word beside it
        self.reason.setVisible(bool(reason) and state not in (StageState.DONE, StageState.MISSING))
        self.setToolTip(reason)
        self.setAccessibleName(f"{self._title_text}: {said}")
        self.setAccessibleDescription(reason)


class StageList(QWidget):
    """Icon, word, reason, time and progress for each stage."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("stage_list")
        self.setAccessibleName("Stages of the training")
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(style.space(0.5))
        self._statuses: dict[str, StageStatus] = {}
        self._seconds: dict[str, float] = {}
        self._live: tuple[str, Live] | None = None
        self._rows: dict[str, _StageRow] = {}
        for number, stage in enumerate(STAGES.values(), 1):
            row = self._rows[stage.name] = _StageRow(stage.name, stage.title, number, self)
            column.addWidget(row)
        self._refresh()

    def set_statuses(self, statuses: Sequence[StageStatus]) -> None:
        """Where every stage stands."""
        self._statuses = {status.stage: status for status in statuses}
        self._refresh()

    def set_seconds(self, stage: str, seconds: float) -> None:
        """How long a stage took."""
        self._seconds[stage] = seconds
        self._refresh()

    def set_live(self, stage: str, state: Live | None, done: int = 0, total: int = 0, text: str = "") -> None:
        """What runs now and how far it is; None when nothing runs."""
        live = (stage, state) if state is not None and stage in self._rows else None
        if live != self._live:
            self._live = live
            self._refresh()
        for name, row in self._rows.items():
            row.bar.setVisible(live is not None and name == stage)
        if live is not None:
            bar = self._rows[stage].bar
            bar.setRange(0, max(total, 0))
            bar.setValue(min(done, total))
            bar.setFormat(text)
            bar.setToolTip(text)

    def clear_times(self) -> None:
        """Forget how long stages took."""
        self._seconds.clear()
        self._refresh()

    def word(self, stage: str) -> str:
        """What stands beside a stage, for example "done, 2 min"."""
        return self._rows[stage].word.text()

    def _refresh(self) -> None:
        for name, row in self._rows.items():
            status = self._statuses.get(name)
            row.time = words.duration(self._seconds[name]) if name in self._seconds else ""
            if self._live is not None and self._live[0] == name:
                row.time = ""
                row.show_state(self._live[1], "")
            else:
                row.show_state(status.state if status else StageState.MISSING, status.reason if status else "")
