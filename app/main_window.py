"""The window: menus, steps, pages, docks. It arranges; what happens is in `emotalker.app.wiring`."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QByteArray, QEvent, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QCloseEvent, QShowEvent
from PySide6.QtWidgets import QDockWidget, QMainWindow, QMenu, QStackedWidget, QVBoxLayout, QWidget

from emotalker.app.actions import MENUS, Actions
from emotalker.widgets.clips import ClipsPage
from emotalker.widgets.common import ToastStack
from emotalker.widgets.export import ExportPage
from emotalker.widgets.gallery import GalleryPage
from emotalker.widgets.pages.perform import PerformPage
from emotalker.widgets.pages.workflow import WorkflowBar
from emotalker.widgets.report import ReportPage
from emotalker.widgets.training import JobBar, LogView, TrainPage

TITLE = "EmoTalker Studio"
PAGES = ("home", "clips", "train", "perform", "export", "report")
STATE_VERSION = 1
TOAST_BOTTOM = 64
"""Pixels that messages leave free for the job bar."""
TOAST_ROOM = 160
"""Pixels of height that messages want at least; where the picture of the twin is lower, they may cover more."""


class MainWindow(QMainWindow):
    """All that is on the screen, by name.

    Attributes:
        gallery: all twins.
        clips: clips of the open project.
        train: training and its curves.
        perform: the twin.
        exports: films.
        report: how good the twin is.
        workflow: the steps above the pages.
        job_bar: what runs, below the pages.
        toasts: short messages.
        log: text for experts, in a dock.
        actions_table: the table of actions.
    """

    page_changed = Signal(str)
    activated = Signal()
    """The window has come to the front: files may have been moved meanwhile."""
    shown = Signal()
    """The window is on the screen for the first time."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle(TITLE)
        self.setObjectName("main_window")
        self.resize(1280, 800)
        self.setMinimumSize(720, 420)
        self.gallery, self.clips, self.train = GalleryPage(), ClipsPage(), TrainPage()
        self.perform, self.exports, self.report = PerformPage(), ExportPage(), ReportPage()
        self.workflow, self.job_bar = WorkflowBar(), JobBar()
        self._may_close: Callable[[], bool] = lambda: True
        self._seen = False
        self._stack = QStackedWidget()
        for page in (self.gallery, self.clips, self.train, self.perform, self.exports, self.report):
            self._stack.addWidget(page)
        middle = self._middle = QWidget()
        column = QVBoxLayout(middle)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.workflow)
        column.addWidget(self._stack, 1)
        column.addWidget(self.job_bar)
        self.setCentralWidget(middle)
        self.log = LogView()
        self._docks = {"log": self._dock("log", "Log", self.log)}
        self.actions_table = Actions(self, self.perform)
        self._build_menus()
        self.toasts = ToastStack(self, self._toast_area)
        for splitter in self.perform.splitters:
            splitter.splitterMoved.connect(lambda _place, _index: self.toasts.reposition())
        self.show_page("home")

    @property
    def page(self) -> str:
        """Name of the page shown."""
        return PAGES[self._stack.currentIndex()]

    def show_page(self, page: str) -> None:
        """Show a page by its name."""
        index = PAGES.index(page)
        changed = index != self._stack.currentIndex()
        self._stack.setCurrentIndex(index)
        self.workflow.set_page(page)
        self.actions_table[f"page.{page}"].setChecked(True)
        self.actions_table.set_playable(page == "perform")
        if changed and page == "perform":
            # else Space, with which one wants to play, presses the step or the card that led here
            self.perform.viewport.setFocus(Qt.FocusReason.OtherFocusReason)
        if changed:
            self.toasts.reposition()
            self.page_changed.emit(page)

    def _toast_area(self) -> QRect:
        """Where messages lie: over the picture of the twin, never over its timeline; elsewhere above the job bar."""
        view = self.perform.viewport
        if self.page == "perform" and view.height() >= TOAST_ROOM:
            return QRect(view.mapTo(self, QPoint(0, 0)), view.size())
        return self.rect().adjusted(0, 0, 0, -TOAST_BOTTOM)

    def set_project(self, name: str) -> None:
        """Name of the open project; empty for none."""
        self.setWindowTitle(f"{name} - {TITLE}" if name else TITLE)
        self.workflow.set_title(name)

    def show_log(self, shown: bool) -> None:
        """Show or hide the panel for experts."""
        self._docks["log"].setVisible(shown)

    def set_usable(self, usable: bool) -> None:
        """Whether anything in the window can be pressed."""
        self._middle.setEnabled(usable)
        self.menuBar().setEnabled(usable)

    def ask_before_closing(self, may_close: Callable[[], bool]) -> None:
        """Ask this before the window closes; False keeps it open."""
        self._may_close = may_close

    def layout_state(self) -> dict[str, str]:
        """Where everything is, as text for the settings."""
        state = {"geometry": self.saveGeometry(), "window": self.saveState(STATE_VERSION)}
        for splitter in self.perform.splitters:
            state[splitter.objectName()] = splitter.saveState()
        return {name: bytes(value.toBase64().data()).decode("ascii") for name, value in state.items()}

    def restore_layout(self, state: dict[str, str]) -> None:
        """Put everything where it was; what does not fit is left as it is."""
        arrays = {name: QByteArray.fromBase64(text.encode("ascii")) for name, text in state.items()}
        if "geometry" in arrays:
            self.restoreGeometry(arrays["geometry"])
        if "window" in arrays:
            self.restoreState(arrays["window"], STATE_VERSION)
        for splitter in self.perform.splitters:
            if splitter.objectName() in arrays:
                splitter.restoreState(arrays[splitter.objectName()])

    def showEvent(self, event: QShowEvent) -> None:
        """Say so when the window is there for the first time."""
        super().showEvent(event)
        if not self._seen:
            self._seen = True
            self.shown.emit()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Ask whether the window may go."""
        if self._may_close():
            event.accept()
        else:
            event.ignore()

    def changeEvent(self, event: QEvent) -> None:
        """Keep the switch for the full screen true when the system changes the window."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.ActivationChange and self.isActiveWindow():
            self.activated.emit()
        if event.type() == QEvent.Type.WindowStateChange:
            self.actions_table["view.fullscreen"].setChecked(self.isFullScreen())

    def _build_menus(self) -> None:
        for title, ids in MENUS:
            menu = self.menuBar().addMenu(title)
            menu.setToolTipsVisible(True)
            for id_ in ids:
                if id_:
                    menu.addAction(self.actions_table[id_])
                else:
                    menu.addSeparator()
            if title == "&View":
                self._add_docks(menu)

    def _add_docks(self, menu: QMenu) -> None:
        menu.addSeparator()
        for dock in self._docks.values():
            action = dock.toggleViewAction()
            action.setToolTip(f"Show or hide the panel {dock.windowTitle()}")
            menu.addAction(action)

    def _dock(self, name: str, title: str, widget: QWidget) -> QDockWidget:
        """A panel for experts, hidden until somebody asks for it."""
        dock = QDockWidget(title, self)
        dock.setObjectName(f"dock_{name}")
        dock.setWidget(widget)
        dock.setAllowedAreas(Qt.DockWidgetArea.BottomDockWidgetArea | Qt.DockWidgetArea.RightDockWidgetArea)
        self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, dock)
        dock.hide()
        return dock
