"""The fit finds again what landmarks were made from."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from emotalker.engine.head.default import load_default_head
from emotalker.engine.torch_threads import one_torch_thread
from emotalker.engine.tracking.fitting.identity import fit_likeness
from emotalker.engine.tracking.fitting.points import FrameState, landmark_points, pixel_derivatives, projected
from emotalker.engine.tracking.fitting.rotations import log_rotation
from emotalker.engine.tracking.fitting.sequence import CHUNK, fit_frames
from emotalker.engine.tracking.fitting.system import Observations, Priors, Problem
from emotalker.engine.tracking.landmark_sets import LIP_GAPS


@pytest.fixture(scope="module")
def problem(identity: torch.Tensor) -> Problem:
    """The problem of the person's own head."""
    head = load_default_head()
    return Problem(landmark_points(head).shaped(identity), head.expression_names, Priors())


@pytest.fixture(scope="module")
def fitted(problem: Problem, seen: Observations) -> FrameState:
    """The fit of the known motion."""
    with one_torch_thread():
        return fit_frames(problem, seen)


def test_points_agree_with_the_head(identity: torch.Tensor, motion: FrameState) -> None:
    """The fast linear landmarks are the head model's own, but for the inner lips, which are drawn together."""
    head = load_default_head()
    still = torch.zeros_like(motion.jaw)
    expected = head.pose_landmarks(identity, motion.psi, motion.jaw, still, motion.eyes)
    found = landmark_points(head).shaped(identity).positions(motion)
    inner = sorted({i for pair in LIP_GAPS for i in pair})
    others = [i for i in range(478) if i not in inner]
    torch.testing.assert_close(found[:, others], expected[:, others], atol=1e-6, rtol=0)
    assert float((found[:, inner] - expected[:, inner]).norm(dim=-1).max()) < 0.003


def test_a_shut_mouth_needs_no_expression() -> None:
    """On the head at rest the landmarks of the inner lips meet within a millimetre, as the landmarker sees them."""
    head = load_default_head()
    calm = FrameState(
        torch.zeros(1, len(head.expression_names)), torch.zeros(1, 3), torch.zeros(1, 4), torch.eye(3)[None],
        torch.zeros(1, 3),
    )  # fmt: skip
    points = landmark_points(head).positions(calm)[0]
    assert all(float((points[up] - points[low]).norm()) < 0.001 for up, low in LIP_GAPS)


def test_derivatives_agree_with_autograd(identity: torch.Tensor, motion: FrameState) -> None:
    """Hand-written derivatives by expression, jaw, gaze and identity are right."""
    points = landmark_points(load_default_head())
    calm = FrameState(motion.psi[:2], torch.zeros(2, 3), torch.zeros(2, 4), motion.rotation[:2], motion.translation[:2])

    def pixels(psi: torch.Tensor, jaw: torch.Tensor, gaze: torch.Tensor, who: torch.Tensor) -> torch.Tensor:
        state = replace(calm, psi=psi, jaw=jaw, gaze=gaze)
        return projected(points.shaped(who).positions(state), state, 1280.0, 256.0)[0][:, ::40].sum(0)

    by_psi, by_jaw, by_gaze, by_identity = torch.autograd.functional.jacobian(
        pixels, (calm.psi, calm.jaw, calm.gaze, identity)
    )
    own = points.shaped(identity)
    _, camera = projected(own.positions(calm), calm, 1280.0, 256.0)
    lens = pixel_derivatives(camera, 1280.0) @ calm.rotation[:, None]
    rows = torch.empty(2, 478, 2, calm.psi.shape[1] + 7)
    own.pixel_rows(calm, lens, rows)
    expected = torch.cat([by_psi, by_jaw, by_gaze], -1).permute(2, 0, 1, 3)
    torch.testing.assert_close(rows[:, ::40], expected, atol=0.05, rtol=1e-3)
    shape_rows = (lens @ own.by_identity(calm))[:, ::40].sum(0)
    torch.testing.assert_close(shape_rows, by_identity, atol=0.02, rtol=1e-3)


