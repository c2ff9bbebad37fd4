"""The finished twin: one self-contained folder that loads fast and poses at any time, emotion and camera.

Everything needed to play is inside it: head, Gaussians, networks, label embeddings, default background.
Training code does not enter; what trains a twin hands its result over here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emotalker.engine.avatar.avatar import Avatar
    from emotalker.engine.avatar.clips import ClipRenderer
    from emotalker.engine.avatar.controls import Controls, FrameControl
    from emotalker.engine.avatar.hearing import Heard

__all__ = ["Avatar", "ClipRenderer", "Controls", "FrameControl", "Heard"]
_HOME = {
    "Avatar": "avatar",
    "ClipRenderer": "clips",
    "Controls": "controls",
    "FrameControl": "controls",
    "Heard": "hearing",
}


def __getattr__(name: str) -> Any:
    # a window that only looks for the sample, which lies in this package too, must not wait for torch
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
