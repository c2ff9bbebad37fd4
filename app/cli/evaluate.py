"""`evaluate`: how good the twin is on clips it never saw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from emotalker.engine.clip import ClipInput
    from emotalker.engine.jobs import Job, StopToken
    from emotalker.engine.metrics.evaluate import Drive
    from emotalker.projects import Project

_ROWS = (
    ("tracked", "ours, driven by the tracked face"),
    ("unrefined", "ours, driven by landmarks alone"),
    ("audio", "ours, driven by the voice"),
    ("baseline_mean", "baseline: mean of the training frames"),
    ("baseline_nearest", "baseline: nearest training frame (oracle)"),
    ("baseline_expression", "baseline: training frame nearest in expression"),
    ("baseline_mesh", "baseline: head mesh with a texture"),
)
_COLUMNS = ("psnr", "ssim", "lpips", "psnr_face", "psnr_mouth", "m_ld", "f_ld")


def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The project's folder.")],
    json: Annotated[
        Path | None, typer.Option("--json", metavar="F", help='Also write it as JSON; "-" prints it.')
    ] = None,
) -> None:
    """Judge the twin on the held-out clips, beside plain predictors."""
    from emotalker.app.cli.console import say, write_figures
    from emotalker.app.cli.projects import open_project
    from emotalker.app.cli.running import Reporter, Stopped, stoppable
    from emotalker.app.cli.twin import twin_of
    from emotalker.engine.jobs import Outcome

    project = open_project(folder)
    clips = project.clip_inputs()
    _require_held_out(project)
    out = project.stage_folder("evaluate")
    with stoppable() as stop, Reporter() as reporter:
        # An older twin may have learned from the clips held out now.
        twin = twin_of(project, reporter, stop, outdated=False)
        outcome = reporter.run(_judge(clips, project, twin, out, stop))
    if outcome is Outcome.STOPPED:
        raise Stopped("Stopped before all held-out clips were judged. Run the same command again.")
    report = _report(out)
    if json is not None:
        write_figures(report, json)
    if json is None or str(json) != "-":
        _print_report(report)
    say(f"Pictures and figures are in {out}.")


def _judge(clips: Sequence[ClipInput], project: Project, twin: Path, out: Path, stop: StopToken) -> Job:
    """The evaluation with the twin's own renderer and the landmark detector that tracking uses.

    Where the fit has refined a held-out clip's track, the figures of the track before that are told as well.
    """
    from emotalker.engine.avatar import ClipRenderer
    from emotalker.engine.metrics.evaluate import evaluate as judge
    from emotalker.engine.tracking.landmarker import FaceLandmarker
    from emotalker.engine.tracking.refined import track_path

    landmarker = FaceLandmarker()

    def detect(picture: NDArray[np.uint8]) -> NDArray[np.float32] | None:
        face = landmarker.detect(picture)
        return None if face is None else face.points

    tracks, fit = project.stage_folder("track"), project.stage_folder("fit")
    held = [clip.id for clip in clips if clip.held_out]
    refined = any(track_path(name, tracks, fit) != track_path(name, tracks) for name in held)
    drives: tuple[Drive, ...] = ("tracked", "unrefined", "audio") if refined else ("tracked", "audio")

    def renderer(folder: Path) -> ClipRenderer:
        return ClipRenderer(folder, tracks, clips, fit_dir=fit)

    return judge(clips, tracks, twin, out, stop, renderer=renderer, detect=detect, drives=drives)


def _require_held_out(project: Any) -> None:
    from emotalker.engine.errors import UserError
    from emotalker.projects.split import FEWEST_TO_SPLIT

    if not project.held_out():
        raise UserError(
            "There is no held-out clip to judge by.",
            f"With fewer than {FEWEST_TO_SPLIT} clips all of them are learned from.",
            f'Add clips, or choose one: emotalker-cli train "{project.folder}" --hold-out CLIP',
        )


def _report(out: Path) -> dict[str, Any]:
    import msgspec

    report: dict[str, Any] = msgspec.json.decode((out / "report.json").read_bytes())
    return report


def _print_report(report: Mapping[str, Any]) -> None:
    from emotalker.app.cli.console import print_table

    columns = ("", *(f"#{column}" for column in _COLUMNS))
    print_table("all held-out clips", columns, _rows(report))
    clips: Mapping[str, Any] = report.get("clips", {})
    if len(clips) > 1:
        for name, figures in clips.items():
            print_table(name, columns, _rows(figures))


def _rows(figures: Mapping[str, Any]) -> list[list[str]]:
    rows = []
    for key, title in _ROWS:
        values = figures.get(key, {})
        rows.append([title, *(f"{values[c]:.3f}" if values.get(c) is not None else "" for c in _COLUMNS)])
    return rows
