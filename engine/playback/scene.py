"""What is to be seen: the twin, what it says and feels, and how it is looked at."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.engine.render.view import View

if TYPE_CHECKING:
    from emotalker.engine.avatar import Avatar, Heard

BACKENDS = ("cpu", "gl", "cuda")


@dataclass(frozen=True)
class Look:
    """How the twin is looked at; changing it needs no new pose.

    Attributes:
        view: the camera.
        width: pixels.
        height: pixels.
        background: see `emotalker.engine.render.backdrop`.
        backend: "cpu" and "cuda" give pictures, "gl" leaves drawing to the viewport.
    """

    view: View = field(default_factory=View)
    width: int = 512
    height: int = 512
    background: str = "plate"
    backend: str = "cpu"


@dataclass(frozen=True, eq=False)
class Act:
    """What the twin does; compared by identity.

    Attributes:
        avatar: the twin.
        heard: what it says; None keeps silent.
        curve: emotion over time.
        seed: picks blinks and head motion.
    """

    avatar: Avatar
    heard: Heard | None
    curve: EmotionCurve
    seed: int


def neutral() -> EmotionCurve:
    """No emotion at any time."""
    return EmotionCurve.constant("neutral", 0.0)
