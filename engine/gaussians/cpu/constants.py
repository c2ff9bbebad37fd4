"""Numbers shared by the kernels, all float32 so that no kernel computes in double by accident.

The thresholds are those of gsplat's classic mode. Kernels freeze these numbers when they are compiled, and numba's
cache looks only at a kernel's own file: after a change here, or in a helper that another file uses, touch every file
of kernels.
"""

from __future__ import annotations

import numpy as np

f4 = np.float32

TILE = 16
NEAR_METRES = 0.01
BLUR_PIXELS2 = 0.3
FOV_MARGIN = 0.3

ZERO = f4(0)
HALF = f4(0.5)
ONE = f4(1)
TWO = f4(2)
NEAR = f4(NEAR_METRES)
BLUR = f4(BLUR_PIXELS2)
ALPHA_MIN = f4(1.0 / 255.0)
ALPHA_MAX = f4(0.999)
T_MIN = f4(1e-4)
INVERSE_ALPHA_MIN = f4(255)

# Columns of the packed row of one Gaussian: 16 floats are one cache line.
(
    MX,
    MY,
    CONIC_A,
    CONIC_B,
    CONIC_C,
    OPACITY,
    RED,
    GREEN,
    BLUE,
    ROW_BEGIN,
    ROW_END,
    DEPTH,
    COLUMN_BEGIN,
    COLUMN_END,
    LOG2_OPACITY,
) = range(15)
PACKED = 16

# Columns of the gradient row of one (Gaussian, tile) pair.
ISECT_GRADS = 9

# Without nnan and ninf: the projection meets what the optimizer made and must be able to reject it.
CHECKED_MATH = {"nsz", "arcp", "contract", "afn", "reassoc"}
