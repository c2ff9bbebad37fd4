"""Every control of the whole window says what it is and does, can be reached by keyboard, and shows its text whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QFontMetrics
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QScrollBar,
    QTabBar,
    QWidget,
)

from emotalker.widgets import style

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from emotalker.app.main import Application

CONTROLS = (QAbstractButton, QComboBox, QAbstractSlider, QAbstractSpinBox, QLineEdit)
SIZES = ((1280, 800, 1.0), (1920, 1080, 1.0), (1280, 800, 1.5))
"""Width, height, and the scale of text and controls."""
INNER = ("qt_spinbox_lineedit", "qt_toolbar_ext_button", "qt_dockwidget_closebutton", "qt_dockwidget_floatbutton")
"""Parts that Qt itself puts into its widgets; the widget around them has name and tooltip."""


def controls_in(root: QWidget) -> Iterator[QWidget]:
    """Everything a person can use, without what Qt builds into its own widgets."""
    for widget in root.findChildren(QWidget):
        inside = isinstance(widget.parentWidget(), QComboBox | QAbstractSpinBox | QLineEdit | QTabBar)
        if isinstance(widget, CONTROLS) and not isinstance(widget, QScrollBar) and not inside:
            if widget.objectName() in INNER or widget.objectName().startswith("qt_"):
                continue
            if type(widget).__name__ == "QTableCornerButton":
                continue
            if widget.isHidden() and isinstance(widget, QAbstractButton) and not widget.text():
                continue  # a state that offers nothing to do
            if type(widget).__module__.startswith("pyqtgraph"):
                continue
            yield widget


def name_of(widget: QWidget) -> str:
    """Where it is, for the message."""
    parts = []
    at: QWidget | None = widget
    while at is not None and len(parts) < 3:
        parts.append(f"{type(at).__name__}#{at.objectName()}")
        at = at.parentWidget()
    text = getattr(widget, "text", lambda: "")()
    return " < ".join(parts) + (f" “{text}”" if text else "")


class Clip:
    """A tracked clip of five frames."""

    count, problems = 5, ("happy_level2: a hand hides the mouth at 0:01.",)
    confidence = np.linspace(1, 0.2, 5, dtype=np.float32)

    def frame(self, index: int) -> np.ndarray:
        return np.full((32, 64, 3), 40 * index, np.uint8)


def dialogs(application: Application) -> list[QDialog]:
    """Every dialog that can be made without asking anybody."""
    from pathlib import Path

    from emotalker.engine.errors import UserError
    from emotalker.widgets.about import AboutDialog
    from emotalker.widgets.common import ErrorDialog
    from emotalker.widgets.export import ExportDialog, ExportFacts
    from emotalker.widgets.help import CheatSheet
    from emotalker.widgets.newproject import NewProjectDialog
    from emotalker.widgets.settings import SettingsDialog
    from emotalker.widgets.tracking import TrackingDialog

    window, values = application.window, application.settings.values
    facts = ExportFacts("Ada", Path("films"), 12.0, (1.0, 4.0), "plate", True, 10**10)
    return [
        AboutDialog(window),
        ErrorDialog(UserError("What happened.", "Why it did.", "What to do."), "Traceback", window, "Mend it all"),
        ExportDialog(facts, window),
        CheatSheet(application.studio.actions.cheat_sheet(), window),
        NewProjectDialog(application.settings.projects_root, window),
        SettingsDialog(values, window),
        TrackingDialog("happy_level2", Clip, window),
    ]


def test_every_control_has_a_name_and_a_tooltip(launch: Callable[..., Application]) -> None:
    """Who cannot see the icon hears what it is; who does not know it reads what it does."""
    application = launch()
    made = dialogs(application)
    missing = []
    for root in (application.window, *made):
        for widget in controls_in(root):
            lacks = [
                what
                for what, there in (
                    ("tooltip", widget.toolTip()),
                    ("accessible name", widget.accessibleName()),
                    ("object name", widget.objectName()),
                )
                if not there
            ]
            if lacks:
                missing.append(f"{name_of(widget)}: no {', no '.join(lacks)}")
    for dialog in made:
        dialog.deleteLater()
    assert not missing, "\n" + "\n".join(sorted(set(missing)))


def test_every_control_is_reached_by_tab(launch: Callable[..., Application]) -> None:
    """The mouse is never the only way."""
    application = launch()
    made = dialogs(application)
    missing = [
        name_of(widget)
        for root in (application.window, *made)
        for widget in controls_in(root)
        if not widget.focusPolicy() & Qt.FocusPolicy.TabFocus and widget.focusProxy() is None
    ]
    for dialog in made:
        dialog.deleteLater()
    assert not missing, "\n" + "\n".join(sorted(set(missing)))


def test_every_action_is_in_a_menu_and_says_what_it_does(launch: Callable[..., Application]) -> None:
    """What has only a key is found by nobody; two actions on one key would both stay dead."""
    from emotalker.app.actions import MENUS, TABLE

    launch()
    listed = {id_ for _, ids in MENUS for id_ in ids if id_}
    assert {spec.id for spec in TABLE} == listed
    assert all(spec.tip for spec in TABLE)
    keys = [key for spec in TABLE for key in spec.keys]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(("width", "height", "scale"), SIZES)
@pytest.mark.parametrize("page", ["home", "clips", "train", "perform", "export", "report"])
def test_no_text_is_cut_off(
    qtbot: QtBot, launch: Callable[..., Application], page: str, width: int, height: int, scale: float
) -> None:
    """Buttons and labels have room for their words, and nothing hangs over the edge of the window."""
    application = launch()
    window = application.window
    qt = QApplication.instance()
    assert isinstance(qt, QApplication)
    style.apply(qt, "dark", scale)
    try:
        window.resize(width, height)
        window.show_page(page)
        qtbot.wait(120)
        cut = [problem for widget in window.findChildren(QWidget) for problem in cut_off(widget)]
        assert window.width() <= width + 2, f"the window needs {window.width()} pixels"
        assert window.height() <= height + 2, f"the window needs {window.height()} pixels"
    finally:
        style.apply(qt, "dark", 1.0)
    assert not cut, "\n" + "\n".join(sorted(set(cut)))


def cut_off(widget: QWidget) -> list[str]:
    """What is wrong with the room a widget has for its text."""
    if not widget.isVisible() or widget.width() == 0:
        return []
    if isinstance(widget, QLabel) and widget.text() and widget.pixmap().isNull():
        if widget.textFormat() == Qt.TextFormat.RichText:
            return []
        room, needed = widget.contentsRect(), widget.sizeHint()
        if widget.wordWrap():
            high = widget.heightForWidth(widget.width())
            return [f"{name_of(widget)}: {widget.height()} high, needs {high}"] if widget.height() < high - 2 else []
        if room.width() < needed.width() - widget.width() + room.width() - 2 and not widget.toolTip():
            return [f"{name_of(widget)}: {widget.width()} wide, needs {needed.width()}"]
        return []
    if isinstance(widget, QAbstractButton) and widget.text():
        words = QFontMetrics(widget.font()).horizontalAdvance(widget.text().replace("&", ""))
        if widget.width() < words:
            return [f"{name_of(widget)}: {widget.width()} wide, its words need {words}"]
    if isinstance(widget, QComboBox) and widget.currentText() and not widget.toolTip():
        words = QFontMetrics(widget.font()).horizontalAdvance(widget.currentText())
        if widget.width() < words + 20:
            return [f"{name_of(widget)}: {widget.width()} wide, its words need {words + 20}"]
    return []
