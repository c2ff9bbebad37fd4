"""The theme in use: put on the application in one call, asked for by everything that paints."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QApplication

from emotalker.widgets.style.palette import PALETTES, Colours, ThemeName, mixed
from emotalker.widgets.style.sheet import sheet

GRID = 8
"""Everything is placed on multiples of this many pixels (at scale 1)."""


class StyleNotifier(QObject):
    """Holds the theme in use and tells when it changes."""

    changed = Signal()
    """The theme or the scale changed: custom-painted widgets repaint, icons are fetched anew."""

    def __init__(self) -> None:
        super().__init__()
        self.theme: ThemeName = "dark"
        self.scale = 1.0
        self.base_points: float | None = None


@cache
def notifier() -> StyleNotifier:
    """The one object that tells of changes: `style.notifier().changed.connect(self.update)`."""
    return StyleNotifier()


def theme() -> ThemeName:
    """Name of the theme in use."""
    return notifier().theme


def colours() -> Colours:
    """Colours of the theme in use; ask at paint time, never keep them."""
    return PALETTES[notifier().theme]


def space(n: float = 1) -> int:
    """`n` steps of the 8-pixel grid at the scale in use, in logical pixels."""
    return round(GRID * n * notifier().scale)


def apply(app: QApplication, theme: ThemeName = "dark", scale: float = 1.0) -> None:
    """Dress the whole application.

    Args:
        app: the application.
        theme: "dark", "light" or "contrast".
        scale: size of text and controls, 0.75 to 2; on top of the screen's own factor.

    Raises:
        ValueError: for a theme that does not exist.
    """
    if theme not in PALETTES:
        raise ValueError(f"no theme is called {theme!r}")
    told = notifier()
    told.theme, told.scale = theme, min(max(scale, 0.75), 2.0)
    if told.base_points is None:
        told.base_points = max(app.font().pointSizeF(), 9.5)
    font = app.font()
    font.setPointSizeF(told.base_points * told.scale)
    app.setFont(font)
    app.setStyle("Fusion")
    app.setPalette(_palette(colours()))
    app.setStyleSheet(sheet(theme, told.scale, told.base_points))
    told.changed.emit()


def _palette(c: Colours) -> QPalette:
    """What Fusion paints with where the style sheet says nothing."""
    role = QPalette.ColorRole
    palette = QPalette()
    for which, colour in (
        (role.Window, c.window),
        (role.WindowText, c.text),
        (role.Base, c.panel),
        (role.AlternateBase, c.window),
        (role.Text, c.text),
        (role.Button, c.raised),
        (role.ButtonText, c.text),
        (role.BrightText, c.bad),
        (role.ToolTipBase, c.raised),
        (role.ToolTipText, c.text),
        (role.PlaceholderText, c.muted),
        (role.Highlight, c.selection),
        (role.HighlightedText, c.text),
        (role.Link, c.accent),
        (role.LinkVisited, c.accent),
        (role.Accent, c.accent),
        (role.Mid, c.border),
        (role.Dark, c.border),
        (role.Shadow, c.canvas),
    ):
        palette.setColor(which, colour)
    faint = mixed(c.text, c.window, 0.55)
    for which in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        palette.setColor(QPalette.ColorGroup.Disabled, which, faint)
    return palette
