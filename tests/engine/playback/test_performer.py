"""The performer as a window uses it: frames in time, changes at once, errors once, and nothing left behind."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from emotalker.engine.avatar import Avatar, Heard
from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.engine.errors import UserError
from emotalker.engine.media import AudioTrack
from emotalker.engine.playback import Frame, Performer, drawing
from emotalker.engine.render.backdrop import backdrop
from emotalker.engine.render.view import View

SIDE = 96


class Screen:
    """What stands in for a window: takes frames, and says that they were painted."""

    def __init__(self) -> None:
        self.frames: queue.Queue[Frame] = queue.Queue()
        self.errors: list[BaseException] = []
        self.notices: list[str] = []
        self.performer = Performer(self.frames.put, self.errors.append, self.notices.append, device=lambda name: None)
        self.performer.set_size(SIDE, SIDE)

    def next(self, seconds: float = 20.0) -> Frame:
        frame = self.frames.get(timeout=seconds)
        self.performer.shown(frame.serial, time.perf_counter())
        return frame

    def watch(self, seconds: float) -> list[Frame]:
        end, out = time.perf_counter() + seconds, []
        while (left := end - time.perf_counter()) > 0:
            try:
                out.append(self.next(left))
            except queue.Empty:
                break
        return out

    def until(self, wanted: Callable[[Frame], bool], seconds: float = 20.0) -> Frame:
        end = time.perf_counter() + seconds
        while True:
            frame = self.next(max(end - time.perf_counter(), 0.01))
            if wanted(frame):
                return frame


@pytest.fixture
def screen() -> Iterator[Screen]:
    """A performer without a twin."""
    out = Screen()
    yield out
    out.performer.close()


@pytest.fixture
def stage(screen: Screen, twin: Avatar) -> Screen:
    """A performer with a twin, warm."""
    screen.performer.set_twin(twin)
    screen.next()
    end = time.perf_counter() + 10
    while not screen.performer._assembly.cadence.known and time.perf_counter() < end:
        time.sleep(0.01)
    screen.watch(0.1)
    return screen


def voice_of(seconds: float) -> AudioTrack:
    """A recording of noise."""
    sound = np.zeros((int(seconds * 16000), 1), np.float32)
    return AudioTrack(sound[:, 0], sound, 16000)


def different(a: Frame, b: Frame) -> float:
    """Mean difference of two pictures."""
    assert a.image is not None
    assert b.image is not None
    return float(np.abs(a.image.astype(np.int16) - b.image).mean())


def test_a_paused_twin_is_shown_once(stage: Screen) -> None:
    """One picture when there is something new, none while nothing changes."""
    assert stage.watch(0.3) == []
    stage.performer.set_view(View(yaw=12.0))
    (frame,) = stage.watch(0.5)
    assert frame.image is not None
    assert frame.image.shape == (SIDE, SIDE, 3)
    assert frame.due == float("inf")


def test_many_changes_end_in_the_newest(stage: Screen) -> None:
    """A mouse that drags faster than pictures are drawn: some are left out, the last one is not."""
    for yaw in np.linspace(0, 30, 200):
        stage.performer.set_view(View(yaw=float(yaw)))
    frames = stage.watch(0.8)
    stage.performer.set_background("#203040")
    last = stage.until(lambda f: bool((f.background[0, 0] == (0x20, 0x30, 0x40)).all()))
    assert 1 <= len(frames) < 200
    assert np.allclose(last.camera.viewmat, frames[-1].camera.viewmat)


def test_playing_follows_the_clock(stage: Screen) -> None:
    """Frames come evenly, each at its moment, and the silent twin moves without an end."""
    performer = stage.performer
    performer.play()
    stage.watch(0.5)
    performer.reset_stats()
    frames = stage.watch(1.5)
    stats = performer.stats()
    assert performer.playing
    assert performer.duration == 0
    assert len(frames) > 20
    assert np.all(np.diff([f.time for f in frames]) > 0)
    assert stats.shown == len(frames)
    assert abs(stats.av_offset_ms_max) <= 60
    performer.pause()
    stage.watch(0.2)
    here = performer.time
    assert stage.watch(0.2) == []
    assert performer.time == here


def test_a_new_emotion_shows_within_a_tenth_of_a_second(stage: Screen) -> None:
    """While playing; measured at the window, median of several, as the machine may be busy."""
    performer = stage.performer
    faces = [EmotionCurve.constant(emotion, 3.0) for emotion in ("angry", "happy")]
    stills = []
    for face in faces:
        performer.set_curve(face)
        stills.append(stage.watch(0.3)[-1])
    clear = 0.5 * different(*stills)
    performer.play()
    stage.watch(0.5)
    waits = []
    for i in range(7):
        before = stage.next()
        performer.set_curve(faces[i % 2])
        asked = time.perf_counter()
        stage.until(lambda f, before=before: different(f, before) > clear)
        waits.append(time.perf_counter() - asked)
        stage.watch(0.15)
    assert sorted(waits)[3] < 0.1


def test_speech_ends_and_begins_again(stage: Screen, heard_for: Callable[[float], Heard]) -> None:
    """At the end it stops by itself; play begins anew."""
    performer = stage.performer
    performer.set_voice(voice_of(0.6), heard_for(0.6))
    assert performer.duration == pytest.approx(0.6)
    performer.play()
    frames = stage.watch(1.0)
    assert not performer.playing
    assert performer.time == pytest.approx(0.6)
    assert frames[-1].time <= 0.6
    performer.play()
    assert performer.time < 0.3
    assert stage.notices


def test_loop_seek_and_scrub(stage: Screen, heard_for: Callable[[float], Heard]) -> None:
    """The frames are those of the places asked for."""
    performer = stage.performer
    performer.set_voice(voice_of(4.0), heard_for(4.0))
    performer.seek(3.0)
    assert stage.until(lambda f: f.time == 3.0)
    performer.scrub(1.25)
    assert stage.until(lambda f: f.time == 1.25)
    performer.set_loop((1.0, 1.4))
    performer.play()
    frames = [f for f in stage.watch(1.2) if f.due < float("inf")]
    assert min(f.time for f in frames) >= 1.0
    assert max(f.time for f in frames) < 1.4
    assert abs(performer.stats().av_offset_ms_max) < 100
    performer.set_loop(None)
    performer.set_rate(-2)
    stage.watch(0.3)
    backwards = [f.time for f in stage.watch(0.2)]
    assert np.all(np.diff(backwards) <= 0)


def test_gaussians_for_a_window_that_draws(stage: Screen) -> None:
    """The graphics card gets Gaussians, camera and background, and no picture."""
    stage.performer.set_backend("gl")
    frame = stage.until(lambda f: f.image is None)
    assert frame.arrays is not None
    assert len(frame.arrays.means) > 500
    assert frame.background.shape == (SIDE, SIDE, 3)
    with pytest.raises(ValueError, match="none of"):
        stage.performer.set_backend("vulkan")


def test_pictures_stay_as_they_were(stage: Screen) -> None:
    """A window may keep a frame: later ones do not write into it."""
    stage.performer.play()
    frames = stage.watch(0.3)
    copies = [f.image.copy() for f in frames if f.image is not None]
    stage.watch(0.3)
    assert all(np.array_equal(f.image, c) for f, c in zip(frames, copies))
    assert len({id(f.image) for f in frames}) == len(frames)


def test_another_twin_while_playing(stage: Screen, twin: Avatar) -> None:
    """The film goes on with another head in it; without one it stands still."""
    performer = stage.performer
    performer.set_background("#000000")
    performer.play()
    stage.watch(0.3)
    performer.set_twin(replace(twin, name="Other", plate=twin.plate))
    assert len(stage.watch(0.5)) > 3
    performer.set_twin(None)
    stage.watch(0.1)
    assert stage.watch(0.2) == []
    assert not stage.errors


def test_a_background_that_is_gone_is_the_recorded_one(stage: Screen, twin: Avatar, tmp_path: Path) -> None:
    """One notice however the camera moves; playing goes on, and the picture is there as soon as it can be read."""
    performer, picture = stage.performer, tmp_path / "wall.png"
    stage.notices.clear()
    performer.set_background("#203040")
    stage.until(lambda f: f.background[0, 0].tolist() == [0x20, 0x30, 0x40])
    performer.play()
    performer.set_background(f"image:{picture}")
    wall = backdrop("plate", twin.plate, View(), SIDE, SIDE)
    stage.until(lambda f: np.array_equal(f.background, wall))
    performer.set_view(View(yaw=3.0))
    stage.watch(0.3)
    assert performer.playing
    assert not stage.errors
    (told,) = stage.notices
    assert "wall.png" in told
    assert "recorded background" in told
    cv2.imwrite(str(picture), np.full((8, 8, 3), 200, np.uint8))
    performer.set_view(View(yaw=4.0))
    stage.until(lambda f: f.background[0, 0].tolist() == [200, 200, 200])


def test_an_error_is_said_once_and_playing_pauses(stage: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    """A camera that cannot be made: one message, and what can be drawn plays on."""
    performer = stage.performer
    performer.play()
    stage.watch(0.2)

    def fail(*_: object) -> None:
        raise UserError("No camera.", "It is broken.", "Mend it.")

    with monkeypatch.context() as broken:
        broken.setattr(drawing, "camera_of", fail)
        performer.set_background("#000000")
        _wait_for_errors(stage)
    assert [type(e) for e in stage.errors] == [UserError]
    assert not performer.playing
    performer.set_background("#ff0000")
    assert stage.next().background[0, 0].tolist() == [255, 0, 0]


def _wait_for_errors(stage: Screen) -> None:
    """Until something failed, and a little longer, in which the view moves too."""
    end = time.perf_counter() + 5
    while not stage.errors and time.perf_counter() < end:
        time.sleep(0.01)
    stage.performer.set_view(View(yaw=3.0))
    stage.watch(0.3)


def test_closing_leaves_nothing(twin: Avatar) -> None:
    """Threads end at once, also while playing, and closing twice is fine."""
    before = set(threading.enumerate())
    screen = Screen()
    screen.performer.set_twin(twin)
    screen.performer.play()
    screen.next()
    begin = time.perf_counter()
    screen.performer.close()
    screen.performer.close()
    assert time.perf_counter() - begin < 2
    left = {t for t in threading.enumerate() if t not in before and not t.name.startswith("kernels")}
    assert not left
