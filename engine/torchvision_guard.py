"""Importing torchvision beside a torch it was not compiled for."""

from __future__ import annotations

import functools
import importlib.metadata

import torch

_SCHEMA = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
# Kept for the life of the process: the operators vanish with the library that defines them.
_libraries: list[torch.library.Library] = []


@functools.cache
def make_torchvision_importable() -> None:
    """Declare the two operators that torchvision's import looks up; call before the first import of it or of open_clip.

    The Linux wheel of torchvision is compiled for CUDA. With the CPU build of torch its library does not load, and
    every import of torchvision ends in `RuntimeError: operator torchvision::nms does not exist`. Declared by name
    alone, the operators satisfy the import; nothing here ever calls them.
    """
    if torch.version.cuda is not None or importlib.metadata.version("torchvision").endswith("+cpu"):
        return
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}{_SCHEMA}")
    _libraries.append(library)
