"""A live performance: the picture follows the sound within the bound, late work is left out, and it ends cleanly."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from emotalker.engine.avatar import Avatar
from emotalker.engine.live import Live
from emotalker.engine.live.sound import Push
from emotalker.engine.playback import Frame
from emotalker.engine.playback.scene import Look

LOOK = Look(width=48, height=48)
FRAME = 640
HAPPY = [0.0, 1.0, 0, 0, 0, 0, 0, 0]


class Hand:
    """A source the test feeds, stamped with the test's clock."""

    def __init__(self, clock: Any) -> None:
        self.clock, self.stopped, self.error = clock, 0, None
        self.push: Push | None = None
        self.given = clock()

    def start(self, push: Push) -> None:
        self.push = push

    def stop(self) -> None:
        self.stopped += 1

    def failure(self) -> Exception | None:
        return self.error

    def give(self, sound: np.ndarray) -> None:
        until = time.monotonic() + 20
        while self.push is None and time.monotonic() < until:
            time.sleep(0.005)
        assert self.push is not None
        for start in range(0, len(sound), 320):
            # sound comes at its own pace, however long the others take
            self.given += 0.02
            self.clock.time = max(self.clock.time, self.given)
            self.push(sound[start : start + 320], self.given)


class Slow:
    """Ears for which hearing takes some time of the test's clock."""

    def __init__(self, ears: Any, clock: Any, seconds: float) -> None:
        self.ears, self.clock, self.seconds = ears, clock, seconds
        self.name, self.width = ears.name, ears.width

    def features(self, sound: np.ndarray) -> np.ndarray:
        self.clock.forward(self.seconds)
        return self.ears.features(sound)


class Stage:
    """A performance and what came of it."""

    def __init__(self, twin: Avatar, ears: Any, clock: Any) -> None:
        self.frames: list[Frame] = []
        self.errors: list[BaseException] = []
        self.source = Hand(clock)
        self.look = LOOK
        self.before_frame: Callable[[], None] = lambda: None
        self.live = Live(twin, ears, lambda: self.look, self._take, self.errors.append, now=clock)
        self.live.feel(HAPPY, 1.5)

    def _take(self, frame: Frame) -> None:
        self.before_frame()
        self.frames.append(frame)

    def until(self, condition: Callable[[], bool]) -> None:
        end = time.monotonic() + 30
        while not condition() and time.monotonic() < end:
            time.sleep(0.002)
        assert condition()


@pytest.fixture
def stage(twin: Avatar, ears: Any, clock: Any) -> Iterator[Stage]:
    """Ready, not begun."""
    stage = Stage(twin, Slow(ears, clock, 0.03), clock)
    yield stage
    stage.live.stop()


def perform(stage: Stage, babble: np.ndarray, frames: int) -> None:
    """Say so much, one frame at a time, and wait for each picture."""
    stage.live.start(stage.source)
    stage.source.give(babble[: 3200 - FRAME])
    for i in range(frames):
        stage.source.give(babble[3200 + FRAME * (i - 1) : 3200 + FRAME * i])
        stage.until(lambda i=i: len(stage.frames) == i + 1 and stage.live.stats().frames == i + 1)


def test_the_picture_follows_the_sound(stage: Stage, babble: np.ndarray) -> None:
    """Look-ahead and work are all the delay there is: 180 ms from the middle of a frame, 30 ms of hearing."""
    perform(stage, babble, 12)
    stats = stage.live.stats()
    assert stats.latency_ms == pytest.approx(210, abs=1)
    assert stats.p95_ms <= 350
    assert stats.dropped == 0
    assert stats.parts["look-ahead"] == pytest.approx(180, abs=1)
    assert [f.serial for f in stage.frames] == list(range(1, 13))
    np.testing.assert_allclose([f.time for f in stage.frames], (np.arange(12) + 0.5) / 25)
    image = stage.frames[-1].image
    assert image is not None
    assert image.shape == (48, 48, 3)
    assert stage.live.arrays is not None
    assert not stage.errors


def test_what_is_late_is_left_out(stage: Stage, babble: np.ndarray) -> None:
    """Half a second at once is not shown frame by frame half a second late: the newest frame is shown."""
    perform(stage, babble, 2)
    shown = len(stage.frames)
    stage.source.give(babble[-12 * FRAME :])
    stage.until(lambda: stage.live.stats().frames + stage.live.stats().dropped >= 14)
    stats = stage.live.stats()
    assert stats.dropped >= 1
    assert len(stage.frames) - shown < 12
    assert stats.frames + stats.dropped == 14


