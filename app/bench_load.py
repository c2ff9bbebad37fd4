"""A real training to be measured beside: the twin of a person who does not exist, in a folder that is thrown away."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from emotalker.engine.jobs import Job, Outcome, StopToken

SECONDS = 2.0
STEPS = 1_000_000
"""More than any measurement lasts."""
STAGE = "fit"


@dataclass(frozen=True)
class TrainingLoad:
    """Call it with a stop token to get the job; picklable. First come film and tracks, then it trains until stopped.

    Attributes:
        preset: whose training.
    """

    preset: str = "draft"

    def __call__(self, stop: StopToken) -> Job:
        """Film, track and fit."""
        with tempfile.TemporaryDirectory(prefix="emotalker-bench-") as folder:
            return (yield from self._train(Path(folder), stop))

    def _train(self, folder: Path, stop: StopToken) -> Job:
        from emotalker.engine.presets import preset
        from emotalker.engine.synthetic.sample import SampleConfig, sample_clips
        from emotalker.projects import Project, bind
        from emotalker.projects.pipeline import stage_configs

        clips = list(sample_clips(folder / "film", SampleConfig(size=256, seconds=SECONDS, emotions=("neutral",))))
        project = Project.create(folder / "project", "Benchmark")
        for added in project.add([clip.clip.path for clip in clips]):
            if added.error is not None:
                raise added.error
        configs = stage_configs(preset(self.preset), project.manifest.fps)
        configs[STAGE] = replace(configs[STAGE], steps=STEPS)
        for stage in ("track", STAGE):
            outcome = yield from bind(project, stage, configs)(stop)
            if outcome is Outcome.STOPPED:
                return outcome
        return Outcome.FINISHED
