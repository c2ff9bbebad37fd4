"""The timeline: what the hand does becomes one valid, named edit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

from emotalker.engine.emotion.curve import EmotionCurve, Keyframe
from emotalker.widgets.timeline import Timeline, menus

CURVE = EmotionCurve((Keyframe.of(1, "happy", 2), Keyframe.of(4, "sad", 1), Keyframe.of(8, "angry", 3)))
NONE, CTRL, SHIFT = (
    Qt.KeyboardModifier.NoModifier,
    Qt.KeyboardModifier.ControlModifier,
    Qt.KeyboardModifier.ShiftModifier,
)


class Heard:
    """Everything a timeline has said."""

    def __init__(self, timeline: Timeline) -> None:
        self.said: list[tuple[str, Any]] = []
        for name in ("scrubbed", "scrub_ended", "curve_previewed", "loop_changed", "selection_changed"):
            getattr(timeline, name).connect(lambda value, n=name: self.said.append((n, value)))
        timeline.scrub_started.connect(lambda: self.said.append(("scrub_started", None)))
        timeline.curve_edited.connect(lambda curve, name: self.said.append(("curve_edited", (curve, name))))

    def of(self, name: str) -> list[Any]:
        return [value for n, value in self.said if n == name]

    @property
    def edits(self) -> list[tuple[EmotionCurve, str]]:
        return self.of("curve_edited")


@pytest.fixture
def timeline(timeline: Timeline) -> Timeline:
    """With three keyframes."""
    timeline.set_curve(CURVE)
    return timeline


def mouse(timeline: Timeline, kind: QEvent.Type, at: QPointF, held: Qt.KeyboardModifier = NONE) -> None:
    canvas = timeline.canvas
    left = Qt.MouseButton.LeftButton
    down = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseButtonRelease else left
    button = Qt.MouseButton.NoButton if kind == QEvent.Type.MouseMove else left
    where = QPointF(canvas.mapToGlobal(at.toPoint()))
    QApplication.sendEvent(canvas, QMouseEvent(kind, at, where, button, down, held))


def drag(timeline: Timeline, start: QPointF, *stops: QPointF, held: Qt.KeyboardModifier = NONE) -> None:
    mouse(timeline, QEvent.Type.MouseButtonPress, start, held)
    for stop in stops:
        mouse(timeline, QEvent.Type.MouseMove, stop, held)
    mouse(timeline, QEvent.Type.MouseButtonRelease, stops[-1] if stops else start, held)


def key(timeline: Timeline, index: int) -> QPointF:
    return QPointF(*timeline.canvas.state.key_points()[index])


def x(timeline: Timeline, seconds: float) -> float:
    return timeline.canvas.state.scale.x(seconds)


def lane_y(timeline: Timeline, level: float) -> float:
    return timeline.canvas.state.y(level)


def wheel(timeline: Timeline, at: QPointF, dx: int, dy: int, held: Qt.KeyboardModifier = NONE) -> None:
    where = QPointF(timeline.canvas.mapToGlobal(at.toPoint()))
    no = Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(at, where, QPoint(), QPoint(dx, dy), Qt.MouseButton.NoButton, held, no, False)
    QApplication.sendEvent(timeline.canvas, event)


def test_scrubbing(timeline: Timeline) -> None:
    """Press, drag and release on the ruler: started once, followed, ended where it was let go, within the ends."""
    heard = Heard(timeline)
    drag(timeline, QPointF(x(timeline, 3), 5), QPointF(x(timeline, 5), 5), QPointF(5000, 5))
    assert [name for name, _ in heard.said] == ["scrub_started", "scrubbed", "scrubbed", "scrubbed", "scrub_ended"]
    assert heard.of("scrubbed")[:2] == pytest.approx([3, 5], abs=0.02)
    assert heard.of("scrub_ended") == [10.0]
    assert timeline.canvas.state.playhead == 10.0


def test_what_plays_does_not_pull_the_playhead_from_the_hand(timeline: Timeline) -> None:
    """While the playhead is held, the player's time is not shown."""
    mouse(timeline, QEvent.Type.MouseButtonPress, QPointF(x(timeline, 3), 60))
    timeline.set_playhead(9)
    assert timeline.canvas.state.playhead == pytest.approx(3, abs=0.02)
    mouse(timeline, QEvent.Type.MouseButtonRelease, QPointF(x(timeline, 3), 60))
    timeline.set_playhead(9)
    assert timeline.canvas.state.playhead == 9


