"""`render`: the twin says a recording, with an emotion, as an MP4."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

SIZES = (64, 2160)
MOST_TURN = 60.0


def render(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The project's folder.")],
    audio: Annotated[Path, typer.Option(metavar="F", help="The recording to say: any sound or video file.")],
    emotion: Annotated[
        str, typer.Option(metavar="E", help="neutral, happy, sad, angry, fear, disgusted, contempt, surprised.")
    ],
    level: Annotated[float, typer.Option(metavar="X", help="Strength of the emotion, 0 to 3, fractions allowed.")],
    out: Annotated[Path, typer.Option(metavar="F.mp4", help="The film to write.")],
    background: Annotated[str, typer.Option(help="plate (as recorded), or a colour as #rrggbb.")] = "plate",
    size: Annotated[int, typer.Option(help="Width and height in pixels.")] = 512,
    yaw: Annotated[
        float, typer.Option(help="Turn the camera around the person, degrees; positive to the right.")
    ] = 0.0,
    pitch: Annotated[float, typer.Option(help="Raise the camera, degrees.")] = 0.0,
) -> None:
    """Write an MP4 of the twin saying a recording with an emotion and its strength."""
    from emotalker.app.cli.console import say
    from emotalker.app.cli.projects import open_project
    from emotalker.app.cli.running import Reporter, Stopped, stoppable
    from emotalker.app.cli.twin import twin_of
    from emotalker.engine.emotion.labels import EMOTIONS, check_level, emotion_index
    from emotalker.engine.jobs import Outcome

    emotion, level = EMOTIONS[emotion_index(emotion)], check_level(level)
    check_view(audio, out, background, size, yaw, pitch)
    project = open_project(folder)
    with stoppable() as stop, Reporter() as reporter:
        twin = twin_of(project, reporter, stop, outdated=True)
        from emotalker.engine.render.video import render_video

        job = render_video(twin, audio, out, emotion, level, background, size, yaw, pitch, stop)
        outcome = reporter.run(job)
    if outcome is Outcome.STOPPED:
        raise Stopped(f"Stopped; {out.name} was not written. Run the same command again for it.")
    say(f"The film is in {out}.")


def check_view(audio: Path, out: Path, background: str, size: int, yaw: float, pitch: float) -> None:
    """Refuse what cannot be rendered, before any long work.

    Raises:
        UserError: for a missing sound file or a value out of range.
    """
    from emotalker.engine.errors import UserError

    if not audio.is_file():
        raise UserError(
            f"{audio.name} is not there.", f"Looked for {audio.absolute()}.", "Check the path of the sound."
        )
    if out.suffix.lower() != ".mp4":
        raise UserError(f"{out.name} is no MP4 file name.", "Films are written as MP4.", "Let the name end in .mp4.")
    if background != "plate" and not re.fullmatch(r"#[0-9a-fA-F]{6}", background):
        raise UserError(
            f"'{background}' is no background.", "Known are plate, and colours like #00ff00.", "Use one of these."
        )
    if not SIZES[0] <= size <= SIZES[1] or size % 2:
        raise UserError(
            f"A film of {size} pixels cannot be written.",
            f"Sizes are even numbers from {SIZES[0]} to {SIZES[1]}.",
            "Choose such a size, for example 512.",
        )
    if max(abs(yaw), abs(pitch)) > MOST_TURN:
        raise UserError(
            "The camera is turned too far.",
            f"The person was filmed from one side; beyond {MOST_TURN:g} degrees nothing is known.",
            f"Keep --yaw and --pitch within {MOST_TURN:g} degrees.",
        )
