"""`evaluate`: how good the twin is on clips it never saw, as figures and as a report."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from emotalker.app.cli.train import Device

if TYPE_CHECKING:
    from emotalker.app.cli.running import Reporter
    from emotalker.engine.jobs import StopToken
    from emotalker.projects import Project
    from emotalker.projects.evaluate_job import EvaluateJob


def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The project's folder.")],
    json: Annotated[
        Path | None, typer.Option("--json", metavar="F", help='Also write it as JSON; "-" prints it.')
    ] = None,
    size: Annotated[int, typer.Option(help="Pixels of the square pictures compared.")] = 512,
    voice: Annotated[
        list[Path] | None,
        typer.Option(metavar="F", help="Somebody else's voice to judge the lips with; may be given again."),
    ] = None,
    films: Annotated[bool, typer.Option(help="Also write films: recorded beside the twin, with sound.")] = True,
    ablations: Annotated[
        bool,
        typer.Option(
            "--ablations", help="Also train and judge twins with a part taken out; takes hours, may be stopped."
        ),
    ] = False,
    device: Annotated[Device, typer.Option(help="What --ablations trains on: auto, cpu or cuda.")] = Device.AUTO,
    tile: Annotated[
        Path | None,
        typer.Option(metavar="F.png", help="Only write this picture: a sentence in eight emotions at three levels."),
    ] = None,
) -> None:
    """Judge the twin on the held-out clips, beside plain predictors, and write a report to open in a browser."""
    from emotalker.app.cli.console import say, write_figures
    from emotalker.app.cli.projects import open_project
    from emotalker.app.cli.running import Reporter, Stopped, stoppable
    from emotalker.engine.jobs import Outcome
    from emotalker.projects.evaluate_job import EVALUATE, PAGE, EvaluateJob, read_report

    project = open_project(folder)
    _check_places(json, tile)
    job = EvaluateJob(project.folder, size, tuple(voice or ()), films, ablations, device.value)
    with stoppable() as stop, Reporter() as reporter:
        if tile is not None:
            _write_tile(project, tile, reporter, stop)
            say(f"The picture is in {tile}.")
            return
        outcome = _run(job, reporter, stop)
    if outcome is Outcome.STOPPED:
        raise Stopped("Stopped before the report was done. The same command goes on from there.")
    report = read_report(project) or {}
    if json is not None:
        write_figures(report, json)
    if json is None or str(json) != "-":
        _print_report(report)
    say(f"The report, to be opened in a browser: {project.stage_folder(EVALUATE) / PAGE}")


def _run(job: EvaluateJob, reporter: Reporter, stop: StopToken) -> Any:
    """Iterate the job to its end and show what it says."""
    from contextlib import closing

    from emotalker.engine.jobs import Outcome
    from emotalker.projects.jobstate import StagesPlanned, StageStarted

    # closed at once, whatever ends it: the job holds the lock of the project
    with closing(job(stop)) as running:
        while True:
            try:
                event = next(running)
            except StopIteration as end:
                return end.value if isinstance(end.value, Outcome) else Outcome.FINISHED
            if isinstance(event, StageStarted):
                reporter.say(event.title[:1].upper() + event.title[1:], "bold")
            elif not isinstance(event, StagesPlanned):
                reporter.show(event)


def _check_places(json: Path | None, tile: Path | None) -> None:
    """Refuse files that cannot be written, before minutes of work."""
    from emotalker.engine.errors import UserError
    from emotalker.engine.files import check_writable

    if json is not None and tile is not None:
        raise UserError(
            "--tile and --json do not go together.",
            "With --tile the picture alone is made: there are no figures to write.",
            "Give one of them, or run the command twice.",
        )
    if tile is not None and tile.suffix.lower() != ".png":
        raise UserError(f"{tile.name} is no PNG file name.", "The picture is written as PNG.", "Let it end in .png.")
    for place in (json, tile):
        if place is not None and str(place) != "-":
            check_writable(place)


def _write_tile(project: Project, path: Path, reporter: Reporter, stop: StopToken) -> None:
    from emotalker.app.cli.twin import twin_of
    from emotalker.engine.avatar import Avatar
    from emotalker.engine.tracking.observing.landmarker import FaceLandmarker
    from emotalker.projects.twin_judge import sentence, write_tile

    avatar = Avatar.load(twin_of(project, reporter, stop, outdated=True))
    write_tile(avatar, sentence(project, avatar), FaceLandmarker().detect, path)


def _print_report(report: Mapping[str, Any]) -> None:
    from emotalker.app.cli.console import print_table, say
    from emotalker.engine.report import tables
    from emotalker.engine.report.words import VERDICT_WORDS, findings

    columns = (*tables.PICTURE, *tables.MOTION)
    shown = [("all held-out clips", report)]
    clips: Mapping[str, Any] = report.get("clips", {})
    shown += list(clips.items()) if len(clips) > 1 else []
    for title, figures in shown:
        for part in (columns[:6], columns[6:]):
            content = tables.group_table(figures, part, (tables.RECORDED, *tables.GROUPS))
            if content.rows:
                print_table(title, _columns(content), content.rows)
    for title, content in (("emotions", tables.level_table(report)), ("other voices", tables.cross_table(report)),
                           ("ablations", tables.ablation_table(report))):  # fmt: skip
        if len(content.rows) > (title == "ablations"):
            print_table(title, _columns(content), content.rows)
    for finding in findings(report):
        say(f"{finding.title} ({VERDICT_WORDS[finding.verdict]}). {finding.text}")


def _columns(content: Any) -> tuple[str, ...]:
    """Headings as `print_table` takes them: all but the first are of numbers."""
    return (content.head[0], *(f"#{name}" for name in content.head[1:]))
