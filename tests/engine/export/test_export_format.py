"""Formats, camera moves and size estimates of films."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path

import pytest

from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.engine.errors import UserError
from emotalker.engine.export import FORMATS, MOVES, QUALITIES, FilmJob, film_bytes, format_named, moved
from emotalker.engine.render.view import View

JOB = FilmJob(Path("twin"), Path("film.mp4"), None, EmotionCurve.constant("happy", 1.0).to_json())


def test_every_format_can_be_exported() -> None:
    """A preset the job refuses would be a trap."""
    for known in FORMATS:
        replace(JOB, width=known.width, height=known.height, fps=known.fps, quality=known.quality).check()
        assert format_named(known.name) is known


def test_an_unknown_format_names_the_known_ones() -> None:
    """The message helps."""
    with pytest.raises(UserError, match="1080p"):
        format_named("vhs")


@pytest.mark.parametrize(
    "change",
    [{"width": 10}, {"height": 9000}, {"fps": 12.0}, {"fps": 120.0}, {"quality": "bad"}, {"start": 2.0, "end": 1.0},
     {"background": "sky"}, {"background": "image:/nowhere/x.png"}],
)  # fmt: skip
def test_what_makes_no_film_is_refused_before_any_work(change: dict[str, object]) -> None:
    """Nobody waits for minutes to hear that a number was wrong."""
    with pytest.raises(UserError):
        replace(JOB, **change).check()  # type: ignore[arg-type]


def test_camera_moves_are_smooth_and_start_or_stay_near_the_view() -> None:
    """No move jumps: neighbouring frames differ by little."""
    view = View(yaw=3.0, zoom=1.1)
    for move in MOVES:
        views = [moved(view, move, t / 25, 4.0) for t in range(101)]
        for a, b in itertools.pairwise(views):
            assert abs(a.yaw - b.yaw) < 0.6
            assert abs(a.zoom / b.zoom - 1) < 0.01
        assert moved(view, move, 9.0, 4.0).zoom == pytest.approx(views[-1].zoom)
    assert moved(view, "still", 1.0, 4.0) == view
    assert moved(view, "push", 4.0, 4.0).zoom > view.zoom
    with pytest.raises(KeyError):
        moved(view, "spin", 0.0, 1.0)


def test_estimates_grow_with_everything() -> None:
    """Larger, longer, faster, better and louder films take more space."""
    base = film_bytes(512, 512, 25, "good", 10)
    assert film_bytes(1024, 512, 25, "good", 10) > base
    assert film_bytes(512, 512, 50, "good", 10) > base
    assert film_bytes(512, 512, 25, "good", 20) > base
    assert film_bytes(512, 512, 25, "master", 10) > base > film_bytes(512, 512, 25, "small", 10)
    assert film_bytes(512, 512, 25, "good", 10, sound=False) < base
    assert {q.crf for q in QUALITIES.values()} == {12, 20, 26}
