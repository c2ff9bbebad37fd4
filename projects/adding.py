"""Bringing files into a project: labels, duplicates, moved files, copies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from emotalker.engine.emotion.labels import EMOTIONS
from emotalker.engine.errors import UserError
from emotalker.projects.content import entry_of, probed, sha256_of
from emotalker.projects.document import ClipEntry
from emotalker.projects.labels import USUAL_LEVEL, LabelGuess, guess_label
from emotalker.projects.names import clip_id
from emotalker.projects.store import copy_into

CLIPS = "clips"

Change = Literal["added", "duplicate", "relabelled", "relinked", "failed"]


@dataclass(frozen=True)
class AddResult:
    """What became of one file.

    Attributes:
        file: as it was given, absolute.
        change: "duplicate" changed nothing; "relinked" found a missing clip again.
        clip: the project's entry; None if it failed.
        level_stated: False if the level is only the usual one, because neither name nor caller gave one.
        error: why it failed.
    """

    file: Path
    change: Change
    clip: ClipEntry | None = None
    level_stated: bool = True
    error: UserError | None = None


class ClipAdder:
    """Works on its own copy of the list of clips, `clips`; the project takes it over when all files are through."""

    def __init__(
        self, folder: Path, clips: Sequence[ClipEntry], emotion: str | None, level: float | None, copy: bool
    ) -> None:
        self.folder = folder
        self.clips = list(clips)
        self._emotion = emotion
        self._level = level
        self._copy = copy

    def add(self, file: Path) -> AddResult:
        """Add one file; never raises `UserError`, since the other files must still be added."""
        try:
            return self._add(file)
        except UserError as error:
            return AddResult(file, "failed", error=error)

    def refresh(self) -> list[ClipEntry]:
        """Look again at files whose size or time stamp changed; missing ones are left alone."""
        changed = []
        for place, clip in enumerate(self.clips):
            file = self.folder / clip.file
            if not file.is_file():
                continue
            state = file.stat()
            if (state.st_size, state.st_mtime_ns) == (clip.size, clip.modified):
                continue
            entry = entry_of(file, probed(file), clip.id, clip.file, clip.emotion, clip.level, sha256_of(file))
            if entry.sha256 == clip.sha256:
                entry = msgspec.structs.replace(clip, modified=state.st_mtime_ns)
            else:
                changed.append(entry)
            self.clips[place] = entry
        return changed

    def _add(self, file: Path) -> AddResult:
        if not file.is_file():
            raise UserError(
                f"{file.name} is not there." if not file.is_dir() else f"{file.name} is a folder without videos.",
                f"Looked for {file}.",
                "Check the path; put quotes around one that has spaces.",
            )
        sha256 = sha256_of(file)
        for place, clip in enumerate(self.clips):
            if clip.sha256 == sha256:
                return self._known(place, clip, file)
        info = probed(file)  # before the label: a file that is no video is told so, whatever its name
        label = self._label(file)
        name = clip_id(file.stem, (clip.id for clip in self.clips))
        stored = f"{CLIPS}/{name}{file.suffix.lower()}" if self._copy else stored_name(self.folder, file)
        clip = entry_of(file, info, name, stored, label.emotion, label.level, sha256)
        if self._copy:
            copy_into(file, self.folder / stored)
            clip = msgspec.structs.replace(clip, modified=(self.folder / stored).stat().st_mtime_ns)
        self.clips.append(clip)
        return AddResult(file, "added", clip, label.level_stated)

    def _label(self, file: Path) -> LabelGuess:
        if self._emotion is None:
            guess = guess_label(file)
            if self._level is None or guess.emotion == EMOTIONS[0]:
                return guess
            return LabelGuess(guess.emotion, self._level, True)
        if self._emotion == EMOTIONS[0]:
            return LabelGuess(self._emotion, 0.0, True)
        if self._level is not None:
            return LabelGuess(self._emotion, self._level, True)
        try:
            guess = guess_label(file)
        except UserError:
            return LabelGuess(self._emotion, USUAL_LEVEL, False)
        stated = guess.level_stated and guess.emotion == self._emotion
        return LabelGuess(self._emotion, guess.level if stated else USUAL_LEVEL, stated)

    def _known(self, place: int, clip: ClipEntry, file: Path) -> AddResult:
        change: Change = "duplicate"
        if not (self.folder / clip.file).is_file():
            moved = stored_name(self.folder, file)
            clip = msgspec.structs.replace(clip, file=moved, modified=file.stat().st_mtime_ns)
            change = "relinked"
        emotion = self._emotion or clip.emotion
        level = clip.level if self._level is None else self._level
        if emotion == EMOTIONS[0]:
            level = 0.0
        elif clip.emotion == EMOTIONS[0] and self._level is None:
            level = USUAL_LEVEL
        if (emotion, level) != (clip.emotion, clip.level):
            clip = msgspec.structs.replace(clip, emotion=emotion, level=level)
            change = "relabelled" if change == "duplicate" else change
        self.clips[place] = clip
        return AddResult(file, change, clip)


def stored_name(folder: Path, file: Path) -> str:
    """How a clip's file is written in project.json: relative inside the project, so that the folder can move."""
    return file.relative_to(folder).as_posix() if file.is_relative_to(folder) else file.as_posix()
