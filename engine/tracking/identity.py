"""Who the person is: identity of the head and focal length, from landmarks and outlines of frames of all clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emotalker.engine.head.model import HeadModel
from emotalker.engine.tracking.outline import outline_terms
from emotalker.engine.tracking.points import FrameState, PointModel, landmark_points, pixel_derivatives, projected
from emotalker.engine.tracking.sequence import first_guess, stuck
from emotalker.engine.tracking.system import Observations, Priors, Problem

FOCAL = 2.6  # of the crop's side: a head and shoulders from about two arm's lengths
FOCAL_SIGMA = 0.1
# frames of one person repeat each other: as much evidence as this many independent ones
INDEPENDENT_FRAMES = 6.0
LANDMARK_ROUNDS = 10
OUTLINE_ROUNDS = 5
STEPS = 3
REACH = 3.0  # standard deviations beyond which an identity coefficient may not go


@dataclass
class Likeness:
    """The fitted person.

    Attributes:
        identity: coefficients [I].
        focal: pixels of the crop.
        states: the sampled frames.
        error: mean landmark distance in eye distances over the sampled frames.
    """

    identity: Tensor
    focal: float
    states: FrameState
    error: float


def fit_likeness(head: HeadModel, seen: Observations, mattes: Sequence[NDArray[np.uint8]], priors: Priors) -> Likeness:
    """Fit identity and focal length to sampled frames.

    Args:
        head: the head model.
        seen: landmarks of F frames of all clips that may be learned from; its focal length is where the search starts.
        mattes: their mattes u8 [S, S], 255 is the person; S is twice `seen.centre`.
        priors: standard deviations of the frames' unknowns.
    """
    points = landmark_points(head)
    identity = torch.zeros(len(head.identity_basis))
    fit = _Fit(head, points, seen, priors, identity, FrameState(*(torch.empty(0),) * 5), seen.focal)
    fit.states = first_guess(fit.problem(), seen)
    for _ in range(LANDMARK_ROUNDS):
        fit.step(None)
    for _ in range(OUTLINE_ROUNDS):
        terms = outline_terms(head, fit.identity, fit.states, fit.seen, mattes)
        for _ in range(STEPS):
            fit.step(terms)
    pixels, _ = projected(fit.problem().points.positions(fit.states), fit.states, fit.seen.focal, seen.centre)
    error = float((pixels - seen.points).norm(dim=-1).mean() / seen.eye_distance)
    return Likeness(fit.identity, fit.seen.focal, fit.states, error)


class _Fit:
    """Joint Gauss-Newton over identity and focal length (common) and the frames (eliminated by Schur complement)."""

    def __init__(
        self, head: HeadModel, points: PointModel, seen: Observations, priors: Priors, identity: Tensor,
        states: FrameState, focal: float,
    ) -> None:  # fmt: skip
        self.head, self.points, self.seen, self.priors = head, points, seen, priors
        self.identity, self.states, self._start = identity, states, focal

    def problem(self) -> Problem:
        return Problem(self.points.shaped(self.identity), self.head.expression_names, self.priors)

    def step(self, terms: tuple[Tensor, Tensor, Tensor] | None) -> None:
        """One step with backtracking; `terms` are H, g and the identity they were taken at."""
        problem = self.problem()
        hessian, gradient, jacobian, residual, camera_points = problem.equations(self.seen, self.states)
        common = self._common_columns(problem, camera_points)
        share = len(self.seen) / INDEPENDENT_FRAMES
        cross = (jacobian.transpose(1, 2) @ common).double()
        corner = (common.transpose(1, 2) @ common).double().sum(0)
        slope = (common.transpose(1, 2) @ residual[..., None])[..., 0].double().sum(0)
        weights = torch.full((len(slope),), share, dtype=torch.float64)
        weights[-1] = share / FOCAL_SIGMA**2
        corner += torch.diag(weights)
        slope[:-1] += share * self.identity
        slope[-1] += share * np.log(self.seen.focal / self._start) / FOCAL_SIGMA**2
        if terms is not None:
            corner[:-1, :-1] += share * terms[0]
            slope[:-1] += share * (terms[1] + terms[0] @ (self.identity - terms[2]).double())
        free = (~stuck(self.states, gradient)).double()
        hessian = hessian * free[:, :, None] * free[:, None]
        hessian.diagonal(dim1=1, dim2=2).add_(1 - free)
        gradient, cross = gradient * free, cross * free[..., None]
        solved = torch.linalg.solve(hessian, torch.cat([cross, gradient[..., None]], -1))
        schur = corner - (cross.transpose(1, 2) @ solved[..., :-1]).sum(0)
        right = -slope + (cross.transpose(1, 2) @ solved[..., -1:])[..., 0].sum(0)
        move = torch.linalg.solve(schur, right)
        frames = -solved[..., -1] - solved[..., :-1] @ move
        self._move(move.float(), frames.float(), terms, share)

    def _move(self, move: Tensor, frames: Tensor, terms: tuple[Tensor, Tensor, Tensor] | None, share: float) -> None:
        before = (self.identity, self.states, self.seen)
        cost = self._cost(terms, share)
        for shrink in (1.0, 0.5, 0.25, 0.125):
            self.identity = (before[0] + shrink * move[:-1]).clamp(-REACH, REACH)
            self.states = before[1].moved(shrink * frames)
            self.seen = replace(before[2], focal=before[2].focal * float(np.exp(shrink * float(move[-1]))))
            if self._cost(terms, share) < cost:
                return
        self.identity, self.states, self.seen = before

    def _cost(self, terms: tuple[Tensor, Tensor, Tensor] | None, share: float) -> float:
        data = float(self.problem().cost(self.seen, self.states).double().sum())
        prior = (
            float(self.identity.double().square().sum()) + (np.log(self.seen.focal / self._start) / FOCAL_SIGMA) ** 2
        )
        if terms is not None:
            off = (self.identity - terms[2]).double()
            prior += float(off @ terms[0] @ off + 2 * terms[1] @ off)
        return data + share * prior

    def _common_columns(self, problem: Problem, camera_points: Tensor) -> Tensor:
        """Weighted derivatives of the landmarks by identity and by log focal length [F, 2n, I + 1]."""
        lens = pixel_derivatives(camera_points, self.seen.focal)
        by_identity = lens @ self.states.rotation[:, None] @ problem.points.by_identity(self.states)
        by_focal = camera_points[..., :2] / camera_points[..., 2:] * self.seen.focal
        return problem.weighted(self.seen, torch.cat([by_identity, by_focal[..., None]], -1))


def start_focal(size: float) -> float:
    """Where the search for the focal length starts, pixels, for a crop of `size` pixels."""
    return FOCAL * size
