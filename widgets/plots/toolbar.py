"""The controls above a loss plot."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QMenu,
    QSizePolicy,
    QSlider,
    QTabBar,
    QToolButton,
    QWidget,
)

from emotalker.widgets import style
from emotalker.widgets.common import FlowLayout

SMOOTHING = 90


class PlotToolbar(QWidget):
    """Stage tabs, smoothing, log scale and a menu to save."""

    stage_chosen = Signal(str)
    csv_requested = Signal(object)
    png_requested = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._titles: dict[str, str] = {}
        self.tabs = QTabBar(self)
        self.tabs.setObjectName("plot_stages")
        self.tabs.setAccessibleName("Stage shown")
        self.tabs.setToolTip("Which stage's curves to show")
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        self.tabs.setUsesScrollButtons(False)
        self.tabs.currentChanged.connect(self._tab_changed)
        self.smoothing = QSlider(Qt.Orientation.Horizontal, self)
        self.smoothing.setObjectName("plot_smoothing")
        self.smoothing.setAccessibleName("Smoothing")
        self.smoothing.setToolTip("How much the strong lines are smoothed; the faint ones show every value")
        self.smoothing.setRange(0, 99)
        self.smoothing.setValue(SMOOTHING)
        self.smoothing.setMinimumWidth(style.space(9))
        self.log = QCheckBox("Log scale", self)
        self.log.setObjectName("plot_log")
        self.log.setAccessibleName("Log scale")
        self.log.setToolTip("Show small values as clearly as large ones")
        self.menu_button = self._menu_button()
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        # the controls go below the tabs where both do not fit
        flow = FlowLayout(self, 1)
        flow.addWidget(self.tabs)
        controls = QWidget(self)
        row = QHBoxLayout(controls)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(style.space(1))
        label = QLabel("&Smoothing")
        label.setBuddy(self.smoothing)
        for part in (label, self.smoothing, self.log, self.menu_button):
            row.addWidget(part)
        flow.addWidget(controls)
        style.notifier().changed.connect(self._restyle)
        self.set_stages([])

    def set_titles(self, titles: dict[str, str]) -> None:
        """What people call the stages."""
        self._titles = dict(titles)
        for index in range(self.tabs.count()):
            self.tabs.setTabText(index, self._title(self.tabs.tabData(index)))

    def set_stages(self, stages: list[str]) -> None:
        """A tab per stage; the shown one stays."""
        shown = self.tabs.tabData(self.tabs.currentIndex())
        self.tabs.blockSignals(True)
        while self.tabs.count():
            self.tabs.removeTab(0)
        for index, stage in enumerate(stages):
            self.tabs.addTab(self._title(stage))
            self.tabs.setTabData(index, stage)
        self.tabs.blockSignals(False)
        self.set_stage(shown or "")
        self.tabs.setVisible(bool(stages))
        self.updateGeometry()

    def set_stage(self, stage: str) -> None:
        """Press the tab of a stage in."""
        for index in range(self.tabs.count()):
            if self.tabs.tabData(index) == stage:
                self.tabs.blockSignals(True)
                self.tabs.setCurrentIndex(index)
                self.tabs.blockSignals(False)

    def _title(self, stage: str) -> str:
        return self._titles.get(stage) or stage.capitalize()

    def _tab_changed(self, index: int) -> None:
        stage = self.tabs.tabData(index)
        if stage:
            self.stage_chosen.emit(stage)

    def _menu_button(self) -> QToolButton:
        button = QToolButton(self)
        button.setObjectName("plot_menu")
        button.setAccessibleName("Save the plot")
        button.setToolTip("Save the curves as a table or a picture")
        button.setProperty("role", "quiet")
        button.setIcon(style.icon("save"))
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(button)
        menu.addAction("Save values as a table (CSV)…", self._save_csv).setObjectName("plot_save_csv")
        menu.addAction("Save plot as a picture (PNG)…", self._save_png).setObjectName("plot_save_png")
        button.setMenu(menu)
        return button

    def _save_csv(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save values", "training.csv", "Table (*.csv)")
        if path:
            self.csv_requested.emit(Path(path))

    def _save_png(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "Save plot", "training.png", "Picture (*.png)")
        if path:
            self.png_requested.emit(Path(path))

    def _restyle(self) -> None:
        self.menu_button.setIcon(style.icon("save"))
