"""`bench`: how fast the engine is on this computer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer


def bench(
    json: Annotated[
        Path | None, typer.Option("--json", metavar="F", help='Also write it as JSON; "-" prints it.')
    ] = None,
) -> None:
    """Measure rasterizers, SSIM, head model and playback here, each beside a reference. Close other programs first."""
    from emotalker.app.cli.console import print_table, write_figures
    from emotalker.app.cli.running import Reporter, Stopped, stoppable
    from emotalker.engine.bench import bench as measure

    job, figures = measure(), {}
    with stoppable() as stop, Reporter() as reporter:
        while True:
            try:
                reporter.show(next(job))
            except StopIteration as end:
                figures = end.value
                break
            if stop.requested:
                job.close()
                raise Stopped("Stopped; nothing was written.")
    if json is not None:
        write_figures(figures, json)
    if json is None or str(json) != "-":
        print_table("this computer", ("figure", "#value"), [[key, f"{value:.4g}"] for key, value in _flat(figures)])


def _flat(figures: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, float]]:
    for key, value in figures.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", float(value)
