"""What a few clips cannot say: mean faces leaning on the published ones, inputs that may lack, lips that meet."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import torch

from emotalker.engine.a2et.articulation import CHANNELS, ArticulatorSpec
from emotalker.engine.a2et.layers import usual_strength
from emotalker.engine.a2et.losses import fit_offsets
from emotalker.engine.a2et.measure import measure_head
from emotalker.engine.a2et.model import A2ET, A2ETSpec
from emotalker.engine.a2et.predict import _press_lips, a2et_from_arrays
from emotalker.engine.emotion.labels import EMOTIONS
from emotalker.engine.head.default import load_default_head

D = 5
ANGRY, HAPPY, SAD = (EMOTIONS.index(e) for e in ("angry", "happy", "sad"))


def _clips(*labels: tuple[int, float]) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.eye(len(EMOTIONS))[[e for e, _ in labels]], torch.tensor([level for _, level in labels])


def test_usual_strength_grows_fast_at_first() -> None:
    """0 at level 0, 1 at level 3, half of it before level 1.5, never falling."""
    values = usual_strength(torch.linspace(0, 3, 13))
    assert values[0] == 0
    assert values[-1] == pytest.approx(1)
    assert (values.diff() > 0).all()
    assert values[6] > 0.55


def test_offsets_follow_the_clips_where_there_are_some() -> None:
    """Means made from a neutral face and offsets lead back to about both."""
    emotions, levels = _clips((0, 0.0), (HAPPY, 1.0), (HAPPY, 3.0), (SAD, 2.0))
    neutral, happy, sad = torch.arange(5.0), torch.full((D,), 2.0), torch.tensor([0.0, -3, 0, 0, 1])
    felt = usual_strength(levels)[:, None]
    means = neutral + felt * (emotions[:, HAPPY, None] * happy + emotions[:, SAD, None] * sad)
    found, offsets = fit_offsets(means, torch.full((4,), 400.0), emotions, levels)
    torch.testing.assert_close(found, neutral, atol=0.5, rtol=0)
    assert torch.nn.functional.cosine_similarity(offsets[HAPPY], happy, dim=0) > 0.95
    assert torch.nn.functional.cosine_similarity(offsets[SAD], sad, dim=0) > 0.9
    assert (offsets[ANGRY] == 0).all()


def test_feelings_never_recorded_are_as_strong_as_the_person() -> None:
    """A person who shows half of the published happy face shows about half of the published angry one."""
    prior = torch.zeros(len(EMOTIONS), D)
    prior[HAPPY, 0], prior[ANGRY, 1] = 1.0, 1.0
    emotions, levels = _clips((0, 0.0), (HAPPY, 1.0), (HAPPY, 2.0), (HAPPY, 3.0))
    means = 0.5 * usual_strength(levels)[:, None] * prior[HAPPY]
    _neutral, offsets = fit_offsets(means, torch.full((4,), 100.0), emotions, levels, prior)
    assert offsets[ANGRY, 1] == pytest.approx(0.5, abs=0.1)
    assert offsets[ANGRY, 0].abs() < 1e-6


def test_what_is_not_told_changes_nothing_that_moves() -> None:
    """Without identity, emotion or level the moving part is the same whatever they are, and differs when told."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = A2ET(A2ETSpec(speech_width=6, expressions=4, width=32, heads=4, ffn=64)).eval()
        for parameter in model.parameters():
            parameter.data += 0.2 * torch.randn_like(parameter)
        speech, voice = torch.randn(1, 12, 2, 6), torch.ones(1, 12, 2)
    told, others = (
        {
            "weights": torch.eye(8)[emotion].expand(1, 12, 8),
            "level": torch.full((1, 12), level),
            "image": torch.full((1, 3, 64, 64), light),
        }
        for emotion, level, light in ((HAPPY, 2.0, 0.0), (SAD, 1.0, 1.0))
    )
    for place, name in enumerate(("image", "weights", "level")):
        known = torch.ones(1, 3, dtype=torch.bool)
        changed = {**told, name: others[name]}

        def drift(inputs: dict[str, torch.Tensor], known: torch.Tensor) -> torch.Tensor:
            out = model(speech, voice, **inputs, known=known)
            return out.drift / inputs["level"][..., None]

        assert (drift(told, known) - drift(changed, known)).abs().max() > 1e-4
        known[0, place] = False
        torch.testing.assert_close(drift(told, known), drift(changed, known))


def _heard(closed: float, frames: int = 3) -> torch.Tensor:
    mouth = torch.zeros(frames, len(CHANNELS))
    mouth[:, CHANNELS.index("closed")] = closed
    return mouth


def test_lips_meet_where_they_are_heard_to_meet() -> None:
    """For p, b and m an open mouth closes to the person's own closed mouth; feelings stay; else nothing changes."""
    head = load_default_head()
    measure, names = measure_head(head), head.expression_names
    model = A2ET(A2ETSpec(6, len(names), width=32, heads=4, ffn=64, articulator=ArticulatorSpec(speech_width=6)))
    model.gap.copy_(measure.gap)
    model.mouth.copy_(measure.mouth)
    psi, pose = torch.zeros(3, len(names)), torch.zeros(3, 6)
    psi[:, names.index("mouthSmileLeft")] = 0.4
    pose[:, 0] = 0.15
    values = [psi, pose, psi, pose]
    open_gap = measure.parted(psi, pose[:, :3])[0]
    assert open_gap > 5
    shut_psi, shut_pose = _press_lips(model, values, _heard(1.0))[2:]
    assert measure.parted(shut_psi, shut_pose[:, :3]).abs().max() < 2 + 0.1 * open_gap
    torch.testing.assert_close(shut_psi[:, names.index("mouthSmileLeft")], psi[:, names.index("mouthSmileLeft")])
    for before, after in zip(values, _press_lips(model, values, _heard(0.5))):
        torch.testing.assert_close(before, after)


def test_models_of_before_still_open() -> None:
    """Files without the gap of the lips are what they were: nothing presses lips there."""
    spec = A2ETSpec(speech_width=6, expressions=4, width=32, heads=4, ffn=64)
    facts = json.loads(json.dumps(dataclasses.asdict(spec)))
    del facts["components"]
    arrays = {k: v.numpy() for k, v in A2ET(spec).state_dict().items() if k != "gap"}
    model = a2et_from_arrays(arrays, A2ETSpec.of(facts))
    np.testing.assert_array_equal(model.gap.numpy(), 0)
