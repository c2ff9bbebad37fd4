"""The least-squares problem of one frame: residuals, priors and their normal equations, batched over frames."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emotalker.engine.synthetic.arkit import ARKIT
from emotalker.engine.tracking.fitting.points import FrameState, PointModel, pixel_derivatives, projected
from emotalker.engine.tracking.landmark_sets import gap_pairs, trust

LIDS = ("eyeBlink", "eyeWide", "eyeSquint")
JAW_OPEN = ARKIT.index("jawOpen")
POSE = 13  # unknowns besides psi: jaw 3, gaze 4, rotation 3, translation 3
# one landmark is off by about one percent of the eye distance, and neighbours are off together
LANDMARK_SIGMA = 0.01
INDEPENDENT = 0.12


@dataclass(frozen=True)
class Priors:
    """Standard deviations of the unknowns, and how they may change from frame to frame.

    Attributes:
        psi: about the mean that the blendshape scores suggest, unitless.
        psi_lids: the same of the shapes that open and shut the eyes: blinks are large and quick.
        psi_unnamed: of shapes that the scores do not know.
        score_gain: expected coefficient per unit of score.
        jaw: bend about the mean that the scores suggest, and turn to the sides and roll, radians.
        jaw_gain: expected bend per unit of the score of an open jaw, radians.
        gaze: radians.
        psi_step: change of a coefficient per frame.
        lids_step: the same of the shapes of the lids.
        jaw_step: radians per frame.
        gaze_step: radians per frame.
        rotation_step: radians per frame.
        translation_step: metres per frame.
    """

    psi: float = 0.20
    psi_lids: float = 0.25
    psi_unnamed: float = 0.09
    score_gain: float = 0.5
    jaw: tuple[float, float, float] = (0.25, 0.03, 0.03)
    jaw_gain: float = 0.0
    gaze: float = 0.30
    psi_step: float = 0.10
    lids_step: float = 0.30
    jaw_step: float = 0.06
    gaze_step: float = 0.08
    rotation_step: float = 0.010
    translation_step: float = 0.0015

    def sigmas(self, names: tuple[str, ...]) -> Tensor:
        """Standard deviations of the coefficients of the expressions `names` [K]."""
        kinds = (self.psi_lids if n.startswith(LIDS) else self.psi if n in ARKIT else self.psi_unnamed for n in names)
        return torch.tensor(list(kinds))

    def inverse_steps(self, expressions: int) -> Tensor:
        """Weights 1 / sigma^2 of all changes per frame [K + 13]."""
        counts = [expressions, 3, 4, 3, 3]
        sigmas = [self.psi_step, self.jaw_step, self.gaze_step, self.rotation_step, self.translation_step]
        return torch.cat([torch.full((n,), s**-2) for n, s in zip(counts, sigmas)])


@dataclass
class Observations:
    """What the landmarker saw in T frames.

    Attributes:
        points: landmarks [T, 478, 2], crop pixels.
        present: weight of each frame [T], 0 where no face was seen.
        scores: blendshape scores [T, 52].
        eye_distance: typical pixels between the outer eye corners.
        focal: pixels.
        centre: principal point, pixels, the same for x and y.
        clear: weight of each landmark in each frame [T, 478], 0 where it is covered; None for all alike.
    """

    points: Tensor
    present: Tensor
    scores: Tensor
    eye_distance: float
    focal: float
    centre: float
    clear: Tensor | None = None

    def __len__(self) -> int:
        return len(self.points)

    def __getitem__(self, frames: slice | Tensor) -> Observations:
        return Observations(
            self.points[frames], self.present[frames], self.scores[frames], self.eye_distance, self.focal, self.centre,
            None if self.clear is None else self.clear[frames],
        )  # fmt: skip


class Problem:
    """The cost of landmarks and priors for a head.

    Args:
        points: the 478 landmarks of the (shaped) head.
        names: expression names of the head.
        priors: standard deviations.
    """

    def __init__(self, points: PointModel, names: tuple[str, ...], priors: Priors) -> None:
        self.points, self.names, self.priors = points, names, priors
        pairs, pair_weights = gap_pairs()
        self._pairs = torch.from_numpy(pairs)
        self._weights = torch.cat([torch.from_numpy(trust()), torch.from_numpy(pair_weights)])
        self._column = [ARKIT.index(n) if n in ARKIT else -1 for n in names]
        self._psi_weight = priors.sigmas(names) ** -2
        pose = torch.zeros(POSE)
        pose[:3] = torch.tensor(priors.jaw) ** -2
        pose[3:7] = priors.gaze**-2
        self._pose_weight = pose

    def inverse_steps(self) -> Tensor:
        """Weights 1 / sigma^2 of all changes per frame [K + 13]; lids are quicker than the rest of the face."""
        out = self.priors.inverse_steps(len(self.names))
        lids = [k for k, n in enumerate(self.names) if n.startswith(LIDS)]
        out[lids] = self.priors.lids_step**-2
        return out

    def psi_mean(self, scores: Tensor) -> Tensor:
        """Expected coefficients [T, K] from blendshape scores [T, 52]."""
        known = torch.tensor([c >= 0 for c in self._column])
        return scores[:, torch.tensor(self._column).clamp_min(0)] * known * self.priors.score_gain

    def pose_mean(self, scores: Tensor) -> Tensor:
        """Expected jaw and gaze [T, 7] from blendshape scores [T, 52]."""
        out = scores.new_zeros(len(scores), 7)
        out[:, 0] = scores[:, JAW_OPEN] * self.priors.jaw_gain
        return out

    def residuals(self, seen: Observations, pixels: Tensor) -> Tensor:
        """Weighted landmark and gap residuals [T, n, 2] of predicted landmarks [T, 478, 2]."""
        return self._with_gaps(pixels - seen.points) * self._scale(seen)

    def cost(self, seen: Observations, state: FrameState) -> Tensor:
        """Cost of every frame [T], without smoothness."""
        pixels, _ = projected(self.points.positions(state), state, seen.focal, seen.centre)
        data = self.residuals(seen, pixels).square().sum((1, 2))
        psi = ((state.psi - self.psi_mean(seen.scores)).square() * self._psi_weight).sum(1)
        off = torch.cat([state.jaw, state.gaze], 1) - self.pose_mean(seen.scores)
        pose = (off.square() * self._pose_weight[:7]).sum(1)
        return data + psi + pose

    def equations(self, seen: Observations, state: FrameState) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Normal equations of every frame.

        Returns:
            H [T, P, P] and g [T, P] (half the gradient) in float64, the weighted Jacobian [T, 2n, P], the weighted
            residuals [T, 2n] and the landmarks in camera space [T, 478, 3].
        """
        positions = self.points.positions(state)
        pixels, camera_points = projected(positions, state, seen.focal, seen.centre)
        lens = pixel_derivatives(camera_points, seen.focal)
        arm = camera_points - state.translation[:, None]
        x, y, z = arm.unbind(-1)
        zero = torch.zeros_like(x)
        by_rotation = torch.stack([zero, z, -y, -z, zero, x, y, -x, zero], -1).unflatten(-1, (3, 3))
        k, count = state.psi.shape[1], self.points.count
        rows = positions.new_empty(len(state), count + len(self._pairs), 2, k + POSE)
        self.points.pixel_rows(state, lens @ state.rotation[:, None], rows[:, :count, :, : k + 7])
        rows[:, :count, :, k + 7 : k + 10] = lens @ by_rotation
        rows[:, :count, :, k + 10 :] = lens
        rows[:, count:] = rows[:, self._pairs[:, 0]] - rows[:, self._pairs[:, 1]]
        rows *= self._scale(seen)[..., None]
        jacobian = rows.flatten(1, 2)
        residual = self.residuals(seen, pixels).flatten(1)
        hessian = (jacobian.transpose(1, 2) @ jacobian).double()
        gradient = (jacobian.transpose(1, 2) @ residual[..., None])[..., 0].double()
        weights = torch.cat([self._psi_weight, self._pose_weight]).double()
        hessian.diagonal(dim1=1, dim2=2).add_(weights + 1e-3)
        gradient[:, :k] += self._psi_weight * (state.psi - self.psi_mean(seen.scores))
        off = torch.cat([state.jaw, state.gaze], 1) - self.pose_mean(seen.scores)
        gradient[:, k : k + 7] += self._pose_weight[:7] * off
        return hessian, gradient, jacobian, residual, camera_points

    def weighted(self, seen: Observations, columns: Tensor) -> Tensor:
        """Landmark derivatives [T, 478, 2, C] as rows of the weighted Jacobian [T, 2n, C]."""
        return (self._with_gaps(columns) * self._scale(seen)[..., None]).flatten(1, 2)

    def _with_gaps(self, values: Tensor) -> Tensor:
        return torch.cat([values, values[:, self._pairs[:, 0]] - values[:, self._pairs[:, 1]]], 1)

    def _scale(self, seen: Observations) -> Tensor:
        unit = INDEPENDENT**0.5 / (LANDMARK_SIGMA * seen.eye_distance)
        whole = self._weights[None, :, None] * seen.present.sqrt()[:, None, None] * unit
        if seen.clear is None:
            return whole
        pairs = torch.minimum(seen.clear[:, self._pairs[:, 0]], seen.clear[:, self._pairs[:, 1]])
        return whole * torch.cat([seen.clear, pairs], 1).sqrt()[..., None]


def typical_eye_distance(points: NDArray[np.floating], present: NDArray[np.floating]) -> float:
    """Median distance of the outer eye corners over the frames with a face, pixels; points [T, 478, 2]."""
    seen = points[np.asarray(present) > 0]
    return float(np.median(np.linalg.norm(seen[:, 33] - seen[:, 263], axis=1)))
