"""The way from clips to film as a row of steps, always in sight."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QToolButton, QWidget

from emotalker.widgets import style


@dataclass(frozen=True)
class Step:
    """A step of the way: the page's name, what it is called, its icon and what happens there."""

    page: str
    text: str
    icon: str
    tip: str


STEPS = (
    Step("home", "Twins", "home", "All twins on this computer (Ctrl+1)"),
    Step("clips", "Prepare", "clips", "Import clips, label them, note the person's consent (Ctrl+2)"),
    Step("train", "Train", "train", "Train the twin and watch it learn (Ctrl+3)"),
    Step("perform", "Perform", "perform", "Let the twin speak and feel (Ctrl+4)"),
    Step("export", "Export", "export", "Write films of the performance (Ctrl+5)"),
    Step("report", "Report", "report", "See how good the twin is, on clips it never saw (Ctrl+6)"),
)


class WorkflowBar(QFrame):
    """A button per step; the present one is pressed in, finished ones carry a tick and the word "done"."""

    page_requested = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("workflow_bar")
        self.setAccessibleName("Steps from clips to film")
        self._buttons: dict[str, QToolButton] = {}
        self._done: frozenset[str] = frozenset()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(style.space(1), style.space(1), style.space(1), style.space(1))
        layout.setSpacing(style.space(1) // 2)
        for number, step in enumerate(STEPS):
            if number > 1:
                arrow = QLabel("›")
                arrow.setProperty("role", "muted")
                arrow.setAccessibleName("then")
                layout.addWidget(arrow)
            layout.addWidget(self._button(step))
            if number == 0:
                layout.addSpacing(style.space(1))
        layout.addStretch(1)
        self._title = _Title()
        self._title.setObjectName("project_title")
        self._title.setAccessibleName("Open project")
        self._title.setProperty("role", "heading")
        layout.addWidget(self._title, 4)
        style.notifier().changed.connect(self._restyle)
        self._restyle()

    def set_page(self, page: str) -> None:
        """Press the button of the page shown."""
        for name, button in self._buttons.items():
            button.setChecked(name == page)

    def set_enabled(self, pages: frozenset[str]) -> None:
        """Let only these pages be reached."""
        for name, button in self._buttons.items():
            button.setEnabled(name in pages)

    def set_done(self, pages: frozenset[str]) -> None:
        """Tick the steps that are finished."""
        if pages != self._done:
            self._done = pages
            self._restyle()

    def set_title(self, title: str) -> None:
        """Name of the open project; empty for none."""
        self._title.setText(title)
        self._title.setToolTip(title)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Arrow keys move along the steps that can be reached; a button alone would look for its nearest neighbour."""
        if event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            step = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()))
            reachable = [button for button in self._buttons.values() if button.isEnabled()]
            if step is not None and watched in reachable:
                at = reachable.index(watched) + step  # type: ignore[arg-type]
                reachable[at % len(reachable)].setFocus(Qt.FocusReason.TabFocusReason)
                return True
        return super().eventFilter(watched, event)

    def _button(self, step: Step) -> QToolButton:
        button = QToolButton()
        button.setObjectName(f"step_{step.page}")
        button.setText(step.text)
        button.setToolTip(step.tip)
        button.setAccessibleName(step.text)
        button.setAccessibleDescription(step.tip)
        button.setCheckable(True)
        button.setAutoRaise(True)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        button.clicked.connect(lambda: self._clicked(step.page))
        button.installEventFilter(self)
        button.setProperty("own_keys", True)  # arrows go from step to step, they do not move the playhead
        self._buttons[step.page] = button
        return button

    def _clicked(self, page: str) -> None:
        # the page decides what is pressed, not the click: a page may refuse to be left
        self._buttons[page].setChecked(False)
        self.page_requested.emit(page)

    def _restyle(self) -> None:
        for step in STEPS:
            button, done = self._buttons[step.page], step.page in self._done
            button.setIcon(style.icon("check" if done else step.icon))
            button.setIconSize(QSize(style.space(2.5), style.space(2.5)))
            button.setAccessibleName(f"{step.text}, done" if done else step.text)
            button.setToolTip(f"{step.tip} - done" if done else step.tip)


class _Title(QLabel):
    """A name that gives way to the steps: without room its end is left out, and the tooltip has it whole."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    @property
    def shown(self) -> str:
        """What of the name there is room for."""
        return self.fontMetrics().elidedText(self.text(), Qt.TextElideMode.ElideRight, self.contentsRect().width())

    def paintEvent(self, _event: QPaintEvent) -> None:
        """The beginning of the name, at the right."""
        painter = QPainter(self)
        right = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        painter.drawText(self.contentsRect(), right, self.shown)
        painter.end()
