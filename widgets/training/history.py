"""What earlier runs left to look at: metrics and previews in the runs folder."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass, field
from pathlib import Path

from emotalker.projects.pipeline import STAGES


@dataclass(frozen=True)
class Past:
    """What a stage left.

    Attributes:
        stage: name of the stage.
        metrics: step and values, in the order they were measured.
        previews: step and picture, ascending.
    """

    stage: str
    metrics: list[tuple[int, dict[str, float]]] = field(default_factory=list)
    previews: list[tuple[int, Path]] = field(default_factory=list)


def read_history(runs: Path) -> list[Past]:
    """What each stage left in a runs folder, in the order of running; stages without anything are left out."""
    found = []
    for stage in STAGES:
        folder = runs / stage
        past = Past(stage, _metrics(folder / "metrics.jsonl"), _previews(folder / "previews"))
        if past.metrics or past.previews:
            found.append(past)
    return found


def _metrics(path: Path) -> list[tuple[int, dict[str, float]]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []  # the stage has not measured anything yet, or the folder went away: there is nothing to show
    rows = []
    for line in lines:
        row = _row(line)
        if row is not None:
            rows.append(row)
    return rows


def _row(line: str) -> tuple[int, dict[str, float]] | None:
    """A line of metrics.jsonl, or None for one that a crash cut short."""
    try:
        values = json.loads(line)
        step = int(values.pop("step"))
    except (ValueError, KeyError, AttributeError, TypeError):
        return None
    return step, {k: float(v) for k, v in values.items() if isinstance(v, int | float) and math.isfinite(v)}


def _previews(folder: Path) -> list[tuple[int, Path]]:
    paths = sorted(folder.glob("*.png"))
    return [(int(path.stem) if path.stem.isdigit() else number, path) for number, path in enumerate(paths, 1)]
