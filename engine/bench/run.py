"""All parts of the benchmark, one after the other."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Generator, Sequence
from typing import Any

from emotalker.engine.errors import UserError
from emotalker.engine.jobs import Event, Metric, Notice, Progress

STAGE = "bench"
PACKAGE = "emotalker.engine.bench"
# Each is a module of this package with `measure() -> dict[str, float]`, its keys dotted paths.
PARTS = ("raster", "dssim", "head", "playback", "tracking")

Figures = dict[str, Any]


def nested(flat: dict[str, float]) -> Figures:
    """Dotted keys as nested dicts: {"a.b": 1} becomes {"a": {"b": 1}}."""
    tree: Figures = {}
    for key, value in flat.items():
        *parents, name = key.split(".")
        branch = tree
        for parent in parents:
            branch = branch.setdefault(parent, {})
        branch[name] = value
    return tree


def bench(parts: Sequence[str] = PARTS) -> Generator[Event, None, Figures]:
    """Measure the named parts on this machine as it is now; close other programs for figures worth comparing.

    Args:
        parts: which of `PARTS`.

    Yields:
        Progress per part, and its figures as a metric under their dotted names.

    Returns:
        All figures, nested by the dots of their names; milliseconds are medians.
    """
    flat: dict[str, float] = {}
    for i, part in enumerate(parts):
        yield Progress(STAGE, i, len(parts), "parts")
        if importlib.util.find_spec(f"{PACKAGE}.{part}") is None:
            yield Notice(STAGE, f"The part {part} cannot be measured in this installation.", "warning")
            continue
        try:
            figures = importlib.import_module(f"{PACKAGE}.{part}").measure()
        except UserError as error:
            yield Notice(STAGE, f"The part {part} cannot be measured: {error.what} {error.why}", "warning")
            continue
        flat.update(figures)
        yield Metric(STAGE, i, figures)
    yield Progress(STAGE, len(parts), len(parts), "parts")
    return nested(flat)
