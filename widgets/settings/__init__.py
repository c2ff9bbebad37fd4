"""The settings dialog. It shows values that are given to it and says what the user changed; it stores nothing."""

from emotalker.widgets.settings.dialog import Choices, SettingsDialog

__all__ = ["Choices", "SettingsDialog"]
