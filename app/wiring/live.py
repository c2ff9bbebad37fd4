"""Live: what a microphone hears, the twin says at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QFileDialog

from emotalker.engine.errors import UserError

if TYPE_CHECKING:
    from emotalker.app.wiring.performing import Performing
    from emotalker.engine.a2et.speech import SpeechFeatures
    from emotalker.engine.avatar import Avatar
    from emotalker.engine.live import Live, Source

TICK_MS = 80
FIGURES_EVERY = 6
"""Ticks between updates of the delay: faster could not be read."""
MUTED = "No sound comes from the microphone. Is it muted, or is this program not allowed to use it?"
BUSY = "This computer is busy and leaves out many pictures. Close other programs, or choose a smaller picture."
FEW, SETTLED = 15, 50
"""Frames a second below which the computer counts as busy, once so many have been shown."""
NOT_GROWING = "Nothing is being added to this file. The twin speaks as soon as another program records into it."


class LiveWiring(QObject):
    """Connects the Live switch, its strip, the panel and the twin; playing and Live exclude one another.

    Attributes:
        on: whether Live is switched on, be there sound or not.
        live: the performance, while the twin listens.
        open_microphone: makes the source of a microphone's name, None for the system's.
        list_microphones: names of all microphones; may take a while.
    """

    _failed = Signal(object, object)
    _noticed = Signal(str)

    def __init__(self, performing: Performing) -> None:
        super().__init__(performing)
        self._performing, self._studio = performing, performing.studio
        self._strip, self._transport = performing.page.live, performing.page.transport
        self.on = False
        self.live: Live | None = None
        self.open_microphone: Callable[[str | None], Source] = _microphone
        self.list_microphones: Callable[[], list[str]] = _microphones
        self._names: list[str] = []
        self._file: Path | None = None
        self._asked = self._ticks = 0
        self._timer = QTimer(self)
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)
        self._failed.connect(self._source_failed, Qt.ConnectionType.QueuedConnection)
        self._noticed.connect(lambda text: self._studio.tell(text, "warning"), Qt.ConnectionType.QueuedConnection)
        self._transport.live_toggled.connect(self.switch)
        self._strip.stopped.connect(self.stop)
        self._strip.retried.connect(self._listen)
        self._strip.microphone_chosen.connect(self._microphone_chosen)
        self._strip.file_requested.connect(self._ask_file)
        self._studio.actions.on("play.live", lambda: self.switch(not self.on))
        self._studio.actions.on("play.live_end", self.stop)
        self._studio.session.project_changed.connect(lambda _: self.stop())
        self._studio.session.twin_changed.connect(lambda _: self.stop())
        self._studio.window.page_changed.connect(lambda page: self.stop() if page != "perform" else None)

    @property
    def running(self) -> bool:
        """Whether the twin follows sound now."""
        return self.live is not None

    def switch(self, on: bool) -> None:
        """Begin or end."""
        if on:
            self.start()
        else:
            self.stop()

    def start(self) -> None:
        """Listen, and let the twin say it; playing stops."""
        if not self.on and self._performing.loading.avatar is not None:
            self.on = True
            self._performing.pause()
            self._performing.hold_job()
            self._performing.page.live.show()
            self._studio.tasks.run(self.list_microphones, self._microphones_found)
            self._listen()
        self._show_switch()

    def stop(self) -> None:
        """End, and show the twin at the playhead again."""
        if self.on:
            self.on = False
            self._end()
            self._strip.hide()
            self._performing.release_job()
        self._show_switch()

    def feel(self) -> None:
        """Take over what the panel says."""
        if self.live is not None:
            self.live.feel(*self._performing.emotion.felt)

    # ---- listening ----

    def _listen(self) -> None:
        """Begin with the chosen source; the speech model is loaded first, which may take a moment."""
        avatar = self._performing.loading.avatar
        if not self.on or avatar is None:
            return
        self._end()
        self._strip.show_starting()
        self._strip.meter.clear()
        self._asked += 1
        asked = self._asked
        self._studio.tasks.run(
            avatar.encoder,
            lambda encoder: self._begin(avatar, encoder) if asked == self._asked else None,
            lambda error: self._in_trouble(error) if asked == self._asked else None,
        )

    def _begin(self, avatar: Avatar, encoder: SpeechFeatures) -> None:
        from emotalker.engine.live import GrowingFile, Live

        performing, performer = self._performing, self._performing.performer
        if not self.on or performer is None or avatar is not performing.loading.avatar:
            return
        try:
            live = Live(
                avatar, encoder, lambda: performer.look, performing.take_frame,
                lambda error: self._failed.emit(live, error), self._noticed.emit, performing.session.performance.seed,
            )  # fmt: skip
            name = self._studio.settings.values.microphone
            source = GrowingFile(self._file) if self._file is not None else self.open_microphone(self._known(name))
        except Exception as error:
            self._in_trouble(error)
            return
        self.live = live
        self.feel()
        performer.set_guest(live)
        live.start(source)
        self._ticks = 0
        self._timer.start()

    def _known(self, name: str) -> str | None:
        """The microphone, or the system's if this one is not there now."""
        return name if name and (not self._names or name in self._names) else None

    def _end(self) -> None:
        self._asked += 1
        self._timer.stop()
        live, self.live = self.live, None
        if live is not None:
            live.stop()
            performer = self._performing.performer
            if performer is not None:
                performer.set_guest(None)
                self._performing.page.viewport.set_stats(performer.stats())

    def _source_failed(self, live: Live, error: BaseException) -> None:
        if live is self.live:
            self._in_trouble(error)

    def _in_trouble(self, error: BaseException) -> None:
        """Say it where the user looks; what nobody foresaw is reported as well."""
        self._end()
        if isinstance(error, UserError):
            self._strip.show_trouble(" ".join(filter(None, (error.what, error.why, error.what_to_do))))
        else:
            self._strip.show_trouble("Live ended because something went wrong inside the program.")
            self._studio.notifier.report(error)

    # ---- what is listened to ----

    def _microphones_found(self, names: list[str]) -> None:
        self._names = names
        self._show_sources()

    def _show_sources(self) -> None:
        file = self._file.name if self._file is not None else ""
        self._strip.set_microphones(self._names, self._studio.settings.values.microphone, file)

    def _microphone_chosen(self, name: str) -> None:
        self._studio.settings.set(microphone=name)
        self._file = None
        self._show_sources()
        self._listen()

    def _ask_file(self) -> None:
        text, _ = QFileDialog.getOpenFileName(
            self._studio.window, "Follow a sound file that is being written", "", "WAV files (*.wav)"
        )
        if text:
            self.follow(Path(text))

    def follow(self, file: Path) -> None:
        """Listen to what another program writes into a WAV file."""
        self._file = file
        self._show_sources()
        self._listen()

    # ---- what is shown ----

    def _show_switch(self) -> None:
        self._transport.set_live(self.on)
        self._studio.actions["play.live"].setChecked(self.on)
        self._studio.set_live(self.on)

    def _tick(self) -> None:
        live = self.live
        if live is None:
            return
        self._strip.meter.set_level(live.level())
        self._ticks += 1
        if self._ticks % FIGURES_EVERY:
            return
        from emotalker.engine.playback import PlaybackStats

        stats = live.stats()
        busy = stats.frames > SETTLED and stats.fps < FEW
        silent = MUTED if self._file is None else NOT_GROWING
        self._strip.show_live(stats.latency_ms, silent if live.silent else BUSY if busy else "")
        backend = self._performing.page.viewport.backend
        figures = PlaybackStats(fps=stats.fps, shown=stats.frames, dropped=stats.dropped, backend=backend)
        self._performing.page.viewport.set_stats(figures)


def _microphone(name: str | None) -> Source:
    from emotalker.engine.live import Microphone

    return Microphone(name)


def _microphones() -> list[str]:
    from emotalker.engine.live import microphones

    return [device.name for device in microphones()]
