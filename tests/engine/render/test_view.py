"""Views and backgrounds: what the viewport shows is what the film shows, and the wall moves with the camera."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from emotalker.engine.avatar import Avatar
from emotalker.engine.bench.twin import sample_twin
from emotalker.engine.errors import UserError
from emotalker.engine.render.backdrop import backdrop, check_backdrop, colour_of
from emotalker.engine.render.view import LEAST_LIMIT, View, camera_of, limits_of, picture_matrix

SIZE = 64


@pytest.fixture(scope="module")
def twin() -> Avatar:
    """A small untrained twin."""
    return sample_twin(400, SIZE, 12)


@pytest.fixture
def plate() -> NDArray[np.uint8]:
    """A wall with a bright square in its middle."""
    wall = np.full((SIZE, SIZE, 3), 60, np.uint8)
    wall[24:40, 24:40] = (200, 120, 40)
    return wall


def head(twin: Avatar, view: View, width: int, height: int) -> NDArray[np.float64]:
    """Where the origin of the head lies on the picture, pixels."""
    return camera_of(twin, view, width, height).project(np.zeros(3))


def test_the_plain_view_is_that_of_the_recordings(twin: Avatar) -> None:
    """A view that was not touched changes nothing."""
    camera = camera_of(twin, View(), SIZE, SIZE)
    np.testing.assert_array_equal(camera.viewmat, twin.camera.viewmat)
    np.testing.assert_allclose(camera.K, twin.camera.K, atol=1e-5)


def test_zoom_pan_and_framing_move_the_picture_as_they_say(twin: Avatar) -> None:
    """Pan is in shares of the recording, zoom is about the middle, fit shows all, fill covers."""
    middle = np.array([SIZE / 2, SIZE / 2])
    plain = head(twin, View(), SIZE, SIZE)
    np.testing.assert_allclose(head(twin, View(zoom=2.0), SIZE, SIZE) - middle, 2 * (plain - middle), atol=1e-3)
    moved = head(twin, View(pan_x=0.25, pan_y=-0.125), SIZE, SIZE)
    np.testing.assert_allclose(moved - plain, [16, -8], atol=1e-3)
    fit, fill = picture_matrix(View(), SIZE, 128, 64), picture_matrix(View(framing="fill"), SIZE, 128, 64)
    assert fit[0, 0] == 1.0
    assert fill[0, 0] == 2.0
    np.testing.assert_allclose(fit @ [32, 32, 1], [64, 32, 1])
    np.testing.assert_allclose(fill @ [32, 32, 1], [64, 32, 1])
    with pytest.raises(UserError):
        camera_of(twin, View(), 0, 10)


def test_views_are_kept_within_reason() -> None:
    """What a document or a mouse asks for never turns the head inside out."""
    wild = View(yaw=200, pitch=-90, zoom=50, pan_x=9, pan_y=-9).clipped()
    assert abs(wild.yaw) <= 60
    assert abs(wild.pitch) <= 40
    assert wild.zoom <= 4
    assert (wild.pan_x, wild.pan_y) == (1.0, -1.0)
    assert View().clipped() == View()


def test_limits_come_from_how_far_the_recordings_turned(twin: Avatar) -> None:
    """A head seen from 20 degrees may be shown from there; one that never turned has the least limit."""
    reach = np.zeros((3, 4), np.float32)
    still = replace(twin, rest=replace(twin.rest, code_reach=reach.reshape(12)))
    assert limits_of(still).yaw == LEAST_LIMIT
    reach[0, 2] = reach[2, 0] = np.sin(np.radians(20))
    turned = limits_of(replace(twin, rest=replace(twin.rest, code_reach=reach.reshape(12))))
    assert 20 < turned.yaw < 32
    assert turned.pitch == LEAST_LIMIT


def test_the_plate_moves_with_the_camera(plate: NDArray[np.uint8]) -> None:
    """Zoomed twice, the square is twice as wide; panned, it is elsewhere; turned, it stays."""

    def bright(view: View, width: int = SIZE, height: int = SIZE) -> tuple[int, float]:
        mask = backdrop("plate", plate, view, width, height)[..., 0] > 130
        return int(mask.any(0).sum()), float(np.nonzero(mask.any(0))[0].mean())

    np.testing.assert_array_equal(backdrop("plate", plate, View(), SIZE, SIZE), plate)
    assert bright(View()) == (16, 31.5)
    assert bright(View(zoom=2.0))[0] == pytest.approx(32, abs=1)
    assert bright(View(pan_x=0.25))[1] == pytest.approx(47.5, abs=0.6)
    assert bright(View(yaw=20.0)) == bright(View())
    wide = backdrop("plate", plate, View(), 160, SIZE)
    assert np.abs(wide[:, 50:110].astype(int) - plate[:, 2:62]).max() <= 2
    assert wide[:, :8].std() < 2, "beside the recording the wall goes on, without a pattern"
    small = backdrop("plate", plate, View(zoom=0.5), SIZE, SIZE)
    assert small.shape == plate.shape


def test_other_backgrounds(plate: NDArray[np.uint8], tmp_path: Path) -> None:
    """Colours are exact, the checker has two shades, a picture covers the frame and keeps its shape."""
    green = backdrop("#00b140", plate, View(zoom=2), 40, 30)
    assert green.shape == (30, 40, 3)
    assert (green == (0, 177, 64)).all()
    assert len(np.unique(backdrop("checker", plate, View(), 64, 64))) == 2
    picture = np.zeros((20, 80, 3), np.uint8)
    picture[:, 40:] = (0, 0, 255)  # blue-green-red, as the file is written
    path = tmp_path / "Bild ä.png"
    path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    shown = backdrop(f"image:{path}", plate, View(), 40, 40)
    assert shown.shape == (40, 40, 3)
    assert tuple(shown[20, 38]) == (255, 0, 0)
    assert shown[20, 2].max() == 0


@pytest.mark.parametrize("spec", ["", "sky", "#12", "#gggggg", "image:/nowhere/none.png"])
def test_what_is_no_background_is_told(spec: str, plate: NDArray[np.uint8], tmp_path: Path) -> None:
    """Unknown words, half colours, missing and broken pictures are refused with a sentence."""
    with pytest.raises(UserError):
        check_backdrop(spec)
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    with pytest.raises(UserError, match="cannot be read"):
        backdrop(f"image:{broken}", plate, View(), 8, 8)
    assert colour_of("#102030") == (16, 32, 48)
    assert check_backdrop("checker") == "checker"
