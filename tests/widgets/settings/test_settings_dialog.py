"""The dialog shows what is set and says what is changed."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from PySide6.QtWidgets import QAbstractButton, QApplication, QCheckBox, QComboBox, QLineEdit, QWidget
from pytestqt.qtbot import QtBot

from emotalker.widgets import style
from emotalker.widgets.settings import Choices, SettingsDialog

VALUES = SimpleNamespace(
    theme="dark", scale=1.0, projects_folder="", render_backend="auto", render_size=512, audio_device="",
    pause_training_while_playing=False, hud=True, expert=False, crash_reports=True,
)  # fmt: skip


@pytest.fixture
def dialog(qtbot: QtBot, qapp: QApplication) -> SettingsDialog:
    """With the usual values."""
    style.apply(qapp)
    made = SettingsDialog(VALUES, choices=Choices(devices=(("", "The system's"), ("Headphones", "Headphones"))))
    qtbot.addWidget(made)
    return made


def test_it_shows_what_is_set(dialog: SettingsDialog) -> None:
    """Each control has the value it was given."""
    assert dialog.findChild(QComboBox, "settings_theme").currentData() == "dark"
    assert dialog.findChild(QComboBox, "settings_render_size").currentData() == 512
    assert dialog.findChild(QCheckBox, "settings_hud").isChecked()


def test_it_says_what_is_changed(dialog: SettingsDialog) -> None:
    """Name and value, typed as in the settings."""
    said: list[tuple[str, object]] = []
    dialog.changed.connect(lambda name, value: said.append((name, value)))
    for name, index in (("theme", 1), ("scale", 5), ("audio_device", 1)):
        box = dialog.findChild(QComboBox, f"settings_{name}")
        box.setCurrentIndex(index)
        box.activated.emit(index)
    dialog.findChild(QCheckBox, "settings_hud").click()
    assert said == [("theme", "light"), ("scale", 1.5), ("audio_device", "Headphones"), ("hud", False)]


def test_a_value_that_is_no_choice_is_kept(qtbot: QtBot) -> None:
    """A device that is not plugged in now is not forgotten by opening the dialog."""
    dialog = SettingsDialog(SimpleNamespace(**{**vars(VALUES), "audio_device": "USB", "scale": 1.33}))
    qtbot.addWidget(dialog)
    assert dialog.findChild(QComboBox, "settings_audio_device").currentData() == "USB"
    assert dialog.findChild(QComboBox, "settings_scale").currentData() == 1.33


def test_every_control_has_name_and_tooltip(dialog: SettingsDialog) -> None:
    """For screen readers and for the curious."""
    controls: list[QWidget] = [
        *dialog.findChildren(QComboBox), *dialog.findChildren(QCheckBox), *dialog.findChildren(QLineEdit),
        *dialog.findChildren(QAbstractButton),
    ]  # fmt: skip
    own = [c for c in controls if not c.objectName().startswith("qt_") and c.objectName() != "ScrollLeftButton"
           and c.objectName() != "ScrollRightButton"]  # fmt: skip
    assert len(own) > 10
    assert not [c for c in own if not (c.toolTip() and c.accessibleName() and c.objectName())]
