"""Settings on three tabs; each takes effect as soon as it is changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from PySide6.QtCore import Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QFileDialog,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from emotalker.widgets import style
from emotalker.widgets.common import WrapLabel, close_buttons

Pairs = tuple[tuple[object, str], ...]

THEMES: Pairs = (("dark", "Dark"), ("light", "Light"), ("contrast", "High contrast"))
SCALES: Pairs = tuple((n / 100, f"{n} %") for n in (75, 90, 100, 110, 125, 150, 175, 200))
SIZES: Pairs = ((256, "256 pixels, fastest"), (512, "512 pixels"), (768, "768 pixels, finer"), (1024, "1024 pixels"))


class Values(Protocol):
    """What the dialog shows; any object with these attributes."""

    @property
    def theme(self) -> str:
        """Name of the colours."""
        ...

    @property
    def scale(self) -> float:
        """Size of text and controls."""
        ...

    @property
    def projects_folder(self) -> str:
        """Where new projects go."""
        ...

    @property
    def render_backend(self) -> str:
        """What draws the twin."""
        ...

    @property
    def render_size(self) -> int:
        """Longest side of the twin in pixels."""
        ...

    @property
    def audio_device(self) -> str:
        """Name of the output."""
        ...

    @property
    def pause_training_while_playing(self) -> bool:
        """Give all of the machine to playback."""
        ...

    @property
    def hud(self) -> bool:
        """Show frames per second."""
        ...

    @property
    def expert(self) -> bool:
        """Show panels for experts."""
        ...

    @property
    def crash_reports(self) -> bool:
        """Offer a report after a crash."""
        ...


@dataclass(frozen=True)
class Choices:
    """What can be chosen on this machine, as (value, what the user reads).

    Attributes:
        backends: what can draw the twin.
        devices: where sound can go; the empty one is the system's.
    """

    backends: Pairs = (
        ("auto", "Automatic (the best that works)"),
        ("cpu", "Processor"),
        ("gl", "Graphics (OpenGL)"),
        ("cuda", "NVIDIA card (CUDA)"),
    )
    devices: Pairs = (("", "The system's"),)


class SettingsDialog(QDialog):
    """All settings.

    Args:
        values: what is set now.
        parent: the window it belongs to.
        choices: what can be chosen; the usual when not given.
    """

    changed = Signal(str, object)
    """Name and new value of a setting."""

    def __init__(self, values: Values, parent: QWidget | None = None, choices: Choices | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("settings_dialog")
        self.setWindowTitle("Settings")
        self._values, self._choices = values, choices if choices is not None else Choices()
        self.tabs = QTabWidget()
        self.tabs.setObjectName("settings_tabs")
        self.tabs.setAccessibleName("Groups of settings")
        for title, tip, build in (
            ("Appearance", "Colours and sizes", self._appearance),
            ("Playing", "Picture and sound", self._playing),
            ("Projects and reports", "Where projects lie, and what happens after a crash", self._projects),
        ):
            self.tabs.addTab(build(), title)
            self.tabs.setTabToolTip(self.tabs.count() - 1, tip)
        note = WrapLabel("Changes take effect at once.", "muted")
        buttons = close_buttons(self, "settings_close", "Close the settings (Esc)")
        bottom = QHBoxLayout()
        bottom.addWidget(note, 1)
        bottom.addWidget(buttons)
        column = QVBoxLayout(self)
        column.setContentsMargins(*[style.space(2)] * 4)
        column.setSpacing(style.space(2))
        column.addWidget(self.tabs, 1)
        column.addLayout(bottom)
        self.resize(style.space(80), style.space(52))

    # ---- tabs ----

    def _appearance(self) -> QWidget:
        form, page = _form()
        self._combo(form, "theme", "Theme", "Colours of the window", THEMES)
        self._combo(form, "scale", "Size", "Size of text and controls, on top of the screen's own", SCALES)
        self._check(form, "expert", "Show panels and numbers for experts", "More values beside the simple ones")
        return page

    def _playing(self) -> QWidget:
        form, page = _form()
        self._combo(form, "render_backend", "Draw with", "What draws the twin", self._choices.backends)
        self._combo(form, "render_size", "Picture", "Longest side of the twin's picture: smaller is faster", SIZES)
        self._combo(form, "audio_device", "Sound", "Where the voice is played", self._choices.devices)
        self._check(form, "hud", "Show frames per second on the picture", "Speed and dropped frames in the corner")
        self._check(
            form,
            "pause_training_while_playing",
            "Pause training while the twin plays",
            "Playback is smoother on a small machine; training goes on afterwards",
        )
        return page

    def _projects(self) -> QWidget:
        form, page = _form()
        self._folder = QLineEdit(str(self._values.projects_folder))
        self._folder.setReadOnly(True)
        self._folder.setPlaceholderText("Your documents, folder EmoTalker")
        _name(self._folder, "settings_projects_folder", "Folder of new projects", "Where new projects are made")
        choose = QPushButton("Choose…")
        _name(choose, "settings_choose_folder", "Choose the folder of new projects", "Choose another folder")
        choose.clicked.connect(self._choose_folder)
        usual = QPushButton("Use the usual one")
        _name(usual, "settings_usual_folder", "Use the usual folder", "New projects go to your documents again")
        usual.clicked.connect(lambda: self._set_folder(""))
        row = QHBoxLayout()
        row.addWidget(choose)
        row.addWidget(usual)
        row.addStretch(1)
        field = QVBoxLayout()
        field.addWidget(self._folder)
        field.addLayout(row)
        label = QLabel("&New projects in")
        label.setBuddy(self._folder)
        form.addRow(label, field)
        self._check(
            form,
            "crash_reports",
            "Offer a report after a crash",
            "Nothing is sent: you look through the report and save it yourself",
        )
        return page

    # ---- rows ----

    def _combo(self, form: QFormLayout, name: str, title: str, tip: str, pairs: Pairs) -> None:
        now = getattr(self._values, name)
        box = QComboBox()
        if now not in [value for value, _ in pairs]:
            pairs = (*pairs, (now, str(now)))
        for value, text in pairs:
            box.addItem(text, value)
        box.setCurrentIndex([value for value, _ in pairs].index(now))
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        _name(box, f"settings_{name}", title, tip)
        box.activated.connect(lambda index: self.changed.emit(name, box.itemData(index)))
        label = QLabel(title)
        label.setBuddy(box)
        form.addRow(label, box)

    def _check(self, form: QFormLayout, name: str, title: str, tip: str) -> None:
        box = QCheckBox(title)
        box.setChecked(getattr(self._values, name))
        _name(box, f"settings_{name}", title, tip)
        box.toggled.connect(lambda on: self.changed.emit(name, on))
        form.addRow(box)

    def _choose_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, "Folder of new projects", self._folder.text())
        if chosen:
            self._set_folder(chosen)

    def _set_folder(self, folder: str) -> None:
        self._folder.setText(folder)
        self._folder.setToolTip(folder or "Where new projects are made")
        self.changed.emit("projects_folder", folder)


def _name(widget: QWidget, name: str, title: str, tip: str) -> None:
    widget.setObjectName(name)
    widget.setAccessibleName(title)
    widget.setToolTip(tip)


def _form() -> tuple[QFormLayout, QWidget]:
    inside = QWidget()
    form = QFormLayout(inside)
    form.setContentsMargins(*[style.space(2)] * 4)
    form.setHorizontalSpacing(style.space(2))
    form.setVerticalSpacing(style.space(1.5))
    form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
    scroll = QScrollArea()
    scroll.setWidgetResizable(True)
    scroll.setWidget(inside)
    return form, scroll
