"""Slow camera moves during a film."""

from __future__ import annotations

import math
from dataclasses import replace

from emotalker.engine.render.view import View

MOVES = {
    "still": "Still",
    "push": "Slow push in",
    "pull": "Slow pull out",
    "orbit": "Slow orbit",
    "sway": "Gentle sway",
}
PUSH = 1.18
ORBIT_DEGREES = 9.0
SWAY_DEGREES, SWAY_SECONDS = 2.5, 6.0


def moved(view: View, move: str, time: float, duration: float) -> View:
    """The view at a moment of a film.

    Args:
        view: where the camera stands without a move.
        move: name in `MOVES`.
        time: seconds since the film's start.
        duration: of the film, seconds.

    Raises:
        KeyError: if there is no such move.
    """
    if move not in MOVES:
        raise KeyError(move)
    share = min(max(time / duration, 0.0), 1.0) if duration > 0 else 0.0
    eased = share * share * (3 - 2 * share)
    if move == "push":
        return replace(view, zoom=view.zoom * PUSH**eased)
    if move == "pull":
        return replace(view, zoom=view.zoom * PUSH ** (1 - eased))
    if move == "orbit":
        return replace(view, yaw=view.yaw - ORBIT_DEGREES * math.cos(math.pi * eased))
    if move == "sway":
        turn = 2 * math.pi * time / SWAY_SECONDS
        return replace(view, yaw=view.yaw + SWAY_DEGREES * math.sin(turn), pitch=view.pitch + 0.8 * math.sin(turn / 2))
    return view
