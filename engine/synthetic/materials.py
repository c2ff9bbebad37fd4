"""Which triangle of a head is made of what, for the painter of `appearance`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.head.linear import LinearHead
from emotalker.engine.synthetic.appearance import EYE_L, EYE_R, TEETH, TONGUE

_KINDS = {"eye_l": EYE_L, "eye_r": EYE_R, "teeth_upper": TEETH, "teeth_lower": TEETH, "tongue": TONGUE}


def materials_of(head: LinearHead) -> NDArray[np.int8]:
    """Material of each triangle of the built-in head [F]."""
    kinds = np.zeros(len(head.triangles), np.int8)
    for region, kind in _KINDS.items():
        kinds[head.regions[region][head.triangles].all(1)] = kind
    return kinds


def cavity_of(head: LinearHead) -> NDArray[np.float32]:
    """1 for vertices inside the mouth and the eye sockets, else 0, [V]."""
    return head.regions["interior"].astype(np.float32)
