"""The sample clips: films of the sample person with sound, and what was true in every frame."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from emotalker.engine.camera import Camera
from emotalker.engine.clip import ClipInput
from emotalker.engine.head.default import load_default_head
from emotalker.engine.media import Mp4Writer
from emotalker.engine.synthetic.arkit import ARKIT
from emotalker.engine.synthetic.body import Pose, SampleBody, sample_camera
from emotalker.engine.synthetic.performance import Performance, perform, voice_of
from emotalker.engine.synthetic.phones import script
from emotalker.engine.synthetic.speech import RATE, speak
from emotalker.engine.synthetic.voices import Script, read_scripts
from emotalker.engine.tracking.track import Subject, Track

F32 = NDArray[np.float32]
IDENTITY_SEED = 5
IDENTITY_SPREAD = 0.55
PITCH = 165.0
AHEAD = 16
# upper lid, lower lid, outer and inner corner of each eye among the landmarks: person's left, then right
EYES = ((386, 374, 263, 362), (159, 145, 33, 133))


@dataclass(frozen=True)
class SampleConfig:
    """What to film.

    Attributes:
        size: pixels of the square picture.
        fps: frames per second.
        seconds: length of each clip.
        emotions: which emotions; neutral has no level.
        levels: which levels of the others.
        takes: clips of each emotion and level, with other words and motion.
        seed: of words, motion, blinks and hiss.
        scripts: folder of voices by clip name, see `voices.read_scripts`; clips that have one act to it, at its length.
    """

    size: int = 512
    fps: float = 25.0
    seconds: float = 6.0
    emotions: tuple[str, ...] = ("neutral", "happy", "sad")
    levels: tuple[float, ...] = (1.0, 2.0, 3.0)
    takes: int = 1
    seed: int = 0
    scripts: Path | None = None


@dataclass(frozen=True)
class SampleClip:
    """A finished clip.

    Attributes:
        clip: the film as every stage takes it.
        truth: file of the `Track` that holds what was true in every frame.
        subject: file of the `Subject` that holds identity and camera; shared by all clips.
    """

    clip: ClipInput
    truth: Path
    subject: Path


def sample_identity() -> F32:
    """Identity coefficients [I] of the sample person."""
    count = len(load_default_head().identity_basis)
    return (np.random.default_rng(IDENTITY_SEED).standard_normal(count) * IDENTITY_SPREAD).astype(np.float32)


def sample_clips(out_dir: Path, config: SampleConfig | None = None) -> Iterator[SampleClip]:
    """Film the sample person into `out_dir`, one clip at a time; yields each as it is finished.

    Same configuration, same frames, sound and truth. Files: CLIP.mp4, truth/CLIP.safetensors and
    truth/subject.safetensors.

    Raises:
        UserError: if the folder cannot be written or the disk is full.
    """
    config = config or SampleConfig()
    out_dir = Path(out_dir)
    scripts = read_scripts(config.scripts) if config.scripts is not None else {}
    body, camera = SampleBody(sample_identity()), sample_camera(config.size)
    subject = out_dir / "truth" / "subject.safetensors"
    subject_of(body, camera).save(subject)
    for number, (name, emotion, level) in enumerate(clip_list(config)):
        film, truth = out_dir / f"{name}.mp4", out_dir / "truth" / f"{name}.safetensors"
        performance, sound = act(config, emotion, level, number, body.head.expression_names, scripts.get(name))
        landmarks = film_performance(film, body, camera, performance, sound, config.fps)
        truth_track(performance, landmarks, body.head.expression_names, config).save(truth)
        yield SampleClip(ClipInput(name, film, emotion, level), truth, subject)


def make_sample(out_dir: Path, config: SampleConfig | None = None) -> list[SampleClip]:
    """All clips of `sample_clips`."""
    return list(sample_clips(out_dir, config))


def clip_list(config: SampleConfig) -> list[tuple[str, str, float]]:
    """Name, emotion and level of every clip of a configuration."""
    out = []
    for emotion in config.emotions:
        for level in (0.0,) if emotion == "neutral" else config.levels:
            for take in range(1, config.takes + 1):
                name = emotion if emotion == "neutral" else f"{emotion}_level{level:g}"
                out.append((name if config.takes == 1 else f"{name}_take{take}", emotion, float(level)))
    return out


def act(
    config: SampleConfig,
    emotion: str,
    level: float,
    number: int,
    names: tuple[str, ...],
    voice: Script | None = None,
) -> tuple[Performance, F32]:
    """Motion and sound of one clip; `number` picks its chance, and its words unless it is given a `voice`."""
    seed = config.seed * 1000 + number
    if voice is not None:
        performance = perform(list(voice.phones), voice.seconds, config.fps, emotion, level, names, seed)
        return performance, voice.sound
    pitch, swing, pace = voice_of(emotion, level)
    phones = script(config.seconds, 3 * number + config.seed, pace)
    performance = perform(phones, config.seconds, config.fps, emotion, level, names, seed)
    return performance, speak(phones, len(performance) / config.fps, PITCH * pitch, 0.10 * swing, seed)


def pose_at(performance: Performance, frame: int) -> Pose:
    """The pose of one frame."""
    p = performance
    return Pose(
        p.psi[frame], p.jaw[frame], p.neck[frame], p.eyes[frame], p.root_rotation[frame], p.root_translation[frame]
    )


def backdrop(size: int) -> F32:
    """A studio wall, bright behind the head and falling off softly, [size, size, 3] in [0, 1]."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    away = np.sqrt(((x - 0.46) / 0.85) ** 2 + ((y - 0.40) / 0.95) ** 2)
    bright = 1 / (1 + np.exp(5.5 * (away - 0.52)))
    dark, light = np.array([0.245, 0.285, 0.330], np.float32), np.array([0.640, 0.670, 0.685], np.float32)
    return (dark + bright[..., None] * (light - dark)).astype(np.float32)