def test_motion_is_recovered(problem: Problem, seen: Observations, motion: FrameState, fitted: FrameState) -> None:
    """Jaw within two degrees, head within half a degree, landmarks within 1.5 % of the eye distance."""
    pixels, _ = projected(problem.points.positions(fitted), fitted, seen.focal, seen.centre)
    truth, _ = projected(problem.points.positions(motion), motion, seen.focal, seen.centre)
    assert float((pixels - truth).norm(dim=-1).mean()) <= 0.015 * seen.eye_distance
    assert float((fitted.jaw - motion.jaw).norm(dim=1).mean()) <= np.radians(2.0)
    turned = log_rotation(fitted.rotation @ motion.rotation.transpose(1, 2)).norm(dim=1)
    assert float(turned.mean()) <= np.radians(0.5)
    assert float((fitted.gaze - motion.gaze).abs().mean()) <= np.radians(3.0)
    assert bool((fitted.psi >= 0).all())
    assert bool((fitted.psi <= 1).all())


def test_expressions_keep_their_meaning(motion: FrameState, fitted: FrameState) -> None:
    """A smile is fitted as a smile and a blink as a blink, even where the scores deny them all (they are 0 here)."""
    names = load_default_head().expression_names
    for name in ("mouthSmileLeft", "mouthSmileRight", "eyeBlinkLeft", "browInnerUp", "mouthPucker"):
        k = names.index(name)
        assert np.corrcoef(fitted.psi[:, k], motion.psi[:, k])[0, 1] > 0.87, name


def test_lost_frames_are_bridged(problem: Problem, seen: Observations, motion: FrameState) -> None:
    """Frames without a face go smoothly from what was before to what comes after."""
    present = seen.present.clone()
    present[10:14] = 0
    garbage = seen.points.clone()
    garbage[10:14] = 0
    with one_torch_thread():
        fitted = fit_frames(problem, replace(seen, present=present, points=garbage))
    turned = log_rotation(fitted.rotation @ motion.rotation.transpose(1, 2)).norm(dim=1)
    assert float(turned[10:14].max()) < np.radians(3.0)
    assert float((fitted.translation - motion.translation).norm(dim=1)[10:14].max()) < 0.01


def test_chunks_join_without_a_step(problem: Problem, seen: Observations) -> None:
    """A long clip is fitted in pieces; where they meet there is no more motion than elsewhere."""
    repeats = CHUNK // len(seen) + 2
    there_and_back = torch.cat([torch.arange(len(seen)), torch.arange(len(seen) - 1, -1, -1)])
    order = there_and_back.repeat(repeats)[: CHUNK + 30]
    with one_torch_thread():
        fitted = fit_frames(problem, seen[order])
    steps = fitted.psi.diff(dim=0).norm(dim=1)
    assert float(steps[CHUNK - 1]) <= float(steps.quantile(0.98))
    turns = log_rotation(fitted.rotation[1:] @ fitted.rotation[:-1].transpose(1, 2)).norm(dim=1)
    assert float(turns[CHUNK - 1]) <= 1.2 * float(turns.max())


def test_identity_and_focal_length(identity: torch.Tensor, seen: Observations) -> None:
    """From landmarks alone the face comes out within two millimetres and the focal length within a tenth."""
    head = load_default_head()
    frames = seen[torch.arange(0, 50, 4)]
    start = replace(frames, focal=seen.focal * 1.08)
    blank = [np.full((512, 512), 255, np.uint8)] * len(frames)
    with one_torch_thread():
        likeness = fit_likeness(head, start, blank, Priors())
    assert likeness.error < 0.015
    assert abs(likeness.focal / seen.focal - 1) < 0.1
    face = torch.from_numpy(head.regions["face"])
    found, true = head.shape(likeness.identity)[0][face], head.shape(identity)[0][face]
    found, true = found - found.mean(0), true - true.mean(0)
    # one camera cannot tell a large head far away from a small one near by
    found = found * (true.norm() / found.norm())
    assert float((found - true).norm(dim=1).mean()) < 0.002


def test_same_result_again(problem: Problem, seen: Observations, fitted: FrameState) -> None:
    """The fit is deterministic to the bit."""
    with one_torch_thread():
        again = fit_frames(problem, seen)
    assert torch.equal(again.psi, fitted.psi)
    assert torch.equal(again.rotation, fitted.rotation)
