"""The window onto the twin, with the backend that every computer has."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from emotalker.engine.errors import UserError
from emotalker.engine.playback import Frame, PlaybackStats
from emotalker.engine.render.view import View, ViewLimits
from emotalker.widgets.viewport import Viewport
from emotalker.widgets.viewport.overlay import Overlay

FrameMaker = Callable[..., Frame]


def pixels(image: QImage) -> np.ndarray:
    """u8 [H, W, 4] of a QImage."""
    same = image.convertToFormat(QImage.Format.Format_RGBA8888)
    rows = np.frombuffer(same.constBits(), np.uint8).reshape(same.height(), same.bytesPerLine() // 4, 4)
    return rows[:, : same.width()].copy()


def overlay(viewport: Viewport) -> Overlay:
    found = viewport.findChild(Overlay)
    assert found is not None
    return found


def test_each_new_frame_is_reported_once(viewport: Viewport, frames: FrameMaker, qtbot: QtBot) -> None:
    """`presented` tells serial and time at the first paint of a frame, not at repaints, nor for overtaken frames."""
    seen: list[tuple[int, float]] = []
    viewport.presented.connect(lambda serial, when: seen.append((serial, when)))
    first, second, third = frames(), frames(), frames()
    before = time.perf_counter()
    viewport.present(first)
    qtbot.waitUntil(lambda: len(seen) == 1)
    viewport.repaint()
    viewport.present(second)
    viewport.present(third)
    qtbot.waitUntil(lambda: len(seen) == 2)
    viewport.repaint()
    assert [serial for serial, _ in seen] == [first.serial, third.serial]
    assert before < seen[0][1] < seen[1][1] <= time.perf_counter()


def test_the_picture_is_centred_and_whole(viewport: Viewport, frames: FrameMaker) -> None:
    """A square in a wide widget stands in the middle, as large as it can, with its own colours."""
    image = np.zeros((96, 96, 3), np.uint8)
    image[:48] = 255, 0, 0
    image[48:] = 0, 0, 255
    viewport.set_hud(False)
    viewport.present(frames(image=image))
    got = pixels(viewport.grab().toImage())
    place = viewport.picture_rect()
    assert (place.x(), place.y(), place.width(), place.height()) == (40, 0, 240, 240)
    assert tuple(got[20, 160, :3]) == (255, 0, 0)
    assert tuple(got[200, 160, :3]) == (0, 0, 255)
    assert tuple(got[20, 42, :3]) == (255, 0, 0)
    assert tuple(got[20, 37, :3]) == tuple(got[20, 283, :3]) != (255, 0, 0)


def test_see_through_pictures_lie_on_checkers(viewport: Viewport, frames: FrameMaker) -> None:
    """Where alpha is 0 two shades of a checker board show; where it is 255 the picture."""
    image = np.zeros((96, 96, 4), np.uint8)
    image[:, :48] = 10, 200, 30, 255
    viewport.set_hud(False)
    viewport.present(frames(image=image))
    got = pixels(viewport.grab().toImage())
    assert tuple(got[100, 60, :3]) == (10, 200, 30)
    assert len({tuple(p) for p in got[20:140, 180:260, :3].reshape(-1, 3)}) == 2
    assert viewport.screenshot(alpha=True).pixelColor(80, 20).alpha() == 0


def test_late_frames_are_left_out_until_the_picture_would_freeze(
    viewport: Viewport, frames: FrameMaker, qtbot: QtBot
) -> None:
    """A frame apart from its sound is not painted; after a quarter of a second without any, a late one is."""
    seen: list[int] = []
    viewport.presented.connect(lambda serial, _: seen.append(serial))
    first = frames()
    late, later = frames(due=time.perf_counter() - 10), frames(due=time.perf_counter() - 10)
    viewport.present(first)
    qtbot.waitUntil(lambda: seen == [first.serial])
    viewport.present(late)
    viewport.repaint()
    assert seen == [first.serial]
    qtbot.wait(300)
    viewport.present(later)
    qtbot.waitUntil(lambda: seen == [first.serial, later.serial])


def test_drag_orbits_and_shift_drag_moves(viewport: Viewport, qtbot: QtBot) -> None:
    """The head follows the hand, within one and a half times the recorded range."""
    views: list[View] = []
    viewport.view_changed.connect(views.append)
    viewport.set_limits(ViewLimits(20, 10))
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, pos=QPoint(160, 120))
    qtbot.mouseMove(viewport, QPoint(130, 130))
    assert views[-1].yaw > 0
    assert views[-1].pitch > 0
    qtbot.mouseMove(viewport, QPoint(-2000, 120))
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, pos=QPoint(-2000, 120))
    assert views[-1].yaw == 30
    shift = Qt.KeyboardModifier.ShiftModifier
    qtbot.mousePress(viewport, Qt.MouseButton.LeftButton, shift, QPoint(100, 100))
    qtbot.mouseMove(viewport, QPoint(124, 100))
    qtbot.mouseRelease(viewport, Qt.MouseButton.LeftButton, shift, QPoint(124, 100))
    assert views[-1].yaw == 30
    assert views[-1].pan_x == pytest.approx(0.1)
    assert viewport.view == views[-1]


def test_wheel_zooms_where_the_pointer_is(viewport: Viewport) -> None:
    """The point of the recording under the pointer stays under it."""
    place, at = viewport.picture_rect(), QPointF(100, 60)
    centre, unit = place.center(), min(place.width(), place.height())

    def under(view: View) -> float:
        return float(((at.x() - centre.x()) / unit - view.pan_x) / view.zoom)

    before = under(viewport.view)
    for _ in range(3):
        wheel = QWheelEvent(
            at, viewport.mapToGlobal(at), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(viewport, wheel)
    assert viewport.view.zoom == pytest.approx(1.2**3, rel=0.02)
    assert under(viewport.view) == pytest.approx(before)


def test_keys_and_reset(viewport: Viewport, qtbot: QtBot) -> None:
    """Every movement has a key; a double click looks straight again and keeps the framing."""
    viewport.set_view(View(framing="fill"))
    control = Qt.KeyboardModifier.ControlModifier
    qtbot.keyClick(viewport, Qt.Key.Key_Right, control)
    qtbot.keyClick(viewport, Qt.Key.Key_Up, control)
    assert (viewport.view.yaw, viewport.view.pitch) == (2, 2)
    qtbot.keyClick(viewport, Qt.Key.Key_Plus)
    assert viewport.view.zoom == pytest.approx(1.1)
    qtbot.keyClick(viewport, Qt.Key.Key_0)
    assert viewport.view == View(framing="fill")
    viewport.pan_by(0.1, 0.2)
    qtbot.mouseDClick(viewport, Qt.MouseButton.LeftButton)
    assert viewport.view == View(framing="fill")


def test_setting_a_view_says_nothing(viewport: Viewport) -> None:
    """The document moves the camera without hearing an echo."""
    seen: list[View] = []
    viewport.view_changed.connect(seen.append)
    viewport.set_view(View(yaw=3))
    assert seen == []
    assert viewport.view == View(yaw=3)


def test_beyond_the_recordings_a_note_is_shown(viewport: Viewport, frames: FrameMaker) -> None:
    """At the edge of the range the picture is bare; beyond it the note covers some of its lower part."""
    viewport.set_limits(ViewLimits(10, 10))
    viewport.present(frames(image=np.full((240, 320, 3), 90, np.uint8)))
    pictures = []
    for yaw in (10.0, 10.5):
        viewport.set_view(View(yaw=yaw))
        pictures.append(pixels(viewport.grab().toImage())[170:, :240, :3])
    assert (pictures[0] == 90).all()
    assert (pictures[1] != 90).any(-1).sum() > 1000


def test_figures_can_be_switched_off(viewport: Viewport, frames: FrameMaker) -> None:
    """Frames per second, drops, size and backend, only when wished."""
    viewport.present(frames())
    viewport.set_stats(PlaybackStats(fps=41.6, dropped=3))
    assert overlay(viewport).shown.figures == ("42 FPS", "3 dropped", "96 × 96", "CPU")
    viewport.set_hud(False)
    assert overlay(viewport).shown.figures == ()


def test_a_message_covers_the_picture(viewport: Viewport, frames: FrameMaker) -> None:
    """While a twin loads the picture steps back, and it comes again unchanged."""
    viewport.present(frames(image=np.full((240, 320, 3), 255, np.uint8)))
    before = pixels(viewport.grab().toImage())
    viewport.set_message("Loading the twin...")
    assert viewport.accessibleDescription() == "Loading the twin..."
    assert pixels(viewport.grab().toImage())[..., :3].mean() < before[..., :3].mean() / 2
    viewport.set_message(None)
    assert np.array_equal(pixels(viewport.grab().toImage()), before)


def test_the_size_asked_for_follows_widget_and_limit(viewport: Viewport, qtbot: QtBot) -> None:
    """The widget's shape; the shorter side within the backend's and the user's limit; once per resize."""
    sizes: list[tuple[int, int]] = []
    viewport.render_size_changed.connect(lambda w, h: sizes.append((w, h)))
    qtbot.waitUntil(lambda: sizes == [(320, 240)])
    viewport.resize(700, 600)
    viewport.resize(900, 700)
    qtbot.waitUntil(lambda: len(sizes) == 2)
    assert sizes[1] == (658, 512) == viewport.render_size
    viewport.set_render_limit(256)
    assert sizes[2] == (329, 256)


