"""Themes can be read by everybody, and icons are there in all of them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon, QImage
from PySide6.QtWidgets import QApplication, QPushButton, QSlider
from pytestqt.qtbot import QtBot

from emotalker.widgets import style

THEMES = tuple(style.PALETTES)
# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB
PROTAN = np.array([[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]])
DEUTAN = np.array([[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]])


def linear(colour: QColor) -> np.ndarray:
    """Linear RGB in [0, 1]."""
    value = np.array(colour.getRgbF()[:3])
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def contrast(a: QColor, b: QColor) -> float:
    """Contrast ratio of WCAG 2."""
    low, high = sorted(float(linear(c) @ [0.2126, 0.7152, 0.0722]) for c in (a, b))
    return (high + 0.05) / (low + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIE Lab (D65) of linear RGB."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(np.clip(to_xyz @ np.clip(rgb, 0, 1) / [0.9505, 1.0, 1.089], 0.008856, None))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.fixture
def dark(qapp: QApplication) -> QApplication:
    """The application in the dark theme, before and after."""
    style.apply(qapp)
    return qapp


@pytest.mark.parametrize("theme", THEMES)
def test_text_can_be_read_on_every_surface(theme: style.ThemeName) -> None:
    """4.5:1 at least, as WCAG 2.2 AA asks."""
    c = style.PALETTES[theme]
    pairs = [(getattr(c, t), getattr(c, s)) for t in ("text", "muted", "good", "warn", "bad", "accent")
             for s in ("window", "panel", "raised")]  # fmt: skip
    pairs += [(c.accent_text, c.accent), (c.text, c.selection)]
    low = [(a.name(), b.name(), contrast(a, b)) for a, b in pairs if contrast(a, b) < 4.5]
    assert not low


@pytest.mark.parametrize("theme", THEMES)
def test_the_focus_ring_can_be_seen(theme: style.ThemeName) -> None:
    """3:1 against what is around it."""
    c = style.PALETTES[theme]
    assert min(contrast(c.accent, surface) for surface in (c.window, c.panel, c.raised)) >= 3


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("eyes", [np.eye(3), PROTAN, DEUTAN], ids=["usual", "protan", "deutan"])
def test_good_warn_and_bad_differ_for_all_eyes(theme: style.ThemeName, eyes: np.ndarray) -> None:
    """Also for those who do not tell red from green; 12 in Lab is a plain difference."""
    c = style.PALETTES[theme]
    seen = [lab(eyes @ linear(colour)) for colour in (c.good, c.warn, c.bad)]
    assert min(float(np.linalg.norm(a - b)) for a, b in itertools.combinations(seen, 2)) > 12


@pytest.mark.parametrize("theme", THEMES)
def test_apply_dresses_palette_sheet_and_painters(theme: style.ThemeName, dark: QApplication, qtbot: QtBot) -> None:
    """Everything asks the same place."""
    with qtbot.waitSignal(style.notifier().changed):
        style.apply(dark, theme)
    assert style.theme() == theme
    assert dark.palette().window().color() == style.colours().window
    assert style.colours().accent.name() in dark.styleSheet()
    assert "$" not in dark.styleSheet()


def test_scale_grows_text_grid_and_buttons(dark: QApplication, qtbot: QtBot) -> None:
    """Applying twice does not grow twice."""
    points = dark.font().pointSizeF()
    button = QPushButton("Play")
    qtbot.addWidget(button)
    assert style.space(2) == 16
    assert button.sizeHint().height() >= 30
    for _ in range(2):
        style.apply(dark, "dark", 1.5)
    assert dark.font().pointSizeF() == pytest.approx(points * 1.5)
    assert style.space(2) == 24
    assert button.sizeHint().height() >= 44
    style.apply(dark)


def test_an_unknown_theme_is_refused(dark: QApplication) -> None:
    """A misspelt name is a fault of the caller."""
    with pytest.raises(ValueError, match="sepia"):
        style.apply(dark, "sepia")  # type: ignore[arg-type]


def test_a_slider_handle_stays_round_at_every_scale(dark: QApplication, qtbot: QtBot) -> None:
    """Qt draws a square where a radius is larger than half of the side."""
    for scale in (1.0, 1.25, 1.5, 1.75, 2.0):
        style.apply(dark, "dark", scale)
        slider = QSlider()
        qtbot.addWidget(slider)
        slider.setRange(0, 100)
        slider.setValue(50)
        slider.resize(slider.sizeHint().width(), 120)
        picture = slider.grab().toImage()
        text = style.colours().text
        rows = [[picture.pixelColor(x, y) == text for x in range(picture.width())] for y in range(picture.height())]
        widths = [sum(row) for row in rows if sum(row) > 2]
        assert widths[0] < max(widths) * 0.9
    style.apply(dark)


def image(icon: QIcon, mode: QIcon.Mode = QIcon.Mode.Normal, state: QIcon.State = QIcon.State.Off) -> QImage:
    """An icon at 32 pixels."""
    return icon.pixmap(32, 32, mode, state).toImage()


def colours_in(picture: QImage) -> set[tuple[int, ...]]:
    """Opaque colours of a picture."""
    size = range(picture.width())
    return {c.getRgb()[:3] for x in size for y in size if (c := picture.pixelColor(x, y)).alpha() == 255}


def near(picture: QImage, colour: QColor) -> bool:
    """Whether all of it is drawn in one colour; blending may be off by one."""
    found = colours_in(picture)
    return bool(found) and all(max(abs(a - b) for a, b in zip(c, colour.getRgb())) <= 2 for c in found)


@pytest.mark.parametrize("theme", THEMES)
def test_every_icon_draws_in_the_colours_of_the_theme(theme: style.ThemeName, dark: QApplication) -> None:
    """Normal in the text's colour, checked in the accent's, disabled in neither."""
    style.apply(dark, theme)
    c = style.colours()
    for name in style.icon_names() - {"app"}:
        icon = style.icon(name)
        assert near(image(icon), c.text), name
        assert near(image(icon, state=QIcon.State.On), c.accent), name
        assert not near(image(icon, QIcon.Mode.Disabled), c.text), name
    assert len(colours_in(image(style.icon("app")))) > 2
    assert near(image(style.icon("play", "accent_text")), c.accent_text)
    style.apply(dark)


def test_icons_are_sharp_on_dense_screens(dark: QApplication) -> None:
    """A pixmap is drawn at the pixels of the screen, not enlarged."""
    drawn = style.pixmap("play", 20, ratio=2.0)
    assert (drawn.width(), drawn.devicePixelRatio()) == (40, 2.0)
    for side in (16, 20, 24, 32):
        assert style.icon("play").pixmap(QSize(side, side), 2.0).width() == 2 * side


def test_an_unknown_icon_is_refused(dark: QApplication) -> None:
    """A hole in a toolbar would be found by the user."""
    with pytest.raises(ValueError, match="no icon"):
        style.icon("unicorn")
