"""Small plots as inline SVG: lines and points over axes; colours come from the page, so that they suit its theme."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

LEFT, RIGHT, TOP, BOTTOM = 44, 12, 26, 34
SERIES = 6
"""Styles of lines there are in the page's style sheet."""


@dataclass(frozen=True)
class Line:
    """A curve; with `points` only its points are drawn.

    Attributes:
        name: in the legend; an empty one is not listed.
        x: where.
        y: how much; as many as `x`.
        style: number of its colour and dashes.
        points: draw points and no line.
    """

    name: str
    x: Sequence[float]
    y: Sequence[float]
    style: int = 0
    points: bool = False


@dataclass(frozen=True)
class Band:
    """A stretch of the x axis with a faint ground, from `low` to `high`."""

    low: float
    high: float


def chart(
    title: str,
    lines: Sequence[Line],
    x_label: str = "",
    y_label: str = "",
    size: tuple[int, int] = (640, 240),
    zero: bool = True,
    bands: Sequence[Band] = (),
    top: float | None = None,
) -> str:
    """A plot as an <svg> element that scales with its place.

    Args:
        title: above it, and what a screen reader says.
        lines: what is drawn.
        x_label: below the axis.
        y_label: at the top of the other axis.
        size: width and height in its own units.
        zero: whether the y axis begins at 0.
        bands: stretches with a faint ground.
        top: how far the y axis reaches at least, so that several plots can be compared.
    """
    width, height = size
    xs = [x for line in lines for x in line.x if math.isfinite(x)]
    ys = [y for line in lines for y in line.y if math.isfinite(y)]
    if not xs or not ys:
        return f'<p class="muted">{escape(title)}: nothing to draw.</p>'
    x_ticks = ticks(min(xs), max(xs), width / 70)
    y_ticks = ticks(min(0.0, *ys) if zero else min(ys), max(ys) if top is None else max(top, *ys), height / 45)
    low_x, high_x = min(xs), max(max(xs), min(xs) + 1e-9)
    low_y, high_y = y_ticks[0], max(y_ticks[-1], y_ticks[0] + 1e-9)

    def at(x: float, y: float) -> tuple[float, float]:
        across = LEFT + (x - low_x) / (high_x - low_x) * (width - LEFT - RIGHT)
        return across, height - BOTTOM - (y - low_y) / (high_y - low_y) * (height - TOP - BOTTOM)

    parts = [f'<svg class="chart" viewBox="0 0 {width} {height}" role="img" aria-label="{escape(title, quote=True)}">']
    for band in bands:
        (left, top), (right, bottom) = at(band.low, high_y), at(band.high, low_y)
        parts.append(_rectangle("band", left, top, right - left, bottom - top))
    for y in y_ticks:
        (left, level), right = at(low_x, y), width - RIGHT
        parts.append(f'<line class="grid" x1="{left:.1f}" y1="{level:.1f}" x2="{right}" y2="{level:.1f}"/>')
        parts.append(f'<text class="tick" text-anchor="end" x="{LEFT - 6}" y="{level + 4:.1f}">{plain(y)}</text>')
    for x in (x for x in x_ticks if low_x - 1e-9 <= x <= high_x + 1e-9):
        across = at(x, low_y)[0]
        parts.append(
            f'<text class="tick" text-anchor="middle" x="{across:.1f}" y="{height - BOTTOM + 16}">{plain(x)}</text>'
        )
    parts += [_drawn(line, at) for line in lines]
    parts.append(f'<text class="title" x="{LEFT}" y="15">{escape(title)}</text>')
    parts.append(f'<text class="tick" text-anchor="end" x="{width - RIGHT}" y="{height - 4}">{escape(x_label)}</text>')
    parts.append(f'<text class="tick" x="2" y="{height - 4}">{escape(y_label)}</text>')
    return "".join(parts) + "</svg>"


def legend(lines: Sequence[Line]) -> str:
    """The names of lines with a sample of each."""
    items = []
    for line in (line for line in lines if line.name):
        mark = f'<circle class="p{line.style % SERIES}" cx="14" cy="6" r="4"/>'
        stroke = f'<line class="l{line.style % SERIES}" x1="0" y1="6" x2="28" y2="6"/>'
        sample = f'<svg class="sample" viewBox="0 0 28 12" aria-hidden="true">{mark if line.points else stroke}</svg>'
        items.append(f"<span>{sample}{escape(line.name)}</span>")
    return f'<p class="legend">{"".join(items)}</p>'


def ticks(low: float, high: float, most: float) -> list[float]:
    """Round numbers around a range, `most` or fewer steps of 1, 2 or 5 times a power of ten."""
    if high <= low:
        high = low + 1
    rough = (high - low) / max(most, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * (1 - 1e-9))
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 10) for i in range(first, last + 1)]


def plain(value: float) -> str:
    """A number as an axis shows it."""
    return f"{value:g}"


def _drawn(line: Line, at: object) -> str:
    assert callable(at)
    places = [at(x, y) for x, y in zip(line.x, line.y) if math.isfinite(x) and math.isfinite(y)]
    style = line.style % SERIES
    if line.points:
        return "".join(f'<circle class="p{style}" cx="{x:.1f}" cy="{y:.1f}" r="4"/>' for x, y in places)
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    return f'<polyline class="l{style}" points="{path}"/>'


def _rectangle(kind: str, x: float, y: float, width: float, height: float) -> str:
    return f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'
