"""The finished twin: one self-contained folder that loads fast and poses at any time, emotion and camera.

Everything needed to play is inside it: head, Gaussians, networks, label embeddings, default background.
Training code does not enter; what trains a twin hands its result over here.
"""

from emotalker.engine.avatar.avatar import Avatar
from emotalker.engine.avatar.build import build
from emotalker.engine.avatar.clips import ClipRenderer
from emotalker.engine.avatar.controls import Controls, FrameControl
from emotalker.engine.avatar.hearing import Heard

__all__ = ["Avatar", "ClipRenderer", "Controls", "FrameControl", "Heard", "build"]
