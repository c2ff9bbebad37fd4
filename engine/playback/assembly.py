"""The assembly line of frames: one thread poses ahead, one draws, one hands frames over at their moment.

The moments lie on an even grid of the wall clock; which moment of the performance belongs to each is asked of the
sound's clock. A frame that would come too late is left out and counted. When what the twin does changes, the frames on
their way are shown until the first one of the new kind is ready, and those after it are thrown away.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emotalker.engine.playback.cadence import Cadence
from emotalker.engine.playback.clock import Line, Now
from emotalker.engine.playback.frames import LATE, Frame
from emotalker.engine.playback.meter import Meter
from emotalker.engine.playback.scene import Act, Look

if TYPE_CHECKING:
    from emotalker.engine.gaussians.cpu import GaussianArrays
    from emotalker.engine.playback.controls_stream import ControlsStream

AHEAD = 2
"""Drawn frames kept ready: they bridge a hiccup of 40 ms, and no more, so that a change shows soon."""
FORESIGHT = 0.4
"""Seconds before the playhead gets there at which the next piece of drive is worked out."""
_NEVER = math.inf


@dataclass
class _Item:
    """A frame in the making."""

    act: Act
    time: float
    due: float
    version: int
    rehearsal: bool = False
    arrays: GaussianArrays | None = None
    frame: Frame | None = None

    @property
    def still(self) -> bool:
        return self.due == _NEVER


class Assembly:
    """Threads that turn a clock into frames.

    Args:
        line: the clock.
        playing: whether it runs.
        on_frame: takes the frames, in a thread of the assembly.
        on_error: takes what goes wrong, once for each kind; nothing moves after that until something changes.
        meter: counts.
        now: monotonic seconds.
        on_notice: takes a sentence for the user, in a thread of the assembly.
    """

    def __init__(
        self,
        line: Callable[[], Line],
        playing: Callable[[], bool],
        on_frame: Callable[[Frame], None],
        on_error: Callable[[BaseException], None],
        meter: Meter,
        now: Now = time.perf_counter,
        on_notice: Callable[[str], None] = lambda text: None,
    ) -> None:
        self._on_notice = on_notice
        self._line, self._playing, self._on_frame, self._on_error = line, playing, on_frame, on_error
        self.meter, self._now = meter, now
        self.cadence = Cadence()
        self._wake = threading.Condition()
        self._act: Act | None = None
        self._look = Look()
        self._version, self._valid_until = 0, _NEVER
        self._grid: float | None = None
        self._still_wanted = self._closing = self._halted = False
        self._posed: deque[_Item] = deque()
        self._drawn: deque[_Item] = deque()
        self._serial = self._rehearsals = 0
        self._failure = ""
        self._stream: ControlsStream | None = None
        self._pose: tuple[Act, float, GaussianArrays] | None = None
        self._threads = [
            threading.Thread(target=self._run, args=(work,), name=f"playback-{name}", daemon=True)
            for name, work in (("pose", self._pose_one), ("draw", self._drawing), ("show", self._show_one))
        ]
        for thread in self._threads:
            thread.start()

    def show(self, act: Act | None, look: Look) -> None:
        """From now on this is to be seen."""
        with self._wake:
            other = act is not self._act
            if other and (act is None or self._act is None or act.avatar is not self._act.avatar):
                self._drop_all()
            if other:
                self._supersede()
            if self._load_of(act, look) != self._load_of(self._act, self._look):
                self.cadence.forget()
            self._act, self._look = act, look
            self._halted = False
            self._still_wanted = True
            self._wake.notify_all()

    def jump(self) -> None:
        """The clock was started, stopped or moved: frames on their way belong to another time."""
        with self._wake:
            self._drop_all()
            self.meter.restart()
            self._halted = False
            self._still_wanted = True
            self.cadence.start(self._now())
            self._wake.notify_all()

    def close(self) -> None:
        """End all threads and wait for them."""
        with self._wake:
            self._closing = True
            self._wake.notify_all()
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join()
        self._drop_all()
        self._act = self._stream = self._pose = None

    @property
    def act(self) -> Act | None:
        """What the twin does at present."""
        return self._act

    # -- what the threads share ---------------------------------------------------------------------------------------

    @staticmethod
    def _load_of(act: Act | None, look: Look) -> tuple[int, int, int, str]:
        """What decides how much work a frame is."""
        return id(act.avatar) if act is not None else 0, look.width, look.height, look.backend

    def _drop_all(self) -> None:
        self._version += 1
        self._valid_until, self._grid = -_NEVER, None
        self._posed.clear()
        self._drawn.clear()

    def _supersede(self) -> None:
        """Frames on their way go on being shown until the first of the new ones is due."""
        self._version += 1
        if self._grid is not None:
            period = self.cadence.period
            soonest = self._now() + self.cadence.work + self.meter.lead
            self.cadence.excuse(self._now())
            # back on the same grid, so that the beat goes on
            steps = math.ceil((soonest - self._grid) / period)
            first = self._grid + min(steps, 1) * period
            self._valid_until = first - period / 2
            self._grid = first - period
        self._posed = deque(i for i in self._posed if self._valid(i))
        self._drawn = deque(i for i in self._drawn if self._valid(i))

    def _valid(self, item: _Item) -> bool:
        return item.version == self._version or (not item.still and item.due < self._valid_until)

    def _run(self, work: Callable[[], None]) -> None:
        import torch

        torch.set_num_threads(1)
        while not self._closing:
            try:
                work()
            except BaseException as error:
                self._fail(error)

    def _fail(self, error: BaseException) -> None:
        text = f"{type(error).__name__}: {error}"
        with self._wake:
            self._drop_all()
            self._halted, self._still_wanted = True, False
            known, self._failure = text == self._failure, text
        if not known:
            self._on_error(error)

    @property
    def arrays(self) -> GaussianArrays | None:
        """Gaussians of the newest pose, in world space; None before the first."""
        pose = self._pose
        return pose[2] if pose is not None else None

    # -- posing -------------------------------------------------------------------------------------------------------

    def _pose_one(self) -> None:
        item = self._next_item()
        if item is None:
            return
        begin = self._now()
        stream = self._stream_of(item.act)
        if self._pose is None or self._pose[0] is not item.act or self._pose[1] != item.time:
            prepared = stream.ready(item.time)
            arrays = item.act.avatar.arrays(stream.at(item.time))
            self._pose = (item.act, item.time, arrays)
            if prepared:
                self.cadence.note("pose", self._now() - begin)
        item.arrays = self._pose[2]
        with self._wake:
            if self._valid(item) and not self._halted:
                self._posed.append(item)
                self._wake.notify_all()
        if not item.still:
            line = self._line()
            soon = line.at(item.due + math.copysign(FORESIGHT, line.rate or 1))
            if not stream.ready(soon):
                stream.prepare(soon)

    def _stream_of(self, act: Act) -> ControlsStream:
        from emotalker.engine.playback.controls_stream import ControlsStream

        before, self._stream = self._stream, None
        if before is not None and before.avatar is act.avatar and before.heard is act.heard:
            same = before.curve is act.curve and before.seed == act.seed
            self._stream = before if same else before.with_curve(act.curve, act.seed)
        else:
            self._stream = ControlsStream(act.avatar, act.heard, act.curve, act.seed)
        return self._stream

    def _next_item(self) -> _Item | None:
        """Wait for room and a moment to make a frame for."""
        playing = self._playing()
        with self._wake:
            if self._act is None or self._halted or self._closing:
                self._wake.wait()
                return None
            line = self._line()
            if not playing or not line.rate:
                self._grid = None
                if not self._still_wanted:
                    if not playing and not self.cadence.known and not self._posed and not self._drawn:
                        # nothing to do: find out how fast this can be drawn, so that playing starts at a good rate
                        self._rehearsals += 1
                        time = line.at(self._now()) + 0.01 * (self._rehearsals % 16)
                        return _Item(self._act, time, _NEVER, self._version, rehearsal=True)
                    # a clock that starts by itself (a device's) has nobody to wake us
                    self._wake.wait(0.02 if playing else None)
                    return None
                self._still_wanted = False
                self._posed.clear()
                return _Item(self._act, line.at(self._now()), _NEVER, self._version)
            if self._posed or len(self._drawn) >= AHEAD:
                self._wake.wait(0.5)
                return None
            self._still_wanted = False
            due = self._next_due()
            return _Item(self._act, self._line().at(due), due, self._version)

    def _next_due(self) -> float:
        now = self._now()
        self.cadence.look(now, self.meter.counts)
        period, soonest = self.cadence.period, now + self.cadence.work + self.meter.lead
        if self._grid is None:
            self._grid = soonest
            return soonest
        due = self._grid + period
        # a frame may come a little late, but not so late that its successors all do
        missed = math.ceil((soonest - period / 2 - due) / period)
        if missed > 0:
            self.meter.drop(missed)
            due += missed * period
        self._grid = due
        return due

    # -- drawing ------------------------------------------------------------------------------------------------------

    def _drawing(self) -> None:
        from emotalker.engine.playback.drawing import Drawer

        drawer = Drawer(self._on_notice)
        while not self._closing:
            self._draw_one(drawer)

    def _draw_one(self, drawer: Any) -> None:
        with self._wake:
            while not self._closing and (not self._posed or len(self._drawn) >= AHEAD):
                self._wake.wait()
            if self._closing:
                return
            item, look = self._posed.popleft(), self._look
            self._wake.notify_all()
            valid = self._valid(item)
        if not valid or item.arrays is None:
            return
        begin = self._now()
        image, camera, background = drawer.draw(item.act.avatar, look, item.arrays)
        self.cadence.note("draw", self._now() - begin)
        arrays = item.arrays if look.backend == "gl" else None
        item.frame = Frame(0, item.time, image, arrays, camera, background, item.due)
        with self._wake:
            # whoever waits for quiet may go on
            self._wake.notify_all()
            if self._valid(item) and not self._halted and not item.rehearsal:
                self._drawn.append(item)
                self._wake.notify_all()

    # -- handing over -------------------------------------------------------------------------------------------------

    def _show_one(self) -> None:
        with self._wake:
            while not self._closing and not self._drawn:
                self._wake.wait()
            if self._closing:
                return
            item = self._drawn[0]
            early = 0.0 if item.still else item.due - self.meter.lead - self._now()
            if early > 0:
                self._wake.wait(early)
                return
            self._drawn.popleft()
            self._wake.notify_all()
            if -early > LATE:
                self.meter.drop()
                return
            self._serial += 1
            done = item.frame
            assert done is not None
            frame = Frame(
                self._serial, done.time, done.image, done.arrays, done.camera, done.background, done.due
            )  # fmt: skip
            self._failure = ""
        self.meter.sent(frame.serial, frame.time, self._now(), not item.still)
        self._on_frame(frame)