def test_screenshots(viewport: Viewport, frames: FrameMaker) -> None:
    """As shown without figures, see-through by the given renderer, and a humane error where that is impossible."""
    with pytest.raises(UserError, match="no picture"):
        viewport.screenshot()
    frame = frames()
    viewport.present(frame)
    shot = viewport.screenshot()
    assert np.array_equal(pixels(shot)[..., :3], frame.image)
    with pytest.raises(UserError, match="transparent"):
        viewport.screenshot(alpha=True)
    clear = np.random.default_rng(0).integers(0, 256, (96, 96, 4), np.uint8)
    viewport.set_alpha_renderer(lambda: clear)
    assert np.array_equal(pixels(viewport.screenshot(alpha=True)), clear)


def test_dropped_files_are_passed_on(viewport: Viewport, tmp_path: Path) -> None:
    """Files come as paths; text is not taken."""
    got: list[list[Path]] = []
    viewport.files_dropped.connect(got.append)
    file = tmp_path / "eine Stimme ü.wav"
    data = QMimeData()
    data.setUrls([QUrl.fromLocalFile(str(file))])
    copy, button, key = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    enter = QDragEnterEvent(QPoint(9, 9), copy, data, button, key)
    QApplication.sendEvent(viewport, enter)
    assert enter.isAccepted()
    assert overlay(viewport).shown.drop
    QApplication.sendEvent(viewport, QDropEvent(QPointF(9, 9), copy, data, button, key))
    assert got == [[file]]
    assert not overlay(viewport).shown.drop
    text = QMimeData()
    text.setText("hello")
    refused = QDragEnterEvent(QPoint(9, 9), copy, text, button, key)
    QApplication.sendEvent(viewport, refused)
    assert not refused.isAccepted()


def test_clearing_forgets_the_picture(viewport: Viewport, frames: FrameMaker) -> None:
    """After the project is closed nothing of the person stays on the screen."""
    viewport.present(frames(image=np.full((96, 96, 3), 255, np.uint8)))
    viewport.clear()
    assert len({tuple(p) for p in pixels(viewport.grab().toImage()).reshape(-1, 4)}) == 1
