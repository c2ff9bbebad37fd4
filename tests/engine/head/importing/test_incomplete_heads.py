"""Heads with less than their kind usually has, and landmarks found by looking at them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from emotalker.engine import assets
from emotalker.engine.head.default import load_default_head
from emotalker.engine.head.folder import checked
from emotalker.engine.head.importing import ImportedHead, import_head
from emotalker.engine.head.importing.align import fit_default
from emotalker.engine.head.importing.cut import collar, cut_neck
from emotalker.engine.head.importing.raw import BODY, in_metres
from emotalker.engine.head.importing.reader import read_raw
from emotalker.engine.synthetic.sample import sample_identity

NEEDED = ("template_vertex_positions", "triangles", "vertex_identity_basis", "expression_basis")
MODELS = ("face_landmarker", "face_detector_full_range")


def test_an_archive_without_labels_is_told_apart_by_shape(head_files: dict[str, Path], tmp_path: Path) -> None:
    """No vertex groups, no joints, no names: eyeballs, teeth and tongue are found by where they are."""
    with np.load(head_files["gnm"]) as data:
        np.savez(tmp_path / "gnm_head.npz", **{name: data[name] for name in NEEDED})
    head = checked(import_head(tmp_path / "gnm_head.npz", landmarker=None).head)
    default = load_default_head()
    for region in ("eye_l", "eye_r", "teeth_upper", "teeth_lower", "tongue"):
        assert head.regions[region].sum() == default.regions[region].sum(), region
    assert (head.weights[head.regions["teeth_lower"], 3] == 1).all()


def test_a_long_neck_is_cut_at_the_collar(head_files: dict[str, Path]) -> None:
    """What hangs below the collar goes, exactly at its plane; the face is untouched."""
    raw = in_metres(read_raw(head_files["gnm"]), "x")
    default = load_default_head()
    fit = fit_default(raw, default)
    # the same head with its collar raised by two centimetres
    raised = fit.points.copy()
    raised[default.regions["neck_ring"]] += [0.0, 0.02, 0.0]
    fit = type(fit)(fit.rotation, fit.translation, fit.scale, fit.identity, raised, fit.joints)
    short = cut_neck(raw, default, fit)
    centre, normal = collar(default, fit)
    heights = (short.template - centre) @ normal
    assert heights[short.parts <= BODY].min() == pytest.approx(0, abs=1e-9)
    assert (np.abs(heights) < 1e-9).sum() > 30
    assert short.template[:, 1].max() == raw.template[:, 1].max()
    assert short.identity.shape[1:] == short.template.shape == short.expression.shape[1:]
    assert len(short.template) < len(raw.template)


@pytest.mark.assets
@pytest.mark.slow
@pytest.mark.skipif(any(assets.path(name) is None for name in MODELS), reason="the face models are not downloaded")
def test_landmarks_are_found_by_looking(head_files: dict[str, Path], imported: Callable[[str], ImportedHead]) -> None:
    """With the face finder at hand the landmarks lie where it sees them, near those taken over, and both faces move."""
    seen = import_head(head_files["gnm"]).head
    default = load_default_head()
    still = torch.zeros(1, 62), torch.zeros(1, 3), torch.zeros(1, 3), torch.zeros(1, 2, 3)
    found = seen.pose_landmarks(torch.zeros(len(seen.identity_basis)), *still)[0]
    known = default.pose_landmarks(torch.from_numpy(sample_identity()), *still)[0]
    gap = 1000 * (found - found.mean(0) - known + known.mean(0)).norm(dim=1)
    assert gap.mean() < 2.0
    assert gap[[33, 133, 362, 263, 61, 291, 13, 14, 1]].max() < 3.0
    mirrored = found[[61, 33]] * torch.tensor([-1.0, 1.0, 1.0])
    assert (mirrored - found[[291, 263]]).norm(dim=1).max() < 0.004
