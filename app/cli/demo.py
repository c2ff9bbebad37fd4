"""`demo`: the whole way from clips to film, on a person who does not exist."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from emotalker.app.cli.running import Reporter
    from emotalker.engine.jobs import Job, Outcome, StopToken
    from emotalker.projects import Project

PRESET = "tiny"
EMOTION, LEVEL, SIZE = "happy", 2.5, 256
CLIP_SECONDS, SPEECH_SECONDS = 4.0, 5.0
_WORDS = 97  # picks words that no clip has


def demo(
    out: Annotated[Path, typer.Option(metavar="F.mp4", help="The film to write.")] = Path("demo.mp4"),
    keep: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Make the project here and keep it; the same again goes on.")
    ] = None,
) -> None:
    """Make the built-in sample person's clips, train a tiny twin on them and write a film of it. No network needed."""
    from emotalker.app.cli.console import say
    from emotalker.app.cli.render import check_view
    from emotalker.app.cli.running import Reporter, Stopped, stoppable
    from emotalker.engine.jobs import Outcome

    clock = time.monotonic()
    with _folder(keep) as folder, stoppable() as stop, Reporter() as reporter:
        speech = write_speech(folder / "speech.wav")
        check_view(speech, out, "plate", SIZE, 0.0, 0.0)
        project = _project(folder / "project")
        outcome = _train(project, folder / "sample", reporter, stop)
        if outcome is Outcome.FINISHED:
            from emotalker.engine.render.video import render_video

            reporter.say("Rendering the film.", "bold")
            twin = project.stage_folder("avatar")
            job = render_video(twin, speech, out, EMOTION, LEVEL, "plate", SIZE, 0.0, 0.0, stop)
            outcome = reporter.run(job)
    if outcome is Outcome.STOPPED:
        again = "run it again from the start" if keep is None else "the same command goes on from there"
        raise Stopped(f"Stopped; {again}.")
    say(f"The film is in {out} ({time.monotonic() - clock:.0f} s).")


def film_sample(folder: Path, fps: float, stop: StopToken) -> Job:
    """Film the sample person into `folder`, as a job; clips that are whole already are filmed again just the same."""
    from emotalker.engine.jobs import Outcome, Progress
    from emotalker.engine.synthetic.sample import SampleConfig, clip_list, sample_clips

    config = SampleConfig(size=SIZE, fps=fps, seconds=CLIP_SECONDS)
    total = len(clip_list(config))
    for done, _ in enumerate(sample_clips(folder, config), 1):
        yield Progress("film", done, total, "clips")
        if stop.requested:
            return Outcome.STOPPED
    return Outcome.FINISHED


def write_speech(path: Path) -> Path:
    """A WAV of speech-like sound that none of the sample's clips has.

    Raises:
        UserError: if it cannot be written.
    """
    import soundfile

    from emotalker.engine.files import replacing
    from emotalker.engine.synthetic.performance import voice_of
    from emotalker.engine.synthetic.phones import script
    from emotalker.engine.synthetic.sample import PITCH
    from emotalker.engine.synthetic.speech import RATE, speak

    pitch, swing, pace = voice_of(EMOTION, LEVEL)
    phones = script(SPEECH_SECONDS, _WORDS, pace)
    sound = speak(phones, SPEECH_SECONDS, PITCH * pitch, 0.10 * swing, _WORDS)
    with replacing(path) as temporary:
        soundfile.write(temporary, sound, RATE, format="WAV")
    return path


def _train(project: Project, sample: Path, reporter: Reporter, stop: StopToken) -> Outcome:
    from emotalker.app.cli.training import run_recorded
    from emotalker.engine.jobs import Outcome
    from emotalker.projects.train_job import TrainJob

    if not project.clips or project.missing():
        reporter.say("Filming the sample person.", "bold")
        if reporter.run(film_sample(sample, project.manifest.fps, stop)) is Outcome.STOPPED:
            return Outcome.STOPPED
        for result in project.add([sample]):
            if result.error is not None:
                raise result.error
    job = TrainJob(project.folder, PRESET, "cpu", check=False)  # there is nothing to find fault with
    return run_recorded(project, job(stop), reporter)


def _project(folder: Path) -> Project:
    from emotalker.projects import Project

    if (folder / "project.json").is_file():
        return Project.open(folder)
    project = Project.create(folder, "Sample person")
    project.set_preset(PRESET)
    return project


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        yield keep.expanduser().absolute()
        return
    with tempfile.TemporaryDirectory(prefix="emotalker-demo-", ignore_cleanup_errors=True) as name:
        yield Path(name)
