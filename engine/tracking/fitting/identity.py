"""Who the person is: identity of the head and focal length, from landmarks and outlines of frames of all clips."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from emotalker.engine.head.model import HeadModel
from emotalker.engine.tracking.fitting.outline import OutlineRows, outline_rows
from emotalker.engine.tracking.fitting.points import (
    FrameState,
    PointModel,
    landmark_points,
    pixel_derivatives,
    projected,
)
from emotalker.engine.tracking.fitting.sequence import first_guess, stuck
from emotalker.engine.tracking.fitting.system import Observations, Priors, Problem

FOCAL = 2.6  # of the crop's side: a head and shoulders from about two arm's lengths
FOCAL_SIGMA = 0.1
# frames of one person repeat each other: as much evidence as this many independent ones
INDEPENDENT_FRAMES = 4.0
LANDMARK_ROUNDS = 10
OUTLINE_ROUNDS = 8
# an outline vertex counts this much of an independent one
OUTLINE_SHARE = 0.3
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
        fit.step([])
    for _ in range(OUTLINE_ROUNDS):
        fit.step(outline_rows(head, fit.identity, fit.states, fit.seen, mattes))
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

    def step(self, outlines: Sequence[OutlineRows]) -> None:
        """One step with backtracking; `outlines` of every frame, or none at all."""
        problem = self.problem()
        hessian, gradient, jacobian, residual, camera_points = problem.equations(self.seen, self.states)
        common = self._common_columns(problem, camera_points)
        cross = (jacobian.transpose(1, 2) @ common).double()
        corner = (common.transpose(1, 2) @ common).double().sum(0)
        slope = (common.transpose(1, 2) @ residual[..., None])[..., 0].double().sum(0)
        share = len(self.seen) / INDEPENDENT_FRAMES
        weights = torch.full((len(slope),), share, dtype=torch.float64)
        # outlines must not bend the perspective that the landmarks found
        weights[-1] = share / FOCAL_SIGMA**2 if not outlines else 1e12
        corner += torch.diag(weights)
        slope[:-1] += share * self.identity
        slope[-1] += share * np.log(self.seen.focal / self._start) / FOCAL_SIGMA**2
        for f, rows in enumerate(outlines):
            pose, shape, off = rows.by_pose.double(), rows.by_identity.double(), rows.residual.double()
            hessian[f, -6:, -6:] += OUTLINE_SHARE * pose.T @ pose
            gradient[f, -6:] += OUTLINE_SHARE * pose.T @ off
            cross[f, -6:, :-1] += OUTLINE_SHARE * pose.T @ shape
            corner[:-1, :-1] += OUTLINE_SHARE * shape.T @ shape
            slope[:-1] += OUTLINE_SHARE * shape.T @ off
        free = (~stuck(self.states, gradient)).double()
        hessian = hessian * free[:, :, None] * free[:, None]
        hessian.diagonal(dim1=1, dim2=2).add_(1 - free)
        gradient, cross = gradient * free, cross * free[..., None]
        solved = torch.linalg.solve(hessian, torch.cat([cross, gradient[..., None]], -1))
        schur = corner - (cross.transpose(1, 2) @ solved[..., :-1]).sum(0)
        right = -slope + (cross.transpose(1, 2) @ solved[..., -1:])[..., 0].sum(0)
        move = torch.linalg.solve(schur, right)
        frames = -solved[..., -1] - solved[..., :-1] @ move
        self._move(move.float(), frames.float(), outlines)

    def _move(self, move: Tensor, frames: Tensor, outlines: Sequence[OutlineRows]) -> None:
        before = (self.identity, self.states, self.seen)
        cost = self._cost() + _outline_cost(outlines, move, frames, 0.0)
        for shrink in (1.0, 0.5, 0.25, 0.125):
            self.identity = (before[0] + shrink * move[:-1]).clamp(-REACH, REACH)
            self.states = before[1].moved(shrink * frames)
            self.seen = replace(before[2], focal=before[2].focal * float(np.exp(shrink * float(move[-1]))))
            if self._cost() + _outline_cost(outlines, move, frames, shrink) < cost:
                return
        self.identity, self.states, self.seen = before

    def _cost(self) -> float:
        share = len(self.seen) / INDEPENDENT_FRAMES
        focal = float(np.log(self.seen.focal / self._start)) / FOCAL_SIGMA
        prior = float(self.identity.double().square().sum()) + focal**2
        return float(self.problem().cost(self.seen, self.states).double().sum()) + share * prior

    def _common_columns(self, problem: Problem, camera_points: Tensor) -> Tensor:
        """Weighted derivatives of the landmarks by identity and by log focal length [F, 2n, I + 1]."""
        lens = pixel_derivatives(camera_points, self.seen.focal)
        by_identity = lens @ self.states.rotation[:, None] @ problem.points.by_identity(self.states)
        by_focal = camera_points[..., :2] / camera_points[..., 2:] * self.seen.focal
        return problem.weighted(self.seen, torch.cat([by_identity, by_focal[..., None]], -1))


def start_focal(size: float) -> float:
    """Where the search for the focal length starts, pixels, for a crop of `size` pixels."""
    return FOCAL * size


def _outline_cost(outlines: Sequence[OutlineRows], move: Tensor, frames: Tensor, part: float) -> float:
    """Cost of the outlines after a part of a step, to first order."""
    total = 0.0
    for rows, frame in zip(outlines, frames):
        off = rows.residual + part * (rows.by_pose @ frame[-6:] + rows.by_identity @ move[:-1])
        total += float(off.double().square().sum())
    return OUTLINE_SHARE * total
