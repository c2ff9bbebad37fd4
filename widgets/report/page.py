"""The page that says how good the twin is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from emotalker.engine.report import tables
from emotalker.engine.report.words import findings
from emotalker.widgets import style
from emotalker.widgets.common import EmptyState, FlowLayout, IconButton, WrapLabel
from emotalker.widgets.report.parts import FigureTable, FindingCard, Picture

CARD_WIDTH = 38
"""Least width of a finding's card in steps of the grid."""
EVALUATE_TIP = "Judge the twin on the clips it never learned from; takes minutes"
ABSENT = "FID, FVD and SyncNet are not told: they need weights of their own, which this program does not bring."


@dataclass(frozen=True)
class ReportState:
    """What the page shows.

    Attributes:
        report: as report.json holds it; None if there is none.
        folder: where its pictures lie.
        outdated: whether the twin was trained again since.
        missing: why nothing can be judged now, as title and text; empty if it can.
        remedy: text of the button that mends it; empty for none.
        busy: how far an evaluation is, in words; empty if none runs.
    """

    report: Mapping[str, Any] | None = None
    folder: Path | None = None
    outdated: bool = False
    missing: tuple[str, str] = ("", "")
    remedy: str = ""
    busy: str = ""


class ReportPage(QWidget):
    """Findings in plain words, then tables and pictures.

    Attributes:
        evaluate: starts an evaluation.
        ablations: whether it also trains twins with a part taken out.
        browser: opens the whole report.
        show_folder: shows its files.
        remedy: leads to where it is mended that an old report cannot be made anew.
    """

    evaluate_requested = Signal(bool)
    """Whether with ablations."""
    remedy_requested = Signal()
    browser_requested = Signal()
    folder_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("report_page")
        self.setAccessibleName("Report")
        self._state: ReportState | None = None
        self._cards: list[FindingCard] = []
        self._grid: QGridLayout | None = None
        title = QLabel("How good is the twin?")
        title.setProperty("role", "title")
        self.evaluate = IconButton("report_evaluate", "Evaluate", EVALUATE_TIP, "report", "primary")
        self.evaluate.clicked.connect(self._evaluate)
        self.ablations = QCheckBox("With ablations")
        self.ablations.setObjectName("report_ablations")
        self.ablations.setAccessibleName("With ablations")
        self.ablations.setToolTip("Also train and judge twins with one part taken out; takes hours, may be stopped")
        tip = "Open the whole report, with plots and films, in the browser"
        self.browser = IconButton("report_browser", "Open in browser", tip, "open")
        self.browser.clicked.connect(self.browser_requested)
        tip = "Show the files of the report in the file manager"
        self.show_folder = IconButton("report_folder", "Show folder", tip, "folder")
        self.show_folder.clicked.connect(self.folder_requested)
        holder = QWidget()
        buttons = FlowLayout(holder, 1)
        for widget in (self.evaluate, self.ablations, self.browser, self.show_folder):
            buttons.addWidget(widget)
        self.line = WrapLabel("", "muted")
        self.line.setObjectName("report_line")
        tip = "Go to where this is mended"
        self.remedy = IconButton("report_remedy", "Mend it", tip, "forward")
        self.remedy.clicked.connect(self.remedy_requested)
        said = QHBoxLayout()
        said.setSpacing(style.space(1))
        said.addWidget(self.line, 1)
        said.addWidget(self.remedy, 0, Qt.AlignmentFlag.AlignTop)
        self._stack = QStackedWidget()
        self._area = QScrollArea()
        self._area.setObjectName("report_area")
        self._area.setAccessibleName("Report")
        self._area.setFrameShape(QFrame.Shape.NoFrame)
        self._area.setWidgetResizable(True)
        self._area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._stack.addWidget(self._area)
        self._empty: EmptyState | None = None
        column = QVBoxLayout(self)
        column.setContentsMargins(*[style.space(2)] * 4)
        column.setSpacing(style.space(1))
        column.addWidget(title)
        column.addWidget(holder)
        column.addLayout(said)
        column.addWidget(self._stack, 1)
        self.set_state(ReportState())

    def set_state(self, state: ReportState) -> None:
        """Show this; the same report is not built anew."""
        before, self._state = self._state, state
        able = not state.missing[0] and not state.busy
        self.evaluate.setEnabled(able)
        self.evaluate.setToolTip(": ".join(state.missing) if state.missing[0] else EVALUATE_TIP)
        self.ablations.setEnabled(able)
        self.browser.setEnabled(state.report is not None)
        self.show_folder.setEnabled(state.report is not None)
        self.line.setText(_line(state))
        self.line.setVisible(bool(self.line.text()))
        # without a report the reason stands in the page's middle, with a button of its own
        mendable = state.report is not None and bool(state.missing[0] and state.remedy) and not state.busy
        self.remedy.setText(state.remedy)
        self.remedy.setAccessibleName(state.remedy)
        self.remedy.setVisible(mendable)
        if state.report is None:
            self._show_empty(state)
            return
        if before is None or before.report != state.report or before.folder != state.folder:
            self._show_report(state.report, state.folder or Path())
        self._stack.setCurrentWidget(self._area)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """More cards beside one another where there is room."""
        super().resizeEvent(event)
        self._arrange()

    def _evaluate(self) -> None:
        self.evaluate_requested.emit(self.ablations.isChecked())

    def _show_empty(self, state: ReportState) -> None:
        if self._empty is not None:
            self._stack.removeWidget(self._empty)
            self._empty.deleteLater()
        title, text = state.missing
        if state.busy:
            title, text = "The twin is being judged", "Its findings stand here as soon as all is measured."
        elif not title:
            title = "Not judged yet"
            text = "Find out how well lips, face and emotions match clips that the twin never learned from."
        self._empty = EmptyState("report", title, text, state.remedy)
        self._empty.clicked.connect(self.remedy_requested)
        self._stack.addWidget(self._empty)
        self._stack.setCurrentWidget(self._empty)

    def _show_report(self, report: Mapping[str, Any], folder: Path) -> None:
        inner = QWidget()
        column = QVBoxLayout(inner)
        column.setContentsMargins(0, 0, style.space(1), 0)
        column.setSpacing(style.space(1))
        cards = QWidget()
        self._grid = QGridLayout(cards)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(style.space(1))
        self._cards = [FindingCard(finding, cards) for finding in findings(report)]
        column.addWidget(cards)
        tile = report.get("twin", {}).get("tile", "")
        if tile and (folder / tile).is_file():
            _add(column, "One sentence in eight emotions and three levels", Picture(folder / tile, "Emotions by level"))
        for clip in report.get("settings", {}).get("held_out", []):
            path = folder / f"tiles_{clip}.png"
            if path.is_file():
                _add(column, tables.tile_caption(clip, report), Picture(path, f"Recorded and rendered, {clip}"))
        for heading, content in _tables(report):
            if content.rows:
                _add(column, heading, FigureTable(heading, content))
                if content.note:
                    column.addWidget(WrapLabel(content.note, "muted"))
        column.addWidget(WrapLabel(ABSENT, "muted"))
        column.addStretch(1)
        self._area.setWidget(inner)
        self._arrange()

    def _arrange(self) -> None:
        if self._grid is None:
            return
        columns = max(1, min(3, self.width() // style.space(CARD_WIDTH)))
        for number, card in enumerate(self._cards):
            self._grid.addWidget(card, number // columns, number % columns)
        for number in range(3):
            self._grid.setColumnStretch(number, int(number < columns))


def _line(state: ReportState) -> str:
    """The sentence below the buttons."""
    if state.busy:
        return state.busy
    if state.report is None:
        return ""
    about, settings = state.report.get("about", {}), state.report.get("settings", {})
    text = f"Judged on {', '.join(settings.get('held_out', []))}, {about.get('made', '')}."
    if state.missing[0]:
        return f"{text} {state.missing[0]}: {state.missing[1]}"
    if state.outdated:
        return f"{text} The twin was trained again since: evaluate it once more."
    return text


def _tables(report: Mapping[str, Any]) -> list[tuple[str, tables.Table]]:
    return [
        ("Pictures", tables.group_table(report, tables.PICTURE)),
        ("Motion", tables.motion_table(report)),
        ("Displacement from level 0, pixels of 512", tables.level_table(report)),
        ("Other people's voices", tables.cross_table(report)),
        ("What each part is good for", tables.ablation_table(report)),
        ("Beside the published figures (other data; see the whole report)", tables.paper_table(report)),
    ]


def _add(column: QVBoxLayout, heading: str, widget: QWidget) -> None:
    label = WrapLabel(heading, "heading")
    column.addSpacing(style.space(1))
    column.addWidget(label)
    column.addWidget(widget)