def test_a_slow_window_gets_the_newest(stage: Stage, babble: np.ndarray) -> None:
    """While a picture is being taken, the frames behind it replace one another: at most one waits."""
    gate = threading.Event()
    stage.before_frame = lambda: gate.wait(20) and None
    stage.live.start(stage.source)
    stage.source.give(babble[:3200])
    for i in range(6):
        stage.source.give(babble[3200 + FRAME * i : 3200 + FRAME * (i + 1)])
        time.sleep(0.1)
    stage.until(lambda: stage.live.stats().dropped >= 4)
    gate.set()
    stage.until(lambda: stage.live.stats().frames + stage.live.stats().dropped == 7)
    assert len(stage.frames) <= 3


def test_the_panel_is_felt_at_once(stage: Stage, babble: np.ndarray) -> None:
    """Another emotion changes the picture within the next frames."""
    perform(stage, babble, 2)
    before = stage.live.arrays
    stage.live.feel([0.0] * 7 + [1.0], 3.0)
    stage.source.give(babble[:FRAME])
    stage.until(lambda: len(stage.frames) == 3)
    after = stage.live.arrays
    assert before is not None
    assert after is not None
    assert np.abs(after.means - before.means).max() > 1e-6


def test_the_look_is_asked_every_frame(stage: Stage, babble: np.ndarray) -> None:
    """Orbiting and resizing go on; a viewport that draws by itself gets Gaussians."""
    perform(stage, babble, 1)
    stage.look = Look(width=32, height=24, backend="gl")
    stage.source.give(babble[:FRAME])
    stage.until(lambda: len(stage.frames) == 2)
    frame = stage.frames[-1]
    assert frame.image is None
    assert frame.arrays is not None
    assert (frame.camera.width, frame.camera.height) == (32, 24)


def test_it_ends_cleanly(stage: Stage, babble: np.ndarray) -> None:
    """After stop no thread runs, the source is closed and nothing comes any more; twice is once."""
    perform(stage, babble, 1)
    stage.live.stop()
    stage.live.stop()
    assert not [t for t in threading.enumerate() if t.name.startswith("live-")]
    assert stage.source.stopped >= 1
    count = len(stage.frames)
    stage.source.give(babble[: 4 * FRAME])
    assert len(stage.frames) == count
    assert not stage.live.running
    with pytest.raises(RuntimeError, match="once"):
        stage.live.start(stage.source)


def test_stopping_before_any_sound(stage: Stage) -> None:
    """A microphone that gives nothing does not hold anybody up."""
    stage.live.start(stage.source)
    assert stage.live.running
    assert stage.live.stats().latency_ms is None
    begin = time.monotonic()
    stage.live.stop()
    assert time.monotonic() - begin < 5


def test_never_begun(twin: Avatar, ears: Any, clock: Any) -> None:
    """Stopping what was not started does nothing."""
    Stage(twin, ears, clock).live.stop()


def test_a_source_that_does_not_begin_is_told(stage: Stage) -> None:
    """No microphone: one error, and all threads end by themselves."""

    def refuse(push: Push) -> None:
        raise OSError("no microphone")

    stage.source.start = refuse  # type: ignore[method-assign]
    stage.live.start(stage.source)
    stage.until(lambda: len(stage.errors) == 1)
    stage.until(lambda: not [t for t in threading.enumerate() if t.name.startswith("live-")])
    assert str(stage.errors[0]) == "no microphone"
    assert not stage.live.running


def test_a_source_that_fails_later_is_told(stage: Stage, babble: np.ndarray) -> None:
    """The microphone is pulled out in the middle of it."""
    perform(stage, babble, 1)
    stage.source.error = OSError("gone")
    stage.until(lambda: len(stage.errors) == 1)
    assert str(stage.errors[0]) == "gone"


def test_what_fails_while_drawing_is_told_once(stage: Stage, babble: np.ndarray) -> None:
    """Every frame may fail in the same way; the user hears of it once."""

    def broken() -> None:
        raise RuntimeError("no window")

    stage.before_frame = broken
    stage.live.start(stage.source)
    stage.source.give(babble[:9600])
    stage.until(lambda: len(stage.errors) == 1)
    stage.live.stop()
    assert [str(e) for e in stage.errors] == ["no window"]


def test_a_muted_microphone_is_noticed(stage: Stage, babble: np.ndarray) -> None:
    """Nothing but zeros for three seconds; the first sound takes it back."""
    stage.live.start(stage.source)
    stage.source.give(np.zeros(16000 * 2, np.float32))
    assert not stage.live.silent
    stage.source.give(np.zeros(16000 * 2, np.float32))
    assert stage.live.silent
    stage.source.give(babble[:320])
    assert not stage.live.silent
    assert stage.live.level() > -40