def film_performance(
    path: Path, body: SampleBody, camera: Camera, performance: Performance, sound: F32, fps: float,
    change: Callable[[int, F32], F32] | None = None,
) -> F32:  # fmt: skip
    """Paint and write all frames, each passed through `change` if there is one; returns the landmarks [T, 478, 2]."""
    wall = backdrop(camera.width)

    def frame(i: int) -> tuple[NDArray[np.uint8], F32]:
        vertices, head = body.vertices(pose_at(performance, i))
        image, _ = body.paint(vertices, camera, wall)
        if change is not None:
            image = change(i, image)
        points = body.head.landmarks(torch.from_numpy(head)[None])[0].numpy()
        return (image * 255 + 0.5).astype(np.uint8), camera.project(points).astype(np.float32)

    landmarks = []
    with (
        ThreadPoolExecutor(min(4, os.cpu_count() or 1)) as pool,
        Mp4Writer(path, camera.width, camera.height, fps, sound, RATE, quality=14, speed="fast") as film,
    ):
        # painted a few frames ahead, not all at once: memory must not grow with the length of the clip
        for start in range(0, len(performance), AHEAD):
            for image, points in pool.map(frame, range(start, min(start + AHEAD, len(performance)))):
                film.write(image)
                landmarks.append(points)
    return np.stack(landmarks)


def truth_track(performance: Performance, landmarks: F32, names: tuple[str, ...], config: SampleConfig) -> Track:
    """The performance as a perfect tracker would report it; `blendshapes` hold the ARKit part of psi."""
    count = len(performance)
    scores = np.zeros((count, len(ARKIT)), np.float32)
    for column, name in enumerate(ARKIT):
        if name in names:
            scores[:, column] = performance.psi[:, names.index(name)]
    scores[:, ARKIT.index("jawOpen")] = (performance.jaw[:, 0] / 0.35).clip(0, 1)
    p = performance
    return Track(
        psi=p.psi, jaw=p.jaw, neck=p.neck, eyes=p.eyes, root_rotation=p.root_rotation,
        root_translation=p.root_translation,
        au45=p.au45, confidence=np.ones(count, np.float32), landmarks=landmarks, blendshapes=scores,
        reprojection=np.zeros(count, np.float32), crop=np.array([0, 0, config.size], np.float32), fps=config.fps,
        size=config.size,
    )  # fmt: skip


def subject_of(body: SampleBody, camera: Camera) -> Subject:
    """Identity, camera and eye openness (lid gap over eye width) of the sample person, eyes open and shut."""
    names = body.head.expression_names
    still = np.zeros(3, np.float32)
    openness = []
    for amount in (0.0, 1.0):
        psi = np.zeros(len(names), np.float32)
        for side in ("Left", "Right"):
            psi[names.index("eyeBlink" + side)] = amount
        _, head = body.vertices(Pose(psi, still, still, np.zeros((2, 3), np.float32), still, still))
        points = body.head.landmarks(torch.from_numpy(head)[None])[0].numpy()
        gaps = [np.linalg.norm(points[u] - points[l]) / np.linalg.norm(points[o] - points[i]) for u, l, o, i in EYES]
        openness.append(np.array(gaps, np.float32))
    return Subject(body.identity.numpy(), camera, openness[0], openness[1])
