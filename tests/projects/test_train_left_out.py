"""A training for a comparison: the switch reaches stage 2's settings and nothing else."""

from __future__ import annotations

from emotalker.engine.jobs import StopToken
from emotalker.engine.presets import preset
from emotalker.projects import Project
from emotalker.projects.pipeline import stage_configs, statuses
from emotalker.projects.train_job import TrainJob, _Run


def test_the_switch_reaches_stage_two_alone(project: Project) -> None:
    """Only the emotional stage's settings differ, so only it and the packing become stale."""
    whole = stage_configs(preset("tiny"), project.manifest.fps)
    left_out = _Run(TrainJob(project.folder, "tiny", without=("ngi", "null")), project, StopToken()).configs
    assert left_out["emote"].without_ngi
    assert left_out["emote"].deformation.mask_null
    assert {n: c for n, c in left_out.items() if n != "emote"} == {n: c for n, c in whole.items() if n != "emote"}
    assert [s.stage for s in statuses(project, left_out)] == [s.stage for s in statuses(project, whole)]
