"""Commands on what the twin says and feels."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import msgspec

from emotalker.app.commands.base import PICTURE_FILTER, SOUND_FILTER, Command
from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.engine.render.view import View
from emotalker.projects import Performance, Project


@dataclass
class SetCurve(Command):
    """Another emotion over time.

    Attributes:
        curve: the new curve.
        name: what was done to it ("Move keyframe").
    """

    curve: EmotionCurve
    name: str = "Change emotion"

    def do(self, project: Project) -> None:
        """Keep it."""
        _change(project, curve=self.curve.to_json())


@dataclass
class SetVoice(Command):
    """Another recording to say; None for silence."""

    file: Path | None
    name = "Choose voice"

    def do(self, project: Project) -> None:
        """Keep where it lies; marks of the recording before do not fit any more."""
        from emotalker.projects.adding import stored_name

        stored = "" if self.file is None else stored_name(project.folder, self.file.expanduser().absolute())
        if stored != project.manifest.performance.voice:
            _change(project, voice=stored, loop=None)

    @staticmethod
    def ask(parent: object) -> SetVoice | None:
        """Let the user choose the recording."""
        from emotalker.app.commands.base import choose_file

        file = choose_file(parent, "Choose the recording the twin says", SOUND_FILTER)
        return SetVoice(file) if file is not None else None


@dataclass
class SetLoop(Command):
    """From and to which second playing repeats and export goes; None for all."""

    loop: tuple[float, float] | None
    name = "Change in and out"

    def do(self, project: Project) -> None:
        """Keep it."""
        _change(project, loop=self.loop)


@dataclass
class SetBackground(Command):
    """What lies behind the person, as `emotalker.engine.render.backdrop.backdrop` takes it."""

    background: str
    name = "Change background"

    def do(self, project: Project) -> None:
        """Keep it, a picture as a copy in the project, if it can be read.

        Raises:
            UserError: if it is not; the background before stays.
        """
        from emotalker.engine.render.backdrop import check_backdrop
        from emotalker.projects.backgrounds import kept_background, shown_background

        check_backdrop(shown_background(project.folder, self.background))
        _change(project, background=kept_background(project.folder, self.background))

    @staticmethod
    def ask(parent: object) -> SetBackground | None:
        """Let the user choose a picture."""
        from emotalker.app.commands.base import choose_file

        file = choose_file(parent, "Choose the background picture", PICTURE_FILTER)
        return SetBackground(f"image:{file}") if file is not None else None


def keep_view(project: Project, view: View) -> None:
    """Remember the camera; looking around is no edit and cannot be undone.

    Raises:
        UserError: if the project could not be saved.
    """
    _change(project, view=view)


def _change(project: Project, **fields: object) -> None:
    performance: Performance = msgspec.structs.replace(project.manifest.performance, **fields)
    project.set_performance(performance)
