"""Where the playhead is: transport bar, timeline, keys, in and out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from emotalker.app.commands.performance import SetLoop

if TYPE_CHECKING:
    from emotalker.app.wiring.performing import Performing

FRAME, SECOND = 1 / 25, 1.0
SHORTEST = 0.1
"""Seconds between in and out."""


class TransportWiring(QObject):
    """Connects everything that moves the playhead."""

    def __init__(self, performing: Performing) -> None:
        super().__init__(performing)
        self._performing, self._studio = performing, performing.studio
        self._resume = self._repeat = False
        timeline, transport = performing.page.timeline, performing.page.transport
        timeline.scrub_started.connect(self._scrub_started)
        timeline.scrubbed.connect(self._scrubbed)
        timeline.scrub_ended.connect(self._scrub_ended)
        timeline.loop_changed.connect(lambda loop: self._studio.do(SetLoop(loop)))
        transport.play_toggled.connect(self.toggle)
        transport.shuttle.connect(self.shuttle)
        transport.seek_requested.connect(performing.seek)
        transport.loop_toggled.connect(self._loop_toggled)
        transport.mark_in.connect(lambda: self.mark("in"))
        transport.mark_out.connect(lambda: self.mark("out"))
        actions = self._studio.actions
        for id_, slot in {
            "play.toggle": self.toggle,
            "play.back": lambda: self.shuttle(-1),
            "play.forward": lambda: self.shuttle(1),
            "play.previous_frame": lambda: self.step(-FRAME),
            "play.next_frame": lambda: self.step(FRAME),
            "play.second_back": lambda: self.step(-SECOND),
            "play.second_on": lambda: self.step(SECOND),
            "play.start": lambda: performing.seek(0.0),
            "play.end": self._to_end,
            "play.mark_in": lambda: self.mark("in"),
            "play.mark_out": lambda: self.mark("out"),
            "play.clear_marks": lambda: self._studio.do(SetLoop(None)),
        }.items():
            actions.on(id_, slot)

    @property
    def range(self) -> tuple[float, float]:
        """From and to which second playing goes: between the marks while it is repeated, else the whole recording."""
        performer = self._performing.performer
        duration = performer.duration if performer is not None else 0.0
        marks = self._performing.session.performance.loop if self._repeat else None
        return (marks[0], min(marks[1], duration)) if marks is not None else (0.0, duration)

    def toggle(self) -> None:
        """Play or pause."""
        if self._performing.playing:
            self._performing.pause()
        else:
            self._performing.play()

    def shuttle(self, direction: int) -> None:
        """J and L: play that way; the same key again doubles the speed."""
        performing = self._performing
        fast = performing.playing and performing.rate * direction >= 1
        performing.play(direction * (2.0 if fast else 1.0))

    def step(self, seconds: float) -> None:
        """Move the playhead; stops playing."""
        self._performing.pause()
        self._performing.seek(self._performing.time + seconds)

    def mark(self, end: str) -> None:
        """Put the in or the out mark at the playhead."""
        performer = self._performing.performer
        if performer is None or not performer.duration:
            return
        loop = self._performing.session.performance.loop or (0.0, performer.duration)
        first, last = (performer.time, loop[1]) if end == "in" else (loop[0], performer.time)
        if last - first < SHORTEST:
            self._studio.tell("In has to lie before out, by a tenth of a second at least.", "warning")
            return
        self._studio.do(SetLoop((first, last)))

    def apply_loop(self) -> None:
        """Repeat between the marks, or the whole recording, while the switch is on."""
        performer = self._performing.performer
        if performer is not None:
            whole = (0.0, performer.duration) if performer.duration else None
            marks = self._performing.session.performance.loop
            performer.set_loop((marks or whole) if self._repeat else None)

    def _loop_toggled(self, on: bool) -> None:
        self._repeat = on
        self.apply_loop()

    def _to_end(self) -> None:
        if self._performing.performer is not None:
            self._performing.seek(self._performing.performer.duration)

    def _scrub_started(self) -> None:
        self._performing.live.stop()  # what is scrubbed is heard, and a microphone would hear it too
        self._resume = self._performing.playing
        self._performing.pause()

    def _scrubbed(self, time: float) -> None:
        if self._performing.performer is not None:
            self._performing.performer.scrub(time)
            self._performing.show_time()

    def _scrub_ended(self, time: float) -> None:
        self._performing.seek(time)
        if self._resume:
            self._performing.play()
