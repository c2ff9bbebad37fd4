"""The built-in head: MakeHuman's CC0 head in our units, ready to use without any licensed file."""

from __future__ import annotations

import functools
from importlib import resources

import numpy as np
import torch
from numpy.typing import NDArray

from emotalker.engine.errors import UserError
from emotalker.engine.head.linear import LinearHead

FILE = "default_head.npz"
QUANTUM = 1e-5


class DefaultHead(LinearHead):
    """The built-in `HeadModel`: 62 expressions, 100 identity components, about 4 900 vertices.

    Head space is centred on the head joint (on top of the spine, inside the skull between the ears) of the average
    head. Besides the regions of the protocol it has "eye_l", "eye_r" and "interior" (mouth cavity and eye sockets).
    """


@functools.lru_cache(maxsize=1)
def load_default_head() -> DefaultHead:
    """The built-in head on the CPU in float32; loaded once, do not change it in place.

    Raises:
        UserError: if the installation lacks its file.
    """
    return assemble(_arrays())


def assemble(a: dict[str, NDArray]) -> DefaultHead:
    """The head made of the arrays of its file."""
    return DefaultHead(
        name="built-in head",
        template=torch.from_numpy(a["template"]),
        triangles=a["triangles"].astype(np.int32),
        identity_basis=torch.from_numpy(a["identity"].astype(np.float32) * np.float32(QUANTUM)),
        expression_basis=torch.from_numpy(a["expression"].astype(np.float32) * np.float32(QUANTUM)),
        expression_names=tuple(str(n) for n in a["expression_names"]),
        joints=torch.from_numpy(a["joints"]),
        weights=_normalised(a["weights"]),
        regions={k.removeprefix("region_"): v for k, v in a.items() if k.startswith("region_")},
        landmark_triangles=a["landmark_triangles"].astype(np.int32),
        landmark_barycentrics=a["landmark_barycentrics"].astype(np.float32),
        joint_basis=torch.from_numpy(a["identity_joints"]),
        mirror=a["mirror"].astype(np.int32),
    )


def load_default_torso() -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Average shoulders and chest below the collar cut, in head space: vertices [n, 3] in metres, triangles [m, 3]."""
    a = _arrays()
    return a["torso"], a["torso_triangles"].astype(np.int32)


def _normalised(weights: NDArray[np.float16]) -> torch.Tensor:
    wide = torch.from_numpy(weights.astype(np.float32))
    return wide / wide.sum(1, keepdim=True)


def _arrays() -> dict[str, NDArray]:
    source = resources.files("emotalker.resources") / FILE
    try:
        with source.open("rb") as stream, np.load(stream, allow_pickle=False) as data:
            return {name: data[name] for name in data.files}
    except (OSError, ValueError) as error:
        raise UserError(
            "The built-in head model is missing.",
            f"{FILE} could not be read ({error}).",
            "Install EmoTalker Studio again.",
        ) from error
