"""`demo`: the whole way from clips to film, on a person who does not exist."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

PRESET = "tiny"


def demo(
    out: Annotated[Path, typer.Option(metavar="F.mp4", help="The film to write.")] = Path("demo.mp4"),
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Keep the project here instead of deleting it.")
    ] = None,
) -> None:
    """Make the built-in sample person's clips, train a tiny twin on them and write a film of it. No network needed."""
    from emotalker.app.cli.console import say
    from emotalker.app.cli.projects import configs_of
    from emotalker.app.cli.render import check_view
    from emotalker.app.cli.running import Reporter, Stopped, stoppable
    from emotalker.app.cli.training import run_stages
    from emotalker.engine import synthetic
    from emotalker.engine.jobs import Outcome
    from emotalker.projects import STAGES, Project

    clock = time.monotonic()
    with _folder(keep) as folder, stoppable() as stop, Reporter() as reporter:
        project = Project.create(folder / "project", "Sample person")
        project.set_preset(PRESET)
        reporter.say("Filming the sample person.", "bold")
        sample = synthetic.make_sample(folder / "sample", stop)
        outcome = reporter.run(sample)
        if outcome is Outcome.FINISHED:
            project.add([folder / "sample"])
            configs = configs_of(project, PRESET)
            outcome = run_stages(project, configs, list(STAGES), lambda: "cpu", reporter, stop)
        if outcome is Outcome.FINISHED:
            from emotalker.engine.render import video

            speech = folder / "sample" / "speech.wav"
            check_view(speech, out, "plate", 256, 0.0, 0.0)
            twin = project.stage_folder("avatar")
            reporter.say("Rendering.", "bold")
            outcome = reporter.run(video.render_video(twin, speech, out, "happy", 2.5, "plate", 256, 0.0, 0.0, stop))
    if outcome is Outcome.STOPPED:
        raise Stopped("Stopped; run it again from the start." if keep is None else f"Stopped; the clips are in {keep}.")
    say(f"The film is in {out} ({time.monotonic() - clock:.0f} s).")


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep.expanduser().absolute()
        return
    with tempfile.TemporaryDirectory(prefix="emotalker-demo-", ignore_cleanup_errors=True) as name:
        yield Path(name)
