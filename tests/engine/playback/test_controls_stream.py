"""Drive in pieces around the playhead: the same as driving the whole recording, at once after every change."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from emotalker.engine.avatar import Avatar, FrameControl, Heard
from emotalker.engine.emotion.curve import EmotionCurve, Keyframe
from emotalker.engine.playback.controls_stream import ControlsStream

CURVE = EmotionCurve((Keyframe.of(0.5, "neutral", 0.0), Keyframe.of(2.2, "happy", 3.0), Keyframe.of(3.9, "sad", 1.0)))
FIELDS = tuple(FrameControl.__dataclass_fields__)


def assert_same(a: FrameControl, b: FrameControl, tolerance: float) -> None:
    """Every field of two drives."""
    for name in FIELDS:
        np.testing.assert_allclose(getattr(a, name), getattr(b, name), atol=tolerance, rtol=0, err_msg=name)


@pytest.mark.parametrize("seconds", [0.5, 1.0, 5.3])
def test_pieces_are_the_whole(twin: Avatar, heard_for: Callable[[float], Heard], seconds: float) -> None:
    """At the middle of every frame, in any order, to 1e-5: what is played is what a film shows."""
    heard = heard_for(seconds)
    whole = twin.controls_from_speech(heard, CURVE, seed=3)
    stream = ControlsStream(twin, heard, CURVE, 3)
    for i in np.random.default_rng(0).permutation(len(whole)):
        assert_same(stream.at((i + 0.5) / twin.fps), whole.frame(int(i)), 1e-5)


def test_between_frames_it_follows(twin: Avatar, heard_for: Callable[[float], Heard]) -> None:
    """At 50 frames a second it is near what driving at that rate gives, lids included."""
    heard = heard_for(4.0)
    whole = twin.controls_from_speech(heard, CURVE, fps=50.0)
    stream = ControlsStream(twin, heard, CURVE)
    for i in range(2, len(whole) - 2):
        control, wanted = stream.at((i + 0.5) / 50), whole.frame(i)
        assert abs(control.au45 - wanted.au45) < 0.02
        np.testing.assert_allclose(control.psi_emo, wanted.psi_emo, atol=0.03)
        np.testing.assert_allclose(control.root, wanted.root, atol=1e-4)


def test_a_change_needs_one_piece(twin: Avatar, heard_for: Callable[[float], Heard]) -> None:
    """In a recording of minutes, a new curve costs as much as in one of seconds; nothing is heard again."""
    stream = ControlsStream(twin, heard_for(300.0), CURVE)
    stream.at(200.0)
    changed = stream.with_curve(EmotionCurve.constant("angry", 3.0), 0)
    assert not changed.ready(200.0)
    changed.at(200.0)
    assert changed.ready(200.0)
    assert len(changed._pieces) == 1
    assert changed._said is stream._said
    assert changed.at(200.0).level == 3.0
    assert stream.at(200.0).level == 1.0


def test_silence_has_no_end_and_blinks(twin: Avatar) -> None:
    """Without a voice the twin lives on for hours, the same for the same seed."""
    stream = ControlsStream(twin, None, EmotionCurve.constant("happy", 1.0), 5)
    blinks = [stream.at(t).au45 for t in np.arange(0, 12, 0.05)]
    assert max(blinks) > 0.9
    assert min(blinks) == 0
    late = stream.at(3 * 3600.0)
    assert np.isfinite(late.psi_emo).all()
    again = ControlsStream(twin, None, EmotionCurve.constant("happy", 1.0), 5)
    assert_same(again.at(3 * 3600.0), late, 0)


def test_ends_hold(twin: Avatar, heard_for: Callable[[float], Heard]) -> None:
    """Before the first frame's middle and after the last one's, the face rests in it."""
    stream = ControlsStream(twin, heard_for(1.0), CURVE)
    assert np.array_equal(stream.at(0.0).psi_emo, stream.at(0.02).psi_emo)
    assert np.array_equal(stream.at(1.0).psi_emo, stream.at(0.98).psi_emo)
    stream.prepare(1e6)
