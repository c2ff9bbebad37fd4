"""Our own icons, drawn as SVG in one colour and recoloured to the theme."""

from __future__ import annotations

from functools import cache
from importlib import resources

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from emotalker.widgets.style.palette import PALETTES, ColourName, ThemeName, mixed
from emotalker.widgets.style.theme import theme

SIZES = (16, 20, 24, 32, 40, 48, 64, 96)
"""Sizes kept in an icon, in device pixels: the usual ones at one, one and a half, two and three pixels per point."""


@cache
def icon_names() -> frozenset[str]:
    """Every name that `icon` knows."""
    files = resources.files("emotalker.resources.icons").iterdir()
    return frozenset(file.name.removesuffix(".svg") for file in files if file.name.endswith(".svg"))


def icon(name: str, colour: ColourName = "text") -> QIcon:
    """The icon called `name` in the colours of the theme: normal, disabled and checked.

    Args:
        name: which icon.
        colour: of its lines; "accent_text" on a primary button, "bad" on a dangerous one.

    Raises:
        ValueError: if there is none of that name.
    """
    return QIcon(_icon(name, theme(), colour))


def pixmap(name: str, size: int, colour: QColor | None = None, ratio: float = 1.0) -> QPixmap:
    """The picture of an icon, for labels and painting.

    Args:
        name: which icon.
        size: side in logical pixels.
        colour: of the lines; the text's when not given.
        ratio: device pixels per logical one.

    Raises:
        ValueError: if there is no icon of that name.
    """
    drawn = _drawn(name, colour if colour is not None else PALETTES[theme()].text, round(size * ratio))
    drawn.setDevicePixelRatio(ratio)
    return drawn


@cache
def _icon(name: str, dress: ThemeName, colour: ColourName) -> QIcon:
    c = PALETTES[dress]
    usual = getattr(c, colour)
    made = QIcon()
    for size in SIZES:
        made.addPixmap(_drawn(name, usual, size), QIcon.Mode.Normal, QIcon.State.Off)
        made.addPixmap(_drawn(name, c.accent if colour == "text" else usual, size), QIcon.Mode.Normal, QIcon.State.On)
        made.addPixmap(_drawn(name, mixed(c.text, c.window, 0.6), size), QIcon.Mode.Disabled, QIcon.State.Off)
    return made


@cache
def _source(name: str) -> str:
    if name not in icon_names():
        raise ValueError(f"no icon is called {name!r}")
    return resources.files("emotalker.resources.icons").joinpath(f"{name}.svg").read_text(encoding="utf-8")


def _drawn(name: str, colour: QColor, pixels: int) -> QPixmap:
    text = _source(name).replace("currentColor", colour.name())
    drawn = QPixmap(pixels, pixels)
    drawn.fill(Qt.GlobalColor.transparent)
    painter = QPainter(drawn)
    QSvgRenderer(QByteArray(text.encode())).render(painter, QRectF(0, 0, pixels, pixels))
    painter.end()
    return drawn
