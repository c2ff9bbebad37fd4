"""Expression and pose of all frames of a clip at once: Gauss-Newton with frames coupled to their neighbours."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from torch import Tensor

from emotalker.engine.tracking.fitting.points import JAW_SHUT, FrameState, PointModel
from emotalker.engine.tracking.fitting.rotations import log_rotation
from emotalker.engine.tracking.fitting.system import POSE, Observations, Problem
from emotalker.engine.tracking.landmark_sets import STIFF

CHUNK = 192
AHEAD = 12
ITERATIONS = 12
ENOUGH = 1e-4


def fit_frames(problem: Problem, seen: Observations) -> FrameState:
    """Fit every frame of a clip, in chunks so that memory does not grow with its length.

    A chunk starts from the last frame of the one before and looks `AHEAD` frames beyond its own end.
    """
    done: list[FrameState] = []
    before: FrameState | None = None
    for start in range(0, len(seen), CHUNK):
        own = min(CHUNK, len(seen) - start)
        part = seen[start : start + own + AHEAD]
        fitted = fit_chunk(problem, part, before)[:own]
        done.append(fitted)
        before = fitted[-1:]
    return FrameState.joined(done)


def fit_chunk(problem: Problem, seen: Observations, before: FrameState | None = None) -> FrameState:
    """Fit some consecutive frames; `before` is the fixed frame in front of them, if there is one."""
    state = first_guess(problem, seen)
    steps = problem.inverse_steps().double()
    cost = _total(problem, seen, state, steps, before)
    for _ in range(ITERATIONS):
        hessian, gradient = problem.equations(seen, state)[:2]
        free = _free(state, gradient, steps, before)
        move = _solve(hessian, gradient, _differences(state, before), steps, free, before is not None).float()
        for shrink in (1.0, 0.5, 0.25, 0.125):
            trial = state.moved(move * shrink)
            trial_cost = _total(problem, seen, trial, steps, before)
            if trial_cost < cost:
                break
        else:
            break
        gain, state, cost = (cost - trial_cost) / max(cost, 1e-9), trial, trial_cost
        if gain < ENOUGH:
            break
    return state


def first_guess(problem: Problem, seen: Observations) -> FrameState:
    """Pose of the stiff landmarks; jaw and expression from the scores; lost frames take a neighbour's."""
    count, k = len(seen), len(problem.names)
    rest = _rest(problem.points, k)[list(STIFF)].numpy().astype(np.float64)
    camera = np.array([[seen.focal, 0, seen.centre], [0, seen.focal, seen.centre], [0, 0, 1]])
    rotations, translations = np.zeros((count, 3, 3), np.float32), np.zeros((count, 3), np.float32)
    pixels = seen.points.numpy().astype(np.float64)
    known = np.nonzero(seen.present.numpy() > 0)[0]
    for t in known:
        rotations[t], translations[t] = _pose(rest, pixels[t, list(STIFF)], camera)
    if len(known) == 0:
        rotations[:], translations[:] = np.diag([1, -1, -1]), (0, 0, 1)
    else:
        nearest = known[np.abs(np.arange(count)[:, None] - known[None]).argmin(1)]
        rotations, translations = rotations[nearest], translations[nearest]
    jaw = torch.zeros(count, 3)
    jaw[:, 0] = 0.3 * seen.scores[:, 25] * (seen.present > 0)
    return FrameState(
        problem.psi_mean(seen.scores), jaw, torch.zeros(count, 4), torch.from_numpy(rotations),
        torch.from_numpy(translations),
    )  # fmt: skip


def _rest(points: PointModel, k: int) -> Tensor:
    calm = FrameState(torch.zeros(1, k), torch.zeros(1, 3), torch.zeros(1, 4), torch.eye(3)[None], torch.zeros(1, 3))
    return points.positions(calm)[0]


