"""A film of a project: refused without consent, bound to its performance as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from emotalker.engine.errors import UserError
from emotalker.engine.export import FilmJob
from emotalker.projects.backgrounds import shown_background
from emotalker.projects.project import Project

FILMS = "films"


def film_job(
    project: Project, out: Path, *, keep_view: bool = True, framing: Literal["fit", "fill"] = "fit", **options: Any
) -> FilmJob:
    """The open performance as a job that writes a film.

    Args:
        project: the project.
        out: the film.
        keep_view: look as the performance does; else from the front.
        framing: how the recorded square fits the film's shape.
        options: any field of `FilmJob` that shall differ from the performance.

    Raises:
        UserError: without consent, without a twin, or without the file of the voice.
    """
    refuse_without_consent(project)
    twin = project.stage_folder("avatar")
    if not (twin / "avatar.json").is_file():
        raise UserError("There is no twin to film.", "It has not been trained yet.", "Train it on the page Train.")
    performance = project.manifest.performance
    voice = project.folder / performance.voice if performance.voice else None
    if voice is not None and not voice.is_file():
        raise UserError(
            f"The voice {voice.name} cannot be found.", f"It was in {voice.parent}.", "Choose the recording again."
        )
    if out.resolve() in {path.resolve() for path in (voice, *map(project.path_of, project.clips)) if path is not None}:
        raise UserError(
            f"{out.name} is a recording of this project.", "The film would take its place.", "Choose another name."
        )
    view = replace(performance.view if keep_view else type(performance.view)(), framing=framing)
    background = shown_background(project.folder, performance.background)
    fields: Mapping[str, Any] = {"background": background, "seed": performance.seed, "creator": "", **options}
    job = FilmJob(avatar_dir=twin, out=out, voice=voice, curve=performance.curve, view=view, **fields)
    job.check()
    return job


def refuse_without_consent(project: Project) -> None:
    """Films are made of people who agreed to it, and of nobody else.

    Raises:
        UserError: if the consent is missing.
    """
    if not project.manifest.consent.given:
        raise UserError(
            "This film is not exported: the consent of the person shown is missing.",
            "A film of a twin can be taken for the person; only who is shown can allow that.",
            "Note the consent on the page Prepare, then export again.",
        )


def films_of(project: Project) -> list[Path]:
    """Films in the project's own folder, the newest first."""
    folder = project.folder / FILMS
    films = [p for p in folder.glob("*.mp4") if p.is_file()] if folder.is_dir() else []
    return sorted(films, key=lambda p: p.stat().st_mtime, reverse=True)
