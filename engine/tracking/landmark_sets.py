"""Which of the 478 landmarks lie where, and how much the fit trusts them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
LIPS = (
    61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 185, 40, 39, 37, 0, 267, 269, 270, 409,
    78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 191, 80, 81, 82, 13, 312, 311, 310, 415,
)  # fmt: skip
LIDS_RIGHT = (33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173)
LIDS_LEFT = (263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398)
IRISES = tuple(range(468, 478))
BROWS = (70, 63, 105, 66, 107, 46, 53, 52, 65, 55, 300, 293, 334, 296, 336, 276, 283, 282, 295, 285)
# smooth skin without marks, below the nose: there the landmarker guesses, and the chin follows the jaw only halfway
SMOOTH_CHIN = (18, 32, 83, 171, 175, 199, 200, 201, 208, 262, 313, 396, 421, 428)
SMOOTH_CHEEKS = (
    43, 57, 92, 106, 135, 138, 140, 164, 165, 167, 169, 170, 177, 182, 186, 187, 192, 194, 202, 204, 206, 207, 210, 211,
    212, 213, 214, 215, 216, 273, 287, 322, 335, 364, 367, 369, 391, 393, 394, 395, 401, 406, 410, 411, 416, 418, 422,
    424, 426, 427, 430, 431, 432, 433, 434, 435, 436,
)  # fmt: skip
# points that neither jaw nor expression move much, for the first guess of the pose
STIFF = (
    33, 133, 263, 362, 168, 6, 197, 195, 5, 4, 1, 98, 327, 127, 356, 234, 454, 162, 389, 21, 251, 54, 284, 103, 332,
    67, 297, 109, 338, 10, 151, 9, 8, 93, 323,
)  # fmt: skip
# upper and lower point of pairs whose gap must be right: lids (3 a side) and inner lips
LID_GAPS_RIGHT = ((159, 145), (158, 153), (160, 144))
LID_GAPS_LEFT = ((386, 374), (385, 380), (387, 373))
LIP_GAPS = ((13, 14), (82, 87), (312, 317), (81, 178), (311, 402), (80, 88), (310, 318))
LID_CORNERS = ((263, 362), (33, 133))  # of the left, then the right eye


def trust() -> NDArray[np.float32]:
    """Weight of each landmark's distance [478]; ratios follow the metrical-tracker family (RECIPE, Tracking)."""
    weights = np.full(478, 0.8, np.float32)
    # the oval slides over the skin as the head turns: it is an outline, not a set of points
    weights[list(OVAL)] = 0.35
    weights[list(BROWS)] = 1.2
    weights[[152, 148, 377, 176, 400]] = 0.8
    weights[list(SMOOTH_CHIN)] = 0.15
    weights[list(SMOOTH_CHEEKS)] = 0.3
    weights[list(LIDS_LEFT + LIDS_RIGHT)] = 1.4
    weights[list(LIPS)] = 1.6
    weights[list(IRISES)] = 1.4
    return weights


def gap_pairs() -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Pairs [n, 2] whose difference is fitted as well, and their weights [n]."""
    lids, lips = LID_GAPS_RIGHT + LID_GAPS_LEFT, LIP_GAPS
    pairs = np.array(lids + lips, np.int64)
    return pairs, np.array([2.0] * len(lids) + [2.0] * len(lips), np.float32)
