"""The built-in head: its data, its skinning, its gradients and its speed."""

import time

import numpy as np
import pytest
import torch

from emotalker.engine.head.default import load_default_head, load_default_torso
from emotalker.engine.head.model import JOINTS, axis_angle_to_matrix


@pytest.fixture(scope="module")
def head():
    return load_default_head()


def rest_pose(head, frames=1, dtype=torch.float32):
    k = len(head.expression_names)
    zeros = lambda *shape: torch.zeros(frames, *shape, dtype=dtype)  # noqa: E731
    return {"psi": zeros(k), "jaw": zeros(3), "neck": zeros(3), "eyes": zeros(2, 3)}


def expressed(head, **amounts):
    pose = rest_pose(head)
    for name, value in amounts.items():
        pose["psi"][0, head.expression_names.index(name)] = value
    return head.forward(torch.zeros(len(head.identity_basis)), **pose)[0]


def test_shapes_are_those_of_the_protocol(head):
    """Every array has the shape `HeadModel` promises; names are unique; sizes are those of a human head in metres."""
    v, k, i = len(head.template), len(head.expression_names), len(head.identity_basis)
    assert head.expression_basis.shape == (k, v, 3)
    assert head.identity_basis.shape == (i, v, 3)
    assert head.joints.shape == (len(JOINTS), 3)
    assert head.weights.shape == (v, len(JOINTS))
    assert head.triangles.min() >= 0
    assert head.triangles.max() == v - 1
    assert len(set(head.expression_names)) == k
    assert 60 <= k <= 75
    assert "jawOpen" not in head.expression_names
    span = (head.template.max(0).values - head.template.min(0).values).tolist()
    assert 0.15 < span[0] < 0.22
    assert 0.24 < span[1] < 0.32


def test_skin_is_partitioned(head):
    """Weights sum to one; teeth, tongue and eyes are rigid with their joint; the collar belongs to the root."""
    assert torch.allclose(head.weights.sum(1), torch.ones(len(head.template)), atol=1e-6)
    assert (head.weights >= 0).all()
    joint = {"teeth_upper": 2, "teeth_lower": 3, "tongue": 3, "eye_l": 4, "eye_r": 5}
    for region, column in joint.items():
        assert (head.weights[head.regions[region], column] == 1).all(), region
    assert (head.weights[head.regions["neck_ring"], 0] > 0.99).all()
    # the forehead does not follow the jaw or the root
    top = head.template[:, 1] > 0.07
    assert (head.weights[top][:, [0, 3]] < 1e-3).all()


def test_regions_are_there_and_apart(head):
    """The regions of the protocol are not empty, and those that cannot overlap do not."""
    apart = ["eyes", "teeth_upper", "teeth_lower", "tongue", "scalp", "neck", "lips", "ears"]
    for name in ["face", "skin", "neck_ring", *apart]:
        assert head.regions[name].shape == (len(head.template),)
        assert head.regions[name].any(), name
    for n, first in enumerate(apart):
        for second in apart[n + 1 :]:
            assert not (head.regions[first] & head.regions[second]).any(), (first, second)
    assert not (head.regions["skin"] & head.regions["eyes"]).any()
    assert (head.regions["face"] <= head.regions["skin"]).all()


def test_rest_pose_is_the_template(head):
    """No identity, no expression and no turn give the template back, in the fast and in the batched path."""
    identity = torch.zeros(len(head.identity_basis))
    for frames in (1, 6):
        posed = head.forward(identity, **rest_pose(head, frames))
        assert posed.shape == (frames, len(head.template), 3)
        assert torch.allclose(posed, head.template.expand_as(posed), atol=1e-6)


def random_pose(head, frames, dtype=torch.float32, seed=0):
    g = torch.Generator().manual_seed(seed)
    pose = rest_pose(head, frames, dtype)
    pose["psi"] = torch.rand(pose["psi"].shape, generator=g, dtype=dtype)
    for name in ("jaw", "neck", "eyes"):
        pose[name] = 0.3 * torch.randn(pose[name].shape, generator=g, dtype=dtype)
    identity = torch.randn(len(head.identity_basis), generator=g, dtype=dtype)
    return identity, pose


def test_paths_agree(head):
    """The one-thread kernel, the batched path and the vertex subset compute the same vertices."""
    identity, pose = random_pose(head, 6)
    batched = head.forward(identity, **pose)
    single = torch.cat([head.forward(identity, **{n: x[i : i + 1] for n, x in pose.items()}) for i in range(6)])
    assert torch.allclose(batched, single, atol=2e-6)
    ids = torch.arange(3, len(head.template), 17)
    assert torch.allclose(head.forward(identity, **pose, vertex_ids=ids), batched[:, ids], atol=2e-6)


