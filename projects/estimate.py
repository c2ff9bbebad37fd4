"""What a training will cost on this machine: time, memory and disk, before it starts.

The figures come from real trainings on two cores (per stage within about 15 % for draft; see the README's decisions)
and are scaled by a measurement of the parts that take most of the time: the rasterizer with its gradient, SSIM, and
the multiplications of the networks.
"""

from __future__ import annotations

import json
import logging
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import psutil

from emotalker.engine.errors import UserError
from emotalker.engine.files import write_json

SCENES = ((10_000, 256), (20_000, 512), (50_000, 512))
"""Gaussians and picture size of the scenes that are measured."""
CHECK_SECONDS = 1.0  # quality check of a clip
VERSION = 1  # of the measurement; an older one is made again

_GIGABYTE, _MEGABYTE = 1e9, 1e6
_SPARE_DISK = 0.5 * _GIGABYTE
_PROBE_TIMEOUT = 90.0
_LOOK_SECONDS, _BUSY_PERCENT = 0.4, 20.0
_PROBE = "import sys; from emotalker.projects.estimate import measure; print(measure(float(sys.argv[1])).to_json())"

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MachineSpeed:
    """How fast this machine computes what training is made of.

    Attributes:
        picture_ms: milliseconds of one rendering with gradient and SSIM, for each of `SCENES`.
        network_ms: milliseconds of a fixed lot of network arithmetic.
        cores: processor cores.
        measured: False for the figures of the machine the estimates were made on.
        busy: other programs were at work while it was measured.
    """

    picture_ms: tuple[float, ...] = (7.3, 18.2, 25.5)
    network_ms: float = 3.9
    cores: int = 2
    measured: bool = False
    busy: bool = False

    def picture(self, count: float, size: int) -> float:
        """Milliseconds of rendering `count` Gaussians at `size` x `size` with gradient and SSIM."""
        small, middle, large = self.picture_ms
        per_gaussian = max(0.0, large - middle) / (SCENES[2][0] - SCENES[1][0])
        bare_small = max(small - per_gaussian * SCENES[0][0], 0.3 * small)
        bare_large = max(middle - per_gaussian * SCENES[1][0], 0.3 * middle)
        slope = (bare_large - bare_small) / (SCENES[1][1] ** 2 - SCENES[0][1] ** 2)
        bare = max(bare_small + slope * (size**2 - SCENES[0][1] ** 2), 0.2 * bare_small)
        return bare + per_gaussian * count

    @property
    def drawing(self) -> float:
        """How many times slower than the reference machine it draws."""
        return sum(a / b for a, b in zip(self.picture_ms, REFERENCE.picture_ms)) / len(SCENES)

    @property
    def thinking(self) -> float:
        """How many times slower than the reference machine its networks are."""
        return self.network_ms / REFERENCE.network_ms

    def to_json(self) -> str:
        """As one line."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> MachineSpeed:
        """From what `to_json` wrote.

        Raises:
            ValueError: if it is something else.
        """
        try:
            raw = json.loads(text)
            pictures = tuple(float(x) for x in raw["picture_ms"])
            speed = cls(pictures, float(raw["network_ms"]), int(raw["cores"]), bool(raw["measured"]))
        except (KeyError, TypeError) as error:
            raise ValueError("no measurement of a machine") from error
        if len(pictures) != len(SCENES) or min(*pictures, speed.network_ms) <= 0:
            raise ValueError("no measurement of a machine")
        return speed


REFERENCE = MachineSpeed()
"""The two cores on which the figures below were taken."""


@dataclass(frozen=True)
class Estimate:
    """What a training will cost.

    Attributes:
        stage_seconds: per stage, in the order of running.
        seconds: in all.
        memory_bytes: at most at one time.
        disk_bytes: what all runs together will take.
        note: how far to trust it, a sentence.
    """

    stage_seconds: dict[str, float]
    seconds: float
    memory_bytes: int
    disk_bytes: int
    note: str


def estimate(preset_name: str, clip_seconds: float, clip_count: int, speed: MachineSpeed) -> Estimate:
    """What training anew with a preset costs on the processor.

    Args:
        preset_name: name of the preset.
        clip_seconds: of all clips together.
        clip_count: how many clips.
        speed: of this machine.

    Raises:
        UserError: if there is no such preset.
    """
    from emotalker.engine.presets import preset

    settings = preset(preset_name)
    stages = {
        "track": _track(settings.track, clip_seconds, clip_count) * speed.thinking,
        "fit": _fit(settings.fit, speed) + _refine(settings.fit, clip_seconds, speed),
        "express": _express(settings.express, clip_seconds) * speed.thinking,
        "emote": _emote(settings.emote, settings.fit, speed),
        "avatar": 1.0,
    }
    most = settings.fit.most
    pixels = settings.track.size**2 / 512**2
    memory = 1.0 * _GIGABYTE + 5e3 * most + 0.3 * _MEGABYTE * clip_seconds
    disk = (0.41 + 1.31 * pixels) * _MEGABYTE * clip_seconds + 46 * _MEGABYTE + 5.5e3 * most
    cores = f"{speed.cores} core{'' if speed.cores == 1 else 's'}"
    where = f"Measured on this computer ({cores})" if speed.measured else "From a computer with 2 cores, not this one"
    others = "while other programs were at work" if speed.busy else "other programs that run meanwhile make it longer"
    note = f"{where}{'' if speed.busy else ';'} {others}."
    return Estimate(stages, sum(stages.values()), int(memory), int(1.1 * disk), note)


def probe_machine(seconds: float = 2.0, cache: Path | None = None) -> MachineSpeed:
    """How fast this machine is; measured once in a process of its own, then remembered.

    What was measured while other programs were at work counts for now and is not remembered. Where it cannot be
    measured, the figures of the reference machine are returned.

    Args:
        seconds: about how long to measure.
        cache: file it is remembered in; None for the usual one.
    """
    cache = _cache() if cache is None else cache
    known = _read(cache)
    if known is not None:
        return known
    busy = psutil.cpu_percent(_LOOK_SECONDS) > _BUSY_PERCENT
    try:
        command = [sys.executable, "-P", "-c", _PROBE, str(seconds)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PROBE_TIMEOUT, check=True)
        speed = MachineSpeed.from_json(done.stdout.strip().splitlines()[-1])
    except (OSError, subprocess.SubprocessError, ValueError, IndexError) as error:
        log.warning("the speed of this machine could not be measured: %s", error)
        return REFERENCE
    if busy:
        return replace(speed, busy=True)
    try:
        write_json(cache, {"machine": _machine(), "speed": json.loads(speed.to_json())})
    except UserError as error:
        log.warning("the measured speed could not be remembered: %s", error)
    return speed


def known_speed(cache: Path | None = None) -> MachineSpeed:
    """What `probe_machine` measured here before, else the figures of the reference machine; takes no time."""
    return _read(_cache() if cache is None else cache) or REFERENCE


def measure(seconds: float) -> MachineSpeed:
    """Measure in this process; takes about `seconds` and what importing takes."""
    import time

    import torch

    from emotalker.engine.bench.raster import one_step
    from emotalker.engine.bench.scene import head_blob
    from emotalker.engine.gaussians.cpu import rasterize_cpu, warm_up
    from emotalker.engine.torch_threads import one_torch_thread
    from emotalker.engine.training.loss.dssim import ssim

    def least_ms(call: Any, share: float) -> float:
        call()
        times: list[float] = []
        end = time.perf_counter() + share * seconds
        while len(times) < 5 or (time.perf_counter() < end and len(times) < 200):
            start = time.perf_counter()
            call()
            times.append(time.perf_counter() - start)
        return 1000 * min(times)  # other programs only ever make it longer

    warm_up()
    pictures = []
    with one_torch_thread():
        for count, size in SCENES:
            step = one_step(rasterize_cpu, *head_blob(count, size))
            image, target = torch.rand(3, size, size).requires_grad_(), torch.rand(3, size, size)

            def both(step: Any = step, image: Any = image, target: Any = target) -> None:
                step()
                torch.autograd.grad(1 - ssim(image, target), image)

            pictures.append(least_ms(both, 0.28))
        sequence, weight = torch.rand(768, 128), torch.rand(128, 1024)
        plane, kernel = torch.rand(1, 16, 128, 128), torch.rand(32, 16, 3, 3)

        def network() -> None:
            sequence @ weight @ weight.T
            torch.nn.functional.conv2d(plane, kernel)

        thinking = least_ms(network, 0.15)
    return MachineSpeed(tuple(pictures), thinking, os.cpu_count() or 1, True)


def disk_advice(folder: Path, need_bytes: int) -> UserError | None:
    """What to tell the user if the disk of `folder` has not room for so much; None if it has."""
    place = next((p for p in (folder, *folder.parents) if p.exists()), Path())
    free = shutil.disk_usage(place).free
    if free >= need_bytes + _SPARE_DISK:
        return None
    return UserError(
        "The disk has not enough room for this training.",
        f"It needs about {need_bytes / _GIGABYTE:.1f} GB in {folder}, and {free / _GIGABYTE:.1f} GB are free.",
        "Free some space (old runs can be deleted on the storage page), choose a smaller preset, or move the project.",
    )


def memory_advice(need_bytes: int) -> UserError | None:
    """What to tell the user if so much memory is not free now; None if it is."""
    free = psutil.virtual_memory().available
    if free >= need_bytes:
        return None
    return UserError(
        "The computer has not enough free memory for this training.",
        f"It needs about {need_bytes / _GIGABYTE:.1f} GB, and {free / _GIGABYTE:.1f} GB are free.",
        "Close other programs, or choose a smaller preset.",
    )


# Seconds on the reference machine. Each line was fitted to measured stages of draft and standard.


def _track(config: Any, clip_seconds: float, clip_count: int) -> float:
    return 4.0 + 0.3 * clip_count + clip_seconds * (0.72 + 0.48 * config.size**2 / 512**2)


def _fit(config: Any, speed: MachineSpeed) -> float:
    count = (config.count + 2 * config.most) / 3  # it grows for the first part of the training
    step = 2.0 * speed.picture(count, config.size) + 1.27e-3 * count * speed.drawing
    return 2.0 + config.steps * 0.74 * step / 1000


def _refine(config: Any, clip_seconds: float, speed: MachineSpeed) -> float:
    rounds, frames = 2, 25 * clip_seconds  # halfway and at the end
    one = 0.034 * (0.4 + 0.6 * config.refine.size**2 / 256**2)
    return rounds * frames * config.refine.iterations * one * speed.drawing


def _express(config: Any, clip_seconds: float) -> float:
    return 3.0 + 0.03 * clip_seconds + config.steps * 0.29 * config.batch * config.frames / 768


def _emote(config: Any, fit: Any, speed: MachineSpeed) -> float:
    drawing = 2.0 * speed.picture(fit.most, config.size) + 1.27e-3 * fit.most * speed.drawing
    features = 130 * (config.vgg_crop / 128) ** 2 / config.vgg_every
    network = 54 * config.deformation.n_anchors / 2000
    return 4.0 + config.steps * config.batch * (drawing + (features + network) * speed.thinking) / 1000


def _cache() -> Path:
    from emotalker.engine.assets.cache import data_folder

    return data_folder() / "machine.json"


def _machine() -> str:
    """Changes when the program moves to another computer, or measures otherwise."""
    import platform

    total = psutil.virtual_memory().total >> 30
    return f"{VERSION} {platform.node()} {platform.machine()} {os.cpu_count()} cores {total} GiB"


def _read(cache: Path) -> MachineSpeed | None:
    try:
        raw = json.loads(cache.read_text(encoding="utf-8"))
        return MachineSpeed.from_json(json.dumps(raw["speed"])) if raw["machine"] == _machine() else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