def test_moving_a_keyframe(timeline: Timeline) -> None:
    """Live previews, then one edit with its name; time and level as far as the mouse went."""
    heard = Heard(timeline)
    start = key(timeline, 1)
    timeline.set_playhead(9.5)
    end = QPointF(x(timeline, 5), lane_y(timeline, 2.5))
    drag(timeline, start, (start + end) / 2, end)
    assert len(heard.of("curve_previewed")) == 2
    ((curve, name),) = heard.edits
    assert name == "Move keyframe"
    assert curve.keyframes[1].time == pytest.approx(5, abs=0.02)
    assert curve.keyframes[1].level == pytest.approx(2.5, abs=0.1)
    assert timeline.selection == [1]


def test_shift_locks_and_control_steps(timeline: Timeline) -> None:
    """Shift keeps the smaller direction still; Ctrl moves to tenths; near the playhead it snaps."""
    heard = Heard(timeline)
    start = key(timeline, 1)
    drag(timeline, start, start + QPointF(60, 20), held=SHIFT)
    assert heard.edits[-1][0].keyframes[1].level == 1
    timeline.set_curve(CURVE)
    drag(timeline, start, start + QPointF(20, -60), held=SHIFT)
    assert heard.edits[-1][0].keyframes[1].time == 4
    timeline.set_curve(CURVE)
    timeline.set_playhead(6)
    drag(timeline, start, QPointF(x(timeline, 6) + 4, start.y()))
    assert heard.edits[-1][0].keyframes[1].time == 6
    timeline.set_curve(CURVE)
    mouse(timeline, QEvent.Type.MouseButtonPress, start)
    mouse(timeline, QEvent.Type.MouseMove, start + QPointF(53, -17), CTRL)
    mouse(timeline, QEvent.Type.MouseButtonRelease, start + QPointF(53, -17), CTRL)
    moved = heard.edits[-1][0].keyframes[1]
    assert moved.time * 10 == pytest.approx(round(moved.time * 10))
    assert moved.level * 10 == pytest.approx(round(moved.level * 10))


def test_a_keyframe_never_lands_on_another(timeline: Timeline) -> None:
    """Dragged exactly onto its neighbour, and past it, the curve stays valid and the selection follows."""
    heard = Heard(timeline)
    drag(timeline, key(timeline, 0), QPointF(x(timeline, 4), key(timeline, 0).y()))
    assert len(heard.edits[-1][0].keyframes) == 3
    timeline.set_curve(CURVE)
    drag(timeline, key(timeline, 0), QPointF(x(timeline, 6), key(timeline, 0).y()))
    assert timeline.selection == [1]
    assert heard.edits[-1][0].keyframes[1].level == 2


def test_escape_takes_a_drag_back(timeline: Timeline, qtbot: Any) -> None:
    """Nothing is edited, and what was shown live is shown as before."""
    heard = Heard(timeline)
    start = key(timeline, 1)
    mouse(timeline, QEvent.Type.MouseButtonPress, start)
    mouse(timeline, QEvent.Type.MouseMove, start + QPointF(80, 0))
    assert timeline.curve != CURVE
    qtbot.keyClick(timeline.canvas, Qt.Key.Key_Escape)
    mouse(timeline, QEvent.Type.MouseButtonRelease, start + QPointF(80, 0))
    assert timeline.curve == CURVE
    assert heard.of("curve_previewed")[-1] == CURVE
    assert not heard.edits


