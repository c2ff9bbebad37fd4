"""How everything looks: three themes, one grid, our own icons.

`apply` dresses the application; whatever paints itself asks `colours()` while it paints and listens to
`notifier().changed`. Only palettes, the style sheet and icons live here; nothing here knows a widget of ours.
"""

from emotalker.widgets.style.icons import icon, icon_names, pixmap
from emotalker.widgets.style.palette import PALETTES, ColourName, Colours, ThemeName, mixed
from emotalker.widgets.style.theme import StyleNotifier, apply, colours, notifier, space, theme

__all__ = [
    "PALETTES",
    "ColourName",
    "Colours",
    "StyleNotifier",
    "ThemeName",
    "apply",
    "colours",
    "icon",
    "icon_names",
    "mixed",
    "notifier",
    "pixmap",
    "space",
    "theme",
]