def _pose(rest: np.ndarray, pixels: np.ndarray, camera: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rigid head-to-camera pose; starts upright and facing the camera, so that it cannot flip."""
    turn, _ = cv2.Rodrigues(np.diag([1.0, -1.0, -1.0]))
    spread = np.linalg.norm(rest - rest.mean(0), axis=1).mean() / np.linalg.norm(pixels - pixels.mean(0), axis=1).mean()
    depth = camera[0, 0] * spread
    shift = np.array([*(pixels.mean(0) - camera[:2, 2]) * spread, depth])
    turn = np.array([np.pi, 0.0, 0.0]) if not np.isfinite(turn).all() else turn.ravel()
    _, turn, shift = cv2.solvePnP(rest, pixels, camera, None, turn.copy(), shift, True, cv2.SOLVEPNP_ITERATIVE)
    return cv2.Rodrigues(turn)[0], shift.ravel()


def _differences(state: FrameState, before: FrameState | None) -> Tensor:
    """Change of every unknown from the frame in front [T, P]; the first row is 0 without a frame before it."""
    whole = state if before is None else FrameState.joined([before, state])
    change = torch.cat(
        [
            whole.psi.diff(dim=0),
            whole.jaw.diff(dim=0),
            whole.gaze.diff(dim=0),
            log_rotation(whole.rotation[1:] @ whole.rotation[:-1].transpose(1, 2)),
            whole.translation.diff(dim=0),
        ],
        1,
    ).double()
    return (
        change
        if before is not None
        else torch.cat([torch.zeros_like(change[:1]), change])
        if len(change)
        else (torch.zeros(1, state.psi.shape[1] + POSE, dtype=torch.float64))
    )


def _total(problem: Problem, seen: Observations, state: FrameState, steps: Tensor, before: FrameState | None) -> float:
    smoothness = (_differences(state, before).square() * steps).sum()
    return float(problem.cost(seen, state).double().sum() + smoothness)


def _free(state: FrameState, gradient: Tensor, steps: Tensor, before: FrameState | None) -> Tensor:
    """Which unknowns may move [T, P]: coefficients at a bound that want to leave it stay put."""
    change = _differences(state, before) * steps
    whole = gradient + change
    whole[:-1] -= change[1:]
    return ~stuck(state, whole)


def stuck(state: FrameState, gradient: Tensor) -> Tensor:
    """Which unknowns [T, P] sit at a bound that the gradient [T, P] wants to cross."""
    k = state.psi.shape[1]
    out = torch.zeros_like(gradient, dtype=torch.bool)
    out[:, :k] = ((state.psi <= 0) & (gradient[:, :k] > 0)) | ((state.psi >= 1) & (gradient[:, :k] < 0))
    out[:, k] = (state.jaw[:, 0] <= JAW_SHUT) & (gradient[:, k] > 0)
    return out


def _solve(hessian: Tensor, gradient: Tensor, change: Tensor, steps: Tensor, free: Tensor, has_before: bool) -> Tensor:
    """The Gauss-Newton step [T, P] (float64)."""
    count = len(gradient)
    links = steps[None] * free[1:] * free[:-1]  # off-diagonal blocks are diagonal: minus these
    diagonal = hessian.clone()
    tied = torch.ones(count, 1, dtype=torch.float64)
    tied[0] = float(has_before)
    onward = torch.ones(count, 1, dtype=torch.float64)
    onward[-1] = 0
    diagonal.diagonal(dim1=1, dim2=2).add_(steps * (tied + onward))
    right = -(gradient + change * steps)
    right[:-1] += change[1:] * steps
    mask = free.double()
    diagonal = diagonal * mask[:, :, None] * mask[:, None, :]
    diagonal.diagonal(dim1=1, dim2=2).add_(1 - mask)
    return chained(diagonal, links, right * mask)


def chained(diagonal: Tensor, links: Tensor, right: Tensor) -> Tensor:
    """The solution [T, P] of a symmetric block-tridiagonal system (block Thomas algorithm).

    Args:
        diagonal: positive definite blocks on the diagonal [T, P, P], float64.
        links: what the blocks beside it hold on their diagonals, negated [T - 1, P].
        right: right side [T, P].
    """
    count, size = right.shape
    right = right.clone()
    inverses = torch.empty(count, size, size, dtype=torch.float64)
    for t in range(count):
        block = diagonal[t]
        if t:
            block = block - links[t - 1][:, None] * inverses[t - 1] * links[t - 1][None]
            right[t] += links[t - 1] * (inverses[t - 1] @ right[t - 1])
        inverses[t] = torch.cholesky_inverse(torch.linalg.cholesky(block))
    out = torch.empty_like(right)
    out[-1] = inverses[-1] @ right[-1]
    for t in range(count - 2, -1, -1):
        out[t] = inverses[t] @ (right[t] + links[t] * out[t + 1])
    return out