def test_an_echo_during_a_drag_does_not_disturb(timeline: Timeline) -> None:
    """The application shows every preview again; the drag goes on from where it began."""
    timeline.curve_previewed.connect(timeline.set_curve)
    heard = Heard(timeline)
    drag(timeline, key(timeline, 0), *[key(timeline, 0) + QPointF(d, 0) for d in range(5, 200, 5)])
    assert heard.edits[-1][0].keyframes[0].time == pytest.approx(1 + 195 / timeline.canvas.state.scale.per_second, 0.01)


def test_double_click_adds_on_the_curve(timeline: Timeline) -> None:
    """The new keyframe is chosen and what is felt there does not change; on a keyframe nothing happens."""
    heard = Heard(timeline)
    mouse(timeline, QEvent.Type.MouseButtonDblClick, QPointF(x(timeline, 6), lane_y(timeline, 0.2)))
    ((curve, name),) = heard.edits
    assert name == "Add keyframe"
    assert timeline.selection == [2]
    np.testing.assert_allclose(curve.sample([6])[1], CURVE.sample([6])[1], atol=0.02)
    mouse(timeline, QEvent.Type.MouseButtonDblClick, key(timeline, 0))
    assert len(heard.edits) == 1


def test_band_control_and_deletion(timeline: Timeline, qtbot: Any) -> None:
    """A band chooses, Ctrl adds and removes, Delete removes all chosen in one edit; the last keyframe stays."""
    heard = Heard(timeline)
    drag(timeline, QPointF(x(timeline, 0.2), lane_y(timeline, 3)), QPointF(x(timeline, 5), lane_y(timeline, 0) + 8))
    assert timeline.selection == [0, 1]
    drag(timeline, key(timeline, 2), held=CTRL)
    drag(timeline, key(timeline, 0), held=CTRL)
    assert timeline.selection == [1, 2]
    qtbot.keyClick(timeline.canvas, Qt.Key.Key_Delete)
    assert heard.edits[-1][1] == "Delete 2 keyframes"
    assert heard.edits[-1][0].keyframes == CURVE.keyframes[:1]
    qtbot.keyClick(timeline.canvas, Qt.Key.Key_A, CTRL)
    qtbot.keyClick(timeline.canvas, Qt.Key.Key_Delete)
    assert len(heard.edits) == 1
    assert len(timeline.curve.keyframes) == 1


def test_several_move_together(timeline: Timeline) -> None:
    """A drag of one chosen keyframe moves all chosen; a click without moving chooses it alone."""
    heard = Heard(timeline)
    timeline.canvas.select((0, 1), 0)
    timeline.set_playhead(9.9)
    drag(timeline, key(timeline, 1), key(timeline, 1) + QPointF(50, 0))
    curve, name = heard.edits[-1]
    assert name == "Move 2 keyframes"
    assert curve.keyframes[1].time - curve.keyframes[0].time == pytest.approx(3)
    drag(timeline, key(timeline, 1))
    assert timeline.selection == [1]


def test_keys_alone_are_enough(timeline: Timeline, qtbot: Any) -> None:
    """Brackets go from keyframe to keyframe, arrows nudge by a frame and a tenth, Escape lets go."""
    heard = Heard(timeline)
    timeline.set_fps(25)
    canvas = timeline.canvas
    canvas.setFocus()
    qtbot.keyClick(canvas, Qt.Key.Key_BracketRight)
    qtbot.keyClick(canvas, Qt.Key.Key_BracketRight)
    assert timeline.selection == [1]
    assert heard.of("scrub_ended") == [1, 4]
    qtbot.keyClick(canvas, Qt.Key.Key_Right)
    qtbot.keyClick(canvas, Qt.Key.Key_Up)
    qtbot.keyClick(canvas, Qt.Key.Key_BracketLeft)
    moved = timeline.curve.keyframes[1]
    assert moved.time == pytest.approx(4.04)
    assert moved.level == pytest.approx(1.1)
    assert [name for _curve, name in heard.edits] == ["Move keyframe"] * 2
    assert timeline.selection == [0]
    assert "Happy" in canvas.accessibleDescription()
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert timeline.selection == []


