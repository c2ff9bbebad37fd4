"""Stage 2 of several people at once ("Combine" of the paper): what they share is learned from all of them.

Shared are the attention over sound, emotion and intensity and the regressors: what a feeling does to a face. Each
person keeps the learned basis and the features of the own anchors, and is packed with a whole network of their own, so
that every twin stands alone afterwards. A2ET stays each person's own.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from emotalker.engine.clip import ClipInput
from emotalker.engine.errors import UserError
from emotalker.engine.files import Arrays
from emotalker.engine.head.folder import head_of
from emotalker.engine.jobs import Job, Metric, Notice, Outcome, Preview, Progress, StopToken
from emotalker.engine.media import Prefetcher
from emotalker.engine.torch_threads import one_torch_thread
from emotalker.engine.training.config import Stage2Config
from emotalker.engine.training.frames import Sample, TrainingFrames
from emotalker.engine.training.run_folder import RunFolder, optimizer_arrays, restore_optimizer
from emotalker.engine.training.stage2 import EVERY, MODEL, Stage2Trainer, stage_mark

STAGE = "combine"
SHARED = ("attention", "regressors")
"""Parts of the network that all people have in common."""


@dataclass(frozen=True)
class Person:
    """One person's finished stages.

    Attributes:
        name: what the person is called.
        clips: their clips; held-out ones are left alone.
        track_dir: folder of the tracking stage.
        fit_dir: folder of stage 1.
        express_dir: folder of the A2ET stage.
        out: folder for the person's network and what is seen of the training.
    """

    name: str
    clips: tuple[ClipInput, ...]
    track_dir: Path
    fit_dir: Path
    express_dir: Path
    out: Path


def combine(people: Sequence[Person], config: Stage2Config, stop: StopToken, device: str = "cpu") -> Job:
    """Train the emotional deformation of several people together, each for `config.steps` steps in turn.

    Writes model.safetensors, metrics.jsonl, previews/ and done.json below each person's `out`, as stage 2 alone does;
    the checkpoint of all lies in the first one's. Stopped and run again it goes on where it was.

    Args:
        people: two or more.
        config: settings, the same for all.
        stop: asks for a checkpoint and an early end.
        device: "cpu" or "cuda".

    Raises:
        UserError: if there are fewer than two, a stage is missing, or they were made with different speech features.
    """
    if len(people) < 2:
        raise UserError("There is nothing to combine.", "It takes two people or more.", "Name another project.")
    with one_torch_thread(), ExitStack() as open_files:
        marks = [stage_mark(p.clips, p.track_dir, p.fit_dir, p.express_dir, config) for p in people]
        mark = hashlib.sha256(" ".join(marks).encode()).hexdigest()
        runs = [RunFolder(p.out, mark) for p in people]
        if all(run.finished for run in runs):
            yield Notice(STAGE, "These people have already been trained together.")
            return Outcome.FINISHED
        trainers = []
        for p in people:
            head = head_of(p.track_dir)
            frames = TrainingFrames(head, p.clips, p.track_dir, config.size, config.weight_mouth, p.fit_dir)
            open_files.enter_context(closing(frames))
            trainers.append(Stage2Trainer(frames, p.fit_dir / MODEL, p.express_dir, config, device))
        yield from trainers[0].notices
        return (yield from _train(Together(trainers, [p.name for p in people]), runs, stop))


class Together:
    """The trainings of several people with one optimiser over what they share and what they do not.

    Args:
        trainers: one for each person; their networks are joined.
        names: of the people.

    Raises:
        UserError: if their networks do not have the same inputs.
    """

    def __init__(self, trainers: Sequence[Stage2Trainer], names: Sequence[str]) -> None:
        self.trainers, self.config = list(trainers), trainers[0].config
        first = trainers[0].network
        for trainer, name in zip(trainers, names):
            if trainer.network.sizes != first.sizes:
                raise UserError(
                    f"'{name}' cannot be trained together with '{names[0]}'.",
                    "They were made with different speech features or expressions.",
                    "Train the speech of both with the same encoder.",
                )
            for part in SHARED:
                setattr(trainer.network, part, getattr(first, part))
        self.parameters = self._named()
        self.optimizer = torch.optim.Adam(list(self.parameters.values()), lr=self.config.lr, fused=True)
        for trainer in self.trainers:
            trainer.optimizer = self.optimizer

    def _named(self) -> dict[str, Tensor]:
        """Every parameter once, the shared ones under the first person."""
        out: dict[str, Tensor] = {}
        for number, trainer in enumerate(self.trainers):
            for name, parameter in trainer.network.named_parameters():
                if number == 0 or not name.startswith(SHARED):
                    out[f"{number}.{name}"] = parameter
        return out

    @property
    def step(self) -> int:
        """Steps done, of all people together."""
        return sum(trainer.step for trainer in self.trainers)

    @property
    def steps(self) -> int:
        """Steps to do, of all people together."""
        return self.config.steps * len(self.trainers)

    def order(self) -> Iterator[tuple[int, int]]:
        """Person and example of every picture still to come: the people take turns, a batch each."""
        c, count = self.config, len(self.trainers)
        orders = [t.frames.order(t.step * c.batch, c.steps * c.batch, c.seed) for t in self.trainers]
        for step in range(self.step, self.steps):
            for _ in range(c.batch):
                yield step % count, next(orders[step % count])

    def read(self, which: tuple[int, int]) -> Sample:
        """An example of a person; thread-safe."""
        person, number = which
        return self.trainers[person].frames.read(number)

    def snapshot(self) -> tuple[Arrays, dict[str, object]]:
        """Everything needed to go on as if nothing had happened."""
        arrays: Arrays = {f"net.{k}": v.detach().cpu().numpy() for k, v in self.parameters.items()}
        state: dict[str, object] = {"step": self.step, "steps": [t.step for t in self.trainers]}
        return arrays | optimizer_arrays(self.optimizer, self.parameters), state

    @torch.no_grad()
    def restore(self, arrays: Arrays, steps: Sequence[int]) -> None:
        """Put back a snapshot."""
        for trainer, step in zip(self.trainers, steps):
            trainer.step = int(step)
        for name, parameter in self.parameters.items():
            parameter.copy_(torch.from_numpy(np.array(arrays[f"net.{name}"])))
        restore_optimizer(self.optimizer, self.parameters, arrays)


def _train(together: Together, runs: Sequence[RunFolder], stop: StopToken) -> Job:
    config, trainers = together.config, together.trainers
    saved = runs[0].load()
    if saved is not None:
        together.restore(saved[0], saved[1]["steps"])
        for trainer, run in zip(trainers, runs):
            run.load_metrics(trainer.step)
        yield Notice(STAGE, f"Going on from step {together.step}.")
    last_save = time.monotonic()
    batch: list[Sample] = []
    with closing(Prefetcher(together.read, together.order(), depth=8, workers=1)) as samples:
        for (person, _), sample in samples:
            batch.append(sample)
            if len(batch) < config.batch:
                continue
            trainer, run = trainers[person], runs[person]
            values, batch = trainer.train_step(batch), []
            if trainer.step % EVERY == 0 or trainer.step == config.steps:
                run.log(trainer.step, values)
                yield Metric(STAGE, together.step, values)
                yield Progress(STAGE, together.step, together.steps)
            if trainer.step % config.preview_every == 0 or trainer.step == config.steps:
                yield Preview(STAGE, together.step, run.preview(trainer.step, trainer.preview()))
            if stop.requested or time.monotonic() - last_save > config.checkpoint_seconds:
                _save(together, runs)
                last_save = time.monotonic()
            if stop.requested:
                return Outcome.STOPPED
    _save(together, runs)
    for trainer, run in zip(trainers, runs):
        trainer.write_model(run.folder / MODEL)
        run.finish(config=asdict(config), together=len(runs))
    return Outcome.FINISHED


def _save(together: Together, runs: Sequence[RunFolder]) -> None:
    """The checkpoint of all lies in the first folder, what was logged of each person in their own."""
    runs[0].save(*together.snapshot())
    for run in runs[1:]:
        run.save_metrics()
