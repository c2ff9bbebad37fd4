"""`bench`: how fast the engine is on this computer, and how smoothly a twin plays in the window."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from emotalker.engine.errors import UserError

SECONDS = 20.0


def bench(
    json: Annotated[
        Path | None, typer.Option("--json", metavar="F", help='Also write it as JSON; "-" prints it.')
    ] = None,
    viewport: Annotated[
        bool, typer.Option("--viewport", help="Measure playing in the window instead, alone and beside a training.")
    ] = False,
    seconds: Annotated[
        float | None, typer.Option(metavar="S", help="Of each measurement in the window; 20 when left out.", min=1)
    ] = None,
    twin: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Twin to play in the window; the sample's when left out.")
    ] = None,
) -> None:
    """Measure rasterizers, SSIM, head model and playback here, each beside a reference. Close other programs first."""
    from emotalker.app.cli.console import print_table, write_figures

    _check(json, viewport, seconds, twin)
    figures = _in_window(seconds or SECONDS, twin) if viewport else _of_engine()
    if json is not None:
        write_figures(figures, json)
    if json is None or str(json) != "-":
        print_table("this computer", ("figure", "#value"), [[key, f"{value:.4g}"] for key, value in _flat(figures)])


def _check(json: Path | None, viewport: bool, seconds: float | None, twin: Path | None) -> None:
    """Refuse what would be passed over or fail, before minutes of measuring.

    Raises:
        UserError: for an option that does not count, a twin that cannot be played, or a file that cannot be written.
    """
    from emotalker.engine.files import check_writable

    for name, value in (("--twin", twin), ("--seconds", seconds)):
        if value is not None and not viewport:
            raise UserError(
                f"{name} counts only with --viewport.",
                "Without it the engine is measured, which plays no twin in a window.",
                f"Add --viewport, or leave {name} out.",
            )
    if json is not None and str(json) != "-":
        check_writable(json)
    if twin is not None:
        from emotalker.engine.avatar import Avatar

        Avatar.load(twin)


def _of_engine() -> dict[str, Any]:
    from emotalker.app.cli.running import Reporter, Stopped, stoppable
    from emotalker.engine.bench import bench as measure

    job = measure()
    with stoppable() as stop, Reporter() as reporter:
        while True:
            try:
                reporter.show(next(job))
            except StopIteration as end:
                return dict(end.value)
            if stop.requested:
                job.close()
                raise Stopped("Stopped; nothing was written.")


def _in_window(seconds: float, twin: Path | None) -> dict[str, Any]:
    """Figures of a process of its own: this one knows no window.

    Raises:
        UserError: if there is neither a screen nor Xvfb, or the measurement failed.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "figures.json"
        command = [*_screen(), sys.executable, "-m", "emotalker.app.viewport_bench", "--json", str(out)]
        command += ["--seconds", str(seconds)]
        command += ["--twin", str(twin)] if twin is not None else []
        done = subprocess.run(command, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode or not out.is_file():
            raise _failure(done.stdout, done.returncode)
        return dict(msgspec.json.decode(out.read_bytes()))


def _failure(said: str, code: int) -> UserError:
    """What the process that was to measure said last: an error in three sentences, or anything else."""
    *_, what, why, to_do = ["", "", "", *(line.strip() for line in said.strip().splitlines())]
    if why.startswith("Why: ") and to_do.startswith("What to do: "):
        what = what.rpartition("UserError: ")[2]
        return UserError(what, why.removeprefix("Why: "), to_do.removeprefix("What to do: "))
    return UserError(
        "Playing in the window could not be measured.",
        to_do or f"The program ended with code {code}.",
        "Start emotalker on this screen to see whether the window opens.",
    )


def _screen() -> list[str]:
    """What a command needs before it to have a screen."""
    if sys.platform != "linux" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        return []
    xvfb = shutil.which("xvfb-run")
    if xvfb is None:
        raise UserError("There is no screen here.", "Neither a display nor Xvfb was found.", "Install xvfb.")
    return [xvfb, "-a", "-s", "-screen 0 1280x800x24"]


def _flat(figures: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, float]]:
    for key, value in figures.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        elif isinstance(value, int | float):
            yield f"{before}{key}", float(value)