def test_arrows_belong_to_the_window_until_a_keyframe_is_chosen(timeline: Timeline) -> None:
    """Shortcuts are overridden only where the lane needs the key."""

    def overridden(code: Qt.Key) -> bool:
        event = QKeyEvent(QEvent.Type.ShortcutOverride, code, NONE)
        event.ignore()
        QApplication.sendEvent(timeline.canvas, event)
        return event.isAccepted()

    assert not overridden(Qt.Key.Key_Left)
    assert not overridden(Qt.Key.Key_Space)
    assert overridden(Qt.Key.Key_BracketLeft)
    timeline.canvas.select((0,), 0)
    assert overridden(Qt.Key.Key_Left)
    assert overridden(Qt.Key.Key_Delete)
    assert not overridden(Qt.Key.Key_Space)


def test_tab_visits_keyframes_and_leaves(timeline: Timeline, qtbot: Any) -> None:
    """Tab goes through all keyframes, then on to the next control; Escape leaves at once."""
    canvas = timeline.canvas
    timeline.activateWindow()
    canvas.setFocus()
    visited = []
    for _ in range(3):
        qtbot.keyClick(canvas, Qt.Key.Key_Tab)
        visited += timeline.selection
    assert visited == [0, 1, 2]
    qtbot.keyClick(canvas, Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is not canvas
    canvas.setFocus()
    canvas.select((0,), 0)
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    qtbot.keyClick(canvas, Qt.Key.Key_Tab)
    assert QApplication.focusWidget() is not canvas


def test_loop(timeline: Timeline) -> None:
    """Shift+drag draws it, grips drag its ends, and it is told once, at the end."""
    heard = Heard(timeline)
    drag(timeline, QPointF(x(timeline, 2), 50), QPointF(x(timeline, 4), 50), QPointF(x(timeline, 6), 50), held=SHIFT)
    assert heard.of("loop_changed") == [pytest.approx((2, 6), abs=0.02)]
    drag(timeline, QPointF(x(timeline, 6), 20), QPointF(x(timeline, 7), 20))
    assert heard.of("loop_changed")[-1] == pytest.approx((2, 7), abs=0.02)
    drag(timeline, QPointF(x(timeline, 2), 20), QPointF(x(timeline, 9), 20))
    first, last = heard.of("loop_changed")[-1]
    assert (first, last) == pytest.approx((7, 9), abs=0.02)
    assert len(heard.of("loop_changed")) == 3
    assert not heard.of("scrubbed")


def test_zoom_and_scroll(timeline: Timeline) -> None:
    """The wheel keeps what is under the mouse there; Shift scrolls; zooming out ends at the whole."""
    scale = timeline.canvas.state.scale
    at = QPointF(x(timeline, 7), 60)
    for _ in range(6):
        wheel(timeline, at, 0, 120)
    assert scale.x(7) == pytest.approx(at.x(), abs=1.5)
    before = scale.start
    wheel(timeline, at, 0, 120, SHIFT)
    assert scale.start < before
    wheel(timeline, at, -240, 0)
    assert scale.start > before
    for _ in range(20):
        wheel(timeline, at, 0, -120)
    assert (scale.start, scale.per_second) == (0, scale.whole)


def test_menus(timeline: Timeline, qtbot: Any) -> None:
    """Every action of the menus gives its named edit; the only keyframe cannot be deleted."""
    heard, canvas = Heard(timeline), timeline.canvas
    canvas.select((0, 1), 0)
    menu = menus.key_menu(canvas)
    for sub, title in (("Emotion", "Fear"), ("Easing to the next keyframe", "Linear")):
        (found,) = [a.menu() for a in menu.actions() if a.text() == sub]
        next(a for a in found.actions() if a.text() == title).trigger()
    assert [name for _c, name in heard.edits] == ["Change emotion", "Change easing"]
    assert [k.easing for k in timeline.curve.keyframes] == ["linear", "linear", "smooth"]
    assert timeline.curve.keyframes[0].weights == Keyframe.of(0, "fear", 1).weights
    menu.actions()[-1].trigger()
    assert heard.edits[-1][1] == "Delete 2 keyframes"
    canvas.select((0,), 0)
    assert not menus.key_menu(canvas).actions()[-1].isEnabled()
    first = menus.loop_menu(canvas, 3.0).actions()
    first[0].trigger()
    assert heard.of("loop_changed") == [(3.0, 10.0)]
    menus.lane_menu(canvas, 2.0).actions()[0].trigger()
    assert heard.edits[-1][1] == "Add keyframe"


def test_dropped_files_and_emptiness(timeline: Timeline, tmp_path: Path, qtbot: Any, drop_files: Any) -> None:
    """Files are handed on as paths; without voice and keyframes the timeline says what to do and does nothing else."""
    dropped: list[list[Path]] = []
    timeline.files_dropped.connect(dropped.append)
    drop_files(timeline, tmp_path / "voice.wav", "https://example.org/x.wav")
    assert dropped == [[tmp_path / "voice.wav"]]
    timeline.set_audio(None, 0.0)
    timeline.set_curve(EmotionCurve.constant("happy", 1.0))
    heard = Heard(timeline)
    assert timeline.findChild(object, "timeline_choose").isVisible()
    drag(timeline, QPointF(100, 10), QPointF(200, 10))
    mouse(timeline, QEvent.Type.MouseButtonDblClick, QPointF(100, 150))
    assert not heard.said
    with qtbot.waitSignal(timeline.choose_requested):
        timeline.findChild(object, "timeline_choose").click()


def test_keyframes_without_a_voice_are_seen(timeline: Timeline) -> None:
    """They act on a silent twin, so they can be found, moved and deleted."""
    timeline.set_audio(None, 0.0)
    heard = Heard(timeline)
    assert not timeline.findChild(object, "timeline_choose").isVisible()
    assert timeline.canvas.state.scale.duration == 8
    drag(timeline, key(timeline, 1), key(timeline, 1) + QPointF(50, 0))
    assert heard.edits[-1][0].keyframes[1].time > 4
    drag(timeline, QPointF(x(timeline, 2), 50), QPointF(x(timeline, 4), 50), held=SHIFT)
    assert not heard.of("loop_changed")
    timeline.canvas.select((0, 1), 0)
    menus.key_menu(timeline.canvas).actions()[-1].trigger()
    assert timeline.findChild(object, "timeline_choose").isVisible()


def test_keyframes_after_the_end_of_the_voice_are_seen(timeline: Timeline, qtbot: Any) -> None:
    """The picture reaches to the last of them, the playhead only to the end; without them it shows the voice alone."""
    timeline.set_audio(None, 5.2)
    heard, scale = Heard(timeline), timeline.canvas.state.scale
    assert scale.shows(8)
    assert key(timeline, 2).x() <= timeline.canvas.width() - 10
    drag(timeline, QPointF(x(timeline, 3), 5), QPointF(x(timeline, 7), 5))
    assert heard.of("scrub_ended") == [5.2]
    drag(timeline, key(timeline, 2), key(timeline, 2) + QPointF(30, 0))
    assert timeline.curve.keyframes[2].time == 8
    timeline.canvas.select((2,), 2)
    qtbot.keyClick(timeline.canvas, Qt.Key.Key_Delete)
    assert (scale.duration, scale.per_second) == (5.2, scale.whole)
