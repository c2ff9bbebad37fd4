"""Refining some consecutive frames: Gauss-Newton on picture, landmarks, priors and calmness together."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from emotalker.engine.refining.picture import PictureTerm, Recorded
from emotalker.engine.refining.pose import TRUNK, Unknowns
from emotalker.engine.tracking.fitting.sequence import chained, stuck
from emotalker.engine.tracking.fitting.system import Observations, Priors, Problem

FIRST_DAMPING, MOST_DAMPING = 0.1, 100.0
MEASURED_EVERY = 32


@dataclass(frozen=True)
class Calm:
    """How much corrections may be, and how fast they may change; standard deviations.

    The tracker's own motion is smooth already. What is held calm is the change of the correction from frame to frame,
    so that quick true motion is not slowed down.

    Attributes:
        trunk: turn of the trunk about the track's, radians.
        psi_step: unitless, per frame, as the others.
        jaw_step: radians.
        gaze_step: radians.
        rotation_step: radians.
        translation_step: metres.
        trunk_step: radians.
    """

    trunk: float = 0.10
    psi_step: float = 0.012
    jaw_step: float = 0.004
    gaze_step: float = 0.006
    rotation_step: float = 0.003
    translation_step: float = 0.0004
    trunk_step: float = 0.003

    def inverse_steps(self, expressions: int) -> Tensor:
        """Weights 1 / sigma^2 of all changes per frame [K + 16], float64."""
        counts = (expressions, 3, 4, 3, 3, TRUNK)
        sigmas = (
            self.psi_step, self.jaw_step, self.gaze_step, self.rotation_step, self.translation_step, self.trunk_step
        )  # fmt: skip
        return torch.cat([torch.full((n,), s**-2, dtype=torch.float64) for n, s in zip(counts, sigmas)])


class Ties:
    """What ties frames to their neighbours: motion as the tracker expects it, and calm corrections.

    Args:
        priors: the tracker's.
        start: the frames before refinement.
        before: the frame in front of them as it was and as it has been refined, if there is one.
    """

    def __init__(self, priors: Priors, start: Unknowns, before: tuple[Unknowns, Unknowns] | None) -> None:
        expressions = start.head.psi.shape[1]
        self._motion = torch.cat([priors.inverse_steps(expressions).double(), torch.zeros(TRUNK).double()])
        self._calm = Calm().inverse_steps(expressions)
        self._before = None if before is None else before[1]
        self._usual = start.differences(None if before is None else before[0])
        self.weights = self._motion + self._calm
        count = torch.full((len(start), 1), 2.0, dtype=torch.float64)
        count[0] -= float(before is None)
        count[-1] -= 1
        self.diagonal = count * self.weights
        """Their share of the Hessian's diagonal [T, P]."""

    def cost(self, now: Unknowns) -> float:
        """Sum over all frames."""
        change = now.differences(self._before)
        return float((change.square() * self._motion + (change - self._usual).square() * self._calm).sum())

    def gradient(self, now: Unknowns) -> Tensor:
        """Half the derivative of the cost [T, P]."""
        change = now.differences(self._before)
        pull = change * self._motion + (change - self._usual) * self._calm
        out = pull.clone()
        out[:-1] -= pull[1:]
        return out


