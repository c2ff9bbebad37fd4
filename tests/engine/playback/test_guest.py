"""Somebody else may make the frames for a while: the performer keeps quiet and takes over again."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from emotalker.engine.playback import Frame, Performer
from emotalker.engine.render.view import View


def test_a_guest_makes_the_frames(twin: Any) -> None:
    """Playing stops, no frame comes, and what is asked about is the guest's; then the twin is shown again."""
    frames: list[Frame] = []
    errors: list[BaseException] = []
    performer = Performer(frames.append, errors.append, device=lambda name: None)
    try:
        performer.set_size(32, 32)
        performer.set_twin(twin)
        performer.play()
        until(lambda: len(frames) > 2)
        guest = SimpleNamespace(arrays=object())
        performer.set_guest(guest)
        assert not performer.playing
        assert performer.arrays is guest.arrays
        time.sleep(0.2)
        count = len(frames)
        performer.set_view(View(yaw=5.0))
        performer.set_twin(twin)
        time.sleep(0.2)
        assert len(frames) == count
        assert performer.look.view.yaw == pytest.approx(5.0)
        performer.set_guest(None)
        until(lambda: len(frames) > count)
        assert performer.arrays is not guest.arrays
        assert not errors
    finally:
        performer.close()


def until(condition: Any) -> None:
    """Wait for it."""
    end = time.monotonic() + 30
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    assert condition()
