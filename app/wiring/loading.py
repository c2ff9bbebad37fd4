"""Twins and voices, read off the window's thread."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from emotalker.app.studio import Studio
from emotalker.projects import Performance

if TYPE_CHECKING:
    from emotalker.engine.avatar import Avatar, Heard
    from emotalker.engine.media import AudioTrack
    from emotalker.engine.media.peaks import Peaks

SLOW_MS = 4000
PREPARING = "Preparing the engine. The first time on a computer this takes up to a minute."


@dataclass(frozen=True)
class Voice:
    """A recording that can be said.

    Attributes:
        file: where it lies.
        track: its sound.
        peaks: its waveform.
        heard: what the twin hears in it.
    """

    file: Path
    track: AudioTrack
    peaks: Peaks
    heard: Heard


class Loading(QObject):
    """Loads what the session names as soon as the engine is there; what was asked last wins.

    Attributes:
        avatar: the twin that is loaded.
    """

    twin_loaded = Signal(object)
    twin_gone = Signal()
    twin_failed = Signal(object)
    voice_loaded = Signal(object)
    message = Signal(object)

    def __init__(self, studio: Studio, parent: QObject) -> None:
        super().__init__(parent)
        self._studio = studio
        self.avatar: Avatar | None = None
        self._voice: str | None = None
        """The recording that was asked for last; None if none was since the twin came."""
        self._asked = 0
        self._slow = QTimer(self)
        self._slow.setSingleShot(True)
        self._slow.setInterval(SLOW_MS)
        self._slow.timeout.connect(lambda: self.message.emit(PREPARING))
        session = studio.session
        session.project_changed.connect(self._forget)
        session.twin_changed.connect(self._twin_changed)
        session.performance_changed.connect(self._performance_changed)
        studio.engine_ready.connect(lambda: self._twin_changed(session.twin))

    def _forget(self, *_: object) -> None:
        """What is loaded, and what is still being read, is of the twin before."""
        self.avatar = self._voice = None
        self._asked += 1

    def _twin_changed(self, folder: Path | None) -> None:
        self._forget()
        if folder is None:
            self._slow.stop()
            self.twin_gone.emit()
            self.message.emit(self._nothing())
            return
        self.message.emit("Loading the twin…")
        if not self._studio.ready:
            self._slow.start()
            return
        self._slow.stop()
        asked = self._asked
        self._studio.tasks.run(
            lambda: _load_twin(folder),
            lambda avatar: self._twin_ready(avatar, asked),
            lambda error: self._twin_failed(error, asked),
        )

    def _nothing(self) -> str:
        if self._studio.session.project is None:
            return "No twin is open."
        return "This twin is not trained yet. Add clips, then train it."

    def _twin_ready(self, avatar: Avatar, asked: int) -> None:
        if asked != self._asked:
            return  # another twin was opened meanwhile
        self.avatar = avatar
        self.message.emit(None)
        self.twin_loaded.emit(avatar)
        self._performance_changed(self._studio.session.performance)

    def _twin_failed(self, error: BaseException, asked: int) -> None:
        if asked == self._asked:
            self.message.emit("The twin could not be loaded.")
            self.twin_failed.emit(error)

    def _performance_changed(self, performance: Performance) -> None:
        """Read the voice if it is another one than the last."""
        project, avatar = self._studio.session.project, self.avatar
        if project is None or avatar is None or performance.voice == self._voice:
            return
        self._voice = performance.voice
        self._asked += 1
        if not performance.voice:
            self.message.emit(None)
            self.voice_loaded.emit(None)
            return
        file = project.folder / performance.voice
        asked = self._asked
        self.message.emit(f"Listening to {file.name}…")
        self._studio.tasks.run(
            lambda: load_voice(file, avatar),
            lambda voice: self._voice_ready(voice, asked),
            lambda error: self._voice_failed(error, asked),
        )

    def _voice_ready(self, voice: Voice, asked: int) -> None:
        if asked == self._asked:
            self.message.emit(None)
            self.voice_loaded.emit(voice)

    def _voice_failed(self, error: BaseException, asked: int) -> None:
        if asked == self._asked:
            self.message.emit(None)
            self.voice_loaded.emit(None)
            self._studio.fail(error)


def _load_twin(folder: Path) -> Avatar:
    from emotalker.engine.avatar import Avatar

    return Avatar.load(folder)


def load_voice(file: Path, avatar: Avatar) -> Voice:
    """Read a recording and let the twin hear it.

    Raises:
        UserError: if it has no sound, or the speech model is not to be had.
    """
    from emotalker.engine.avatar.hearing import read_speech
    from emotalker.engine.avatar.known_voice import hear_file
    from emotalker.engine.media.peaks import Peaks

    track = read_speech(file)
    return Voice(file, track, Peaks.of(track.original, track.rate), hear_file(avatar, file, track))