def refine_chunk(
    problem: Problem,
    seen: Observations,
    pictures: PictureTerm,
    recorded: Sequence[Recorded],
    start: Unknowns,
    before: tuple[Unknowns, Unknowns] | None,
    iterations: int,
) -> Generator[float, None, Unknowns]:
    """Refine T consecutive frames.

    The step of every iteration solves all frames at once, since each is tied to its neighbours. A frame whose cost
    grew goes back to where it was and is damped more, as Levenberg and Marquardt do.

    Args:
        problem: landmarks and priors.
        seen: what the landmarker saw.
        pictures: the picture term.
        recorded: the T frames.
        start: where to begin.
        before: the frame in front as it was and as it has been refined, if there is one.
        iterations: how often to draw every frame.

    Yields:
        The share of the work that is done.

    Returns:
        The best unknowns found.
    """
    count = len(start)
    ties = Ties(problem.priors, start, before)
    best, best_costs, best_total = start, torch.full((count,), torch.inf, dtype=torch.float64), float("inf")
    damping = torch.full((count, 1), FIRST_DAMPING, dtype=torch.float64)
    equations: tuple[Tensor, Tensor] | None = None
    trial = start
    curvature = yield from _curvatures(pictures, recorded, start, seen)
    for iteration in range(iterations + 1):
        cost, hessian, gradient = _landmark_part(problem, seen, trial, start)
        hessian += curvature
        for t in range(count):
            if seen.present[t] > 0:
                picture_cost, picture_gradient = pictures.term(trial, t, recorded[t])
                cost[t] += picture_cost
                gradient[t] += picture_gradient
            yield (iteration + (t + 1) / count) / (iterations + 1)
        total = float(cost.sum()) + ties.cost(trial)
        worse = (cost > best_costs)[:, None]
        damping = torch.where(worse, damping * 6, damping * (0.4 if total < best_total else 1.5)).clamp(
            1e-3, MOST_DAMPING
        )
        if total < best_total:
            best, best_costs, best_total, equations = trial, cost, total, (hessian, gradient)
        if iteration < iterations and equations is not None:
            trial = best.moved(_step(best, ties, *equations, damping).float())
    return best


def _curvatures(
    pictures: PictureTerm, recorded: Sequence[Recorded], start: Unknowns, seen: Observations
) -> Generator[float, None, Tensor]:
    """Curvature of the picture term [T, P, P]: measured every `MEASURED_EVERY` frames, blended in between."""
    count = len(start)
    known = [t for t in range(count) if seen.present[t] > 0]
    places = (
        sorted({known[i] for i in range(len(known) // MEASURED_EVERY // 2, len(known), MEASURED_EVERY)})
        if known
        else []
    )
    measured, coarse = [], pictures.halved()
    for t in places:
        measured.append(coarse.curvature(start, t, recorded[t].halved()).double())
        yield 0.0
    size = start.step().shape[1]
    out = torch.zeros(count, size, size, dtype=torch.float64)
    for t in range(count if places else 0):
        after = sum(p <= t for p in places)
        low, high = max(after - 1, 0), min(after, len(places) - 1)
        share = (t - places[low]) / (places[high] - places[low]) if high > low else 0.0
        out[t] = (1 - share) * measured[low] + share * measured[high]
    return out


def _landmark_part(
    problem: Problem, seen: Observations, now: Unknowns, start: Unknowns
) -> tuple[Tensor, Tensor, Tensor]:
    """Cost [T], Hessian and gradient of landmarks and priors, padded for the trunk."""
    hessian, gradient = problem.equations(seen, now.head)[:2]
    cost = problem.cost(seen, now.head).double()
    count, size = gradient.shape
    wide = torch.zeros(count, size + TRUNK, size + TRUNK, dtype=torch.float64)
    wide[:, :size, :size] = hessian
    turned = Unknowns(now.head, now.trunk @ start.trunk.transpose(1, 2))
    away = turned.trunk - turned.trunk.transpose(1, 2)
    offset = 0.5 * torch.stack([away[:, 2, 1], away[:, 0, 2], away[:, 1, 0]], 1).double()
    wide.diagonal(dim1=1, dim2=2)[:, size:] += Calm.trunk**-2
    cost = cost + (offset.square() * Calm.trunk**-2).sum(1)
    return cost, wide, torch.cat([gradient, offset * Calm.trunk**-2], 1)


def _step(now: Unknowns, ties: Ties, hessian: Tensor, gradient: Tensor, damping: Tensor) -> Tensor:
    """The damped Gauss-Newton step [T, P] (float64)."""
    count, size = gradient.shape
    right = gradient + ties.gradient(now)
    free = torch.ones(count, size, dtype=torch.float64)
    free[:, :-TRUNK] = (~stuck(now.head, right[:, :-TRUNK])).double()
    right = -right * free
    links = ties.weights[None] * free[1:] * free[:-1]  # off-diagonal blocks are diagonal: minus these
    diagonal = hessian.clone()
    own = diagonal.diagonal(dim1=1, dim2=2)
    own += own * damping + ties.diagonal
    diagonal = diagonal * free[:, :, None] * free[:, None, :]
    diagonal.diagonal(dim1=1, dim2=2).add_(1 - free)
    return chained(diagonal, links, right)