def test_gradients_match_finite_differences(head):
    """Derivatives to identity, expression and all turns agree with central differences in double precision."""
    wide = head.to(dtype=torch.float64)
    identity, pose = random_pose(head, 2, torch.float64)
    inputs = {"identity": identity, **pose}
    for x in inputs.values():
        x.requires_grad_(True)
    ids = torch.arange(0, len(head.template), 400)
    probe = torch.randn(2, len(ids), 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)

    def value():
        return (wide.forward(**inputs, vertex_ids=ids) * probe).sum()

    value().backward()
    step = 1e-6
    for name, x in inputs.items():
        for index in (0, x.numel() // 2, x.numel() - 1):
            flat = x.detach().view(-1)
            kept = flat[index].item()
            ends = []
            for sign in (1, -1):
                flat[index] = kept + sign * step
                with torch.no_grad():
                    ends.append(value().item())
            flat[index] = kept
            measured = (ends[0] - ends[1]) / (2 * step)
            assert x.grad.view(-1)[index].item() == pytest.approx(measured, rel=1e-4, abs=1e-7), name


def test_jaw_opens_down_and_carries_its_teeth(head):
    """A positive turn about x lowers chin, lower teeth and tongue, and leaves the upper teeth and the brow alone."""
    pose = rest_pose(head)
    pose["jaw"][0, 0] = 0.3
    moved = head.forward(torch.zeros(len(head.identity_basis)), **pose)[0] - head.template
    chin = head.landmark_triangles[152]
    assert moved[head.triangles[chin], 1].max() < -0.015
    assert moved[head.regions["teeth_lower"], 1].max() < -0.007
    assert moved[head.regions["teeth_upper"]].abs().max() < 1e-6
    assert moved[head.template[:, 1] > 0.05].abs().max() < 1e-3
    # a lower jaw is one bone: distances within the lower teeth stay
    assert (
        torch.pdist(head.template[head.regions["teeth_lower"]])
        .sub(torch.pdist((head.template + moved)[head.regions["teeth_lower"]]))
        .abs()
        .max()
        < 1e-5
    )


def test_left_is_the_persons_own(head):
    """Left shapes and the left eye joint move things at +x, which is the person's left when the face looks along +z."""
    for name in ("eyeBlinkLeft", "mouthSmileLeft", "browDownLeft"):
        moved = (expressed(head, **{name: 1.0}) - head.template).norm(dim=1)
        centre = (moved * head.template[:, 0]).sum() / moved.sum()
        assert centre > 0.01, name
    pose = rest_pose(head)
    pose["eyes"][0, 0, 1] = 0.3
    moved = (head.forward(torch.zeros(len(head.identity_basis)), **pose)[0] - head.template).norm(dim=1)
    assert moved[head.regions["eye_l"]].max() > 0.002
    assert moved[~head.regions["eye_l"]].max() < 1e-6


def test_expressions_leave_teeth_eyes_and_tongue_to_the_joints(head):
    """No expression moves teeth, tongue or eyeballs: they follow head, jaw and eye joints only."""
    rigid = sum(head.regions[n] for n in ("teeth_upper", "teeth_lower", "tongue", "eyes")) > 0
    assert head.expression_basis[:, rigid].abs().max() == 0


def test_eyes_close(head):
    """A full blink brings the lids of that eye together and leaves the other eye as it was."""

    def gap(vertices, upper, lower):
        points = head.landmarks(vertices[None])[0]
        return (points[upper] - points[lower]).norm()

    shut = expressed(head, eyeBlinkLeft=1.0)
    assert gap(shut, 386, 374) < 0.25 * gap(head.template, 386, 374)
    assert gap(shut, 159, 145) == pytest.approx(gap(head.template, 159, 145).item(), rel=0.02)


def test_neck_turns_the_head_and_spares_the_shoulders(head):
    """Turning the neck moves the face rigidly and does not tear the collar off the body."""
    pose = rest_pose(head)
    pose["neck"][0, 1] = 0.4
    posed = head.forward(torch.zeros(len(head.identity_basis)), **pose)[0]
    turn = axis_angle_to_matrix(pose["neck"][0])
    pivot = head.joints[1]
    expected = (head.template - pivot) @ turn.T + pivot
    face = head.regions["face"]
    assert (posed - expected)[face].norm(dim=1).max() < 1e-3
    assert (posed - head.template)[head.regions["neck_ring"]].norm(dim=1).max() < 1e-3
    # the face turned to its own left, +x
    assert posed[head.regions["face"]][:, 0].mean() > 0.01


def test_identity_is_shape_not_placement(head):
    """Identity neither shifts nor turns nor scales the head, and a unit of it is a plausible spread of people."""
    above = (head.weights[:, 0] == 0).numpy()
    rest = head.template[above]
    centred = rest - rest.mean(0)
    basis = head.identity_basis[:, above]
    assert basis.mean(1).abs().max() < 2e-4
    growth = (basis * centred).sum((1, 2)) / centred.square().sum()
    assert growth.abs().max() < 5e-3
    spread = basis.square().sum((0, 2)).mean().sqrt()
    assert 0.002 < spread < 0.006


def test_joints_follow_identity(head):
    """Eye joints stay in the middle of the eyeballs of any person."""
    identity, _ = random_pose(head, 1)
    vertices, joints = head.shape(identity)
    for joint, region in ((4, "eye_l"), (5, "eye_r")):
        assert (vertices[head.regions[region]].mean(0) - joints[joint]).norm() < 2e-4


def test_the_torso_continues_the_neck(head):
    """The shoulders begin where the head was cut."""
    torso, triangles = load_default_torso()
    ring = head.template.numpy()[head.regions["neck_ring"]]
    gaps = np.linalg.norm(ring[:, None] - torso[None], axis=2).min(1)
    assert gaps.max() < 1e-5
    assert triangles.max() == len(torso) - 1


def test_one_frame_is_quick(head):
    """A frame of a known person takes under 3 ms on a quiet core; the bound here forgives a busy machine."""
    identity, pose = random_pose(head, 1)
    times = []
    with torch.no_grad():
        for _ in range(30):
            start = time.perf_counter()
            head.forward(identity, **pose)
            times.append(time.perf_counter() - start)
    assert min(times) < 0.008
