"""Durations, sizes, rates and figures as a person says them."""

from __future__ import annotations

import math

MINUTE, HOUR, DAY = 60, 3600, 86400
_SIZES = (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("KB", 1e3))


def duration(seconds: float) -> str:
    """An amount of time that was measured: "45 s", "2 min 10 s", "1 h 5 min", "2 days 3 h"."""
    whole = round(max(seconds, 0.0))
    for large, large_name, small, small_name in ((DAY, "day", HOUR, "h"), (HOUR, "h", MINUTE, "min")):
        if whole >= large:
            many, rest = divmod(round(whole / small), large // small)
            name = f"{large_name}s" if large_name == "day" and many > 1 else large_name
            return f"{many} {name} {rest} {small_name}" if rest else f"{many} {name}"
    minutes, rest = divmod(whole, MINUTE)
    if not minutes:
        return f"{rest} s"
    return f"{minutes} min {rest} s" if rest else f"{minutes} min"


def about(seconds: float | None) -> str:
    """An amount of time that was guessed, no finer than a guess is: "about 12 min", "about 1 h 30 min"."""
    if seconds is None or not math.isfinite(seconds):
        return "not known yet"
    if seconds < 10:
        return "a few seconds"
    steps = ((50, 10), (90, 30), (20 * MINUTE, MINUTE), (50 * MINUTE, 5 * MINUTE), (3 * HOUR, 15 * MINUTE), (DAY, HOUR))
    grain = next((grain for most, grain in steps if seconds < most), 6 * HOUR)
    return f"about {duration(max(round(seconds / grain), 1) * grain)}"


def size(count: float) -> str:
    """An amount of memory or disk: "1.1 GB", "35 MB", "800 bytes"."""
    for name, unit in _SIZES:
        if count >= 0.9995 * unit:
            value = count / unit
            return f"{value:.0f} {name}" if value >= 9.95 else f"{value:.1f} {name}".replace(".0 ", " ")
        if name == "GB" and count >= 1e8:  # "0.4 GB" compares better with "1.1 GB" than "400 MB"
            return f"{count / unit:.1f} GB"
    return f"{count:.0f} bytes"


def rate(per_second: float, unit: str) -> str:
    """A speed: "12 steps per second", "4 s per step"; empty while it is not known."""
    if per_second <= 0 or not math.isfinite(per_second):
        return ""
    word = plain_unit(unit)
    if per_second >= 1:
        return f"{number(per_second, 2)} {word} per second"
    one = word.removesuffix("s")
    waits = 1 / per_second
    return f"{number(waits, 2)} s per {one}" if waits < 100 else f"{duration(waits)} per {one}"


def short_rate(per_second: float, unit: str) -> str:
    """A speed where there is little room: "12 steps/s", "4 s/step"."""
    return rate(per_second, unit).replace(" per second", "/s").replace(" per ", "/")


def plain_unit(unit: str) -> str:
    """The first word of a unit ("frames of happy_level2" are frames)."""
    return unit.split()[0] if unit.strip() else "steps"


def count(value: float) -> str:
    """A whole number with thousands apart: "12,000"."""
    return f"{round(value):,}"


def amount(done: int, total: int, unit: str) -> str:
    """How far something is: "1,200 of 6,000 steps"."""
    word = unit.strip() or "steps"
    return f"{count(done)} of {count(total)} {word}" if total > 0 else f"{count(done)} {word}"


def number(value: float, digits: int = 3) -> str:
    """A figure with `digits` digits that say something, never in powers of ten unless it is tiny or huge."""
    if not math.isfinite(value):
        return "not a number"
    if value == 0:
        return "0"
    exponent = math.floor(math.log10(abs(value)))
    if exponent < -5 or exponent > 8:
        return f"{value:.{digits - 1}e}"
    decimals = max(digits - 1 - exponent, 0)
    text = f"{value:,.{decimals}f}"
    return text


def percent(share: float) -> str:
    """A share of one: "42 %"; never "100 %" before it is all, never "0 %" once begun."""
    value = round(share * 100)
    if 0 < share < 1:
        value = min(max(value, 1), 99)
    return f"{value} %"
