"""A live performance: one thread hears, one poses and draws; whoever is late leaves frames out, nothing queues up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emotalker.engine.live.drive import Drive
from emotalker.engine.live.ears import Ears
from emotalker.engine.live.meter import LiveMeter, LiveStats
from emotalker.engine.live.sound import Ring, Source
from emotalker.engine.playback.clock import Now
from emotalker.engine.playback.frames import Frame
from emotalker.engine.playback.scene import Look

if TYPE_CHECKING:
    from emotalker.engine.a2et.speech import SpeechFeatures
    from emotalker.engine.avatar import Avatar, FrameControl
    from emotalker.engine.gaussians.cpu import GaussianArrays

PATIENCE = 0.25
"""Seconds without a frame after which the source is asked whether it still works."""
DEAD = 3.0
"""Seconds of nothing but zeros after which a microphone counts as muted."""


@dataclass(frozen=True, eq=False)
class _Heard:
    """A frame between the threads.

    Attributes:
        control: its drive.
        time: its middle, seconds from the beginning of the sound.
        came: when the sound of its middle was there.
        ready: when it was heard.
        parts: seconds that each part took so far.
    """

    control: FrameControl
    time: float
    came: float
    ready: float
    parts: dict[str, float]


class Live:
    """Drives a twin by sound that is being made.

    Everything may be called from any thread; frames and errors come in threads of its own, which must not wait for the
    caller of `stop`.

    Args:
        avatar: the twin.
        encoder: the speech encoder it was trained with.
        look: how it is looked at, asked for every frame.
        on_frame: takes a frame that is to be painted at once.
        on_error: takes what went wrong; the performance has ended by itself then.
        on_notice: takes a sentence for the user.
        seed: picks blinks and head motion.
        now: monotonic seconds, the clock of the sources.
    """

    def __init__(
        self,
        avatar: Avatar,
        encoder: SpeechFeatures,
        look: Callable[[], Look],
        on_frame: Callable[[Frame], None],
        on_error: Callable[[BaseException], None],
        on_notice: Callable[[str], None] = lambda text: None,
        seed: int = 0,
        now: Now = time.perf_counter,
    ) -> None:
        self._avatar, self._look, self._now = avatar, look, now
        self._on_frame, self._on_error, self._on_notice = on_frame, on_error, on_notice
        self._ring = Ring(Ears.seconds)
        self._drive = Drive(avatar, encoder, self._ring, seed)
        self._meter = LiveMeter()
        self._ready = threading.Condition()
        self._next: _Heard | None = None
        self._source: Source | None = None
        self._threads: list[threading.Thread] = []
        self._ended = False
        self._serial = 0
        self._arrays: GaussianArrays | None = None

    def start(self, source: Source) -> None:
        """Begin; once only.

        Raises:
            RuntimeError: if it was begun before.
        """
        if self._source is not None:
            raise RuntimeError("a live performance begins once")
        self._source = source
        self._threads = [
            threading.Thread(target=self._run, args=(work,), name=f"live-{name}", daemon=True)
            for name, work in (("hear", self._hear), ("draw", self._draw))
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End and wait for every thread; nothing is called after that. May be called twice."""
        self._end()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()
        self._threads, self._next = [], None

    def feel(self, weights: Sequence[float], level: float) -> None:
        """Feel this from now on: shares of the eight emotions and a level in [0, 3]; shows with the next frames."""
        self._drive.feel(weights, level)

    @property
    def running(self) -> bool:
        """Whether it goes on."""
        return self._source is not None and not self._ended

    @property
    def arrays(self) -> GaussianArrays | None:
        """Gaussians of the newest frame, in world space; None before the first."""
        return self._arrays

    @property
    def silent(self) -> bool:
        """Whether nothing but zeros comes: a muted microphone does that, and one that may not be listened to."""
        return self._ring.dead > DEAD

    def level(self) -> float:
        """Loudest sample since the last call, decibels below full scale, not less than -90."""
        return self._ring.level()

    def stats(self) -> LiveStats:
        """How it goes."""
        return self._meter.stats(self._now())

    # -- threads ------------------------------------------------------------------------------------------------------

    def _end(self) -> None:
        with self._ready:
            self._ended = True
            self._ready.notify_all()

    def _run(self, work: Callable[[], None]) -> None:
        import torch

        torch.set_num_threads(1)
        try:
            work()
        except BaseException as error:
            with self._ready:
                first = not self._ended
            self._end()
            if first:
                self._on_error(error)

    def _hear(self) -> None:
        source = self._source
        assert source is not None
        try:
            source.start(self._ring.push)
            frame = 0
            while not self._ended:
                if not self._ring.wait(self._drive.ears.needs(frame), PATIENCE):
                    failure = source.failure()
                    if failure is not None:
                        raise failure
                    continue
                newest = self._drive.ears.newest()
                if newest > frame:
                    self._meter.drop(newest - frame)
                    frame = newest
                self._hear_frame(frame)
                frame += 1
        finally:
            source.stop()

    def _hear_frame(self, frame: int) -> None:
        ears = self._drive.ears
        # when the sound in the middle of the frame was there, and when enough had come to hear it
        came = self._ring.came((ears.needs(frame) + ears.needs(frame + 1)) // 2 - ears.ahead)
        enough = self._ring.came(ears.needs(frame) - 1)
        begin = self._now()
        driven = self._drive.frame(frame)
        if driven is None:
            self._meter.drop()
            return
        control, moment = driven
        parts = {"look-ahead": enough - came, "waiting": begin - enough, **moment.parts, "drive": 0.0}
        end = self._now()
        parts["drive"] = end - begin - sum(moment.parts.values())
        with self._ready:
            if self._next is not None:
                self._meter.drop()
            self._next = _Heard(control, moment.time, came, end, parts)
            self._ready.notify_all()

    def _draw(self) -> None:
        from emotalker.engine.playback.drawing import Drawer

        drawer = Drawer(self._on_notice)
        while True:
            with self._ready:
                self._ready.wait_for(lambda: self._ended or self._next is not None)
                if self._ended or self._next is None:
                    return
                heard, self._next = self._next, None
            begin = self._now()
            arrays = self._avatar.arrays(heard.control)
            posed = self._now()
            look = self._look()
            image, camera, background = drawer.draw(self._avatar, look, arrays)
            moment = self._now()
            self._serial += 1
            self._arrays = arrays
            shown = arrays if look.backend == "gl" else None
            if self._ended:
                return
            self._on_frame(Frame(self._serial, heard.time, image, shown, camera, background))
            work = {"queue": begin - heard.ready, "pose": posed - begin, "draw": moment - posed}
            self._meter.shown(heard.came, moment, heard.parts | work)
