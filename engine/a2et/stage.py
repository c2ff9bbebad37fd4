"""The stage that teaches a person's face to follow speech: A2ET trained on the tracked clips."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np

from emotalker.engine.a2et.articulation import Articulator, load_articulator
from emotalker.engine.a2et.config import ExpressConfig
from emotalker.engine.a2et.dataset import ClipSamples, clip_samples, fingerprint, neutral_frame
from emotalker.engine.a2et.measure import Measure, measure_head
from emotalker.engine.a2et.predict import save_a2et
from emotalker.engine.a2et.speech import SpeechFeatures, open_speech_encoder
from emotalker.engine.a2et.sync import moved, sound_delay
from emotalker.engine.a2et.training import Trainer, build_model, solve_linear
from emotalker.engine.a2et.trust import FEWEST_SURE, keep_back, settle
from emotalker.engine.a2et.voice import voice_probability
from emotalker.engine.a2et.windows import F32, SAMPLE_RATE
from emotalker.engine.clip import ClipInput
from emotalker.engine.errors import UserError
from emotalker.engine.files import read_arrays, write_arrays, write_bytes, write_json
from emotalker.engine.head.folder import head_of
from emotalker.engine.jobs import Job, Metric, Notice, Outcome, Progress, StopToken
from emotalker.engine.media import read_audio
from emotalker.engine.tracking.refined import track_of
from emotalker.engine.tracking.track import Track

STAGE = "express"
EVERY = 10
"""Steps between metrics."""


def express(
    clips: Sequence[ClipInput], track_dir: Path, out: Path, config: ExpressConfig, stop: StopToken,
    fit_dir: Path | None = None,
) -> Job:  # fmt: skip
    """Train A2ET on the tracked clips that are not held out.

    Writes speech/<clip id>.safetensors, checkpoint.safetensors, metrics.jsonl, model.safetensors and done.json below
    `out`. Stopped and run again with the same clips and settings it ends with the same numbers as if never stopped.

    Args:
        clips: the clips of the person; held-out ones are left alone.
        track_dir: folder the tracking stage wrote.
        out: folder of this run.
        config: settings.
        stop: asks for a checkpoint and an early end.
        fit_dir: folder of stage 1, for its refined tracks; None takes those of the tracking stage.

    Raises:
        UserError: if no clip with sound and a track is left to learn from, or a file is missing or damaged.
    """
    used = [clip for clip in clips if not clip.held_out]
    tracks = {clip.id: track_of(clip.id, track_dir, fit_dir) for clip in used}
    mark = fingerprint(used, track_dir, config, fit_dir)
    if _finished(out, mark):
        yield Notice(STAGE, "The expression model is already trained on these clips.")
        return Outcome.FINISHED
    encoder, notice = open_speech_encoder(config.speech)
    if notice is not None:
        yield notice
    articulator = _articulator(encoder)
    if articulator is None:
        yield Notice(STAGE, f"The pre-trained mouth does not know what {encoder.name} hears: the clips alone teach.")
    samples: list[ClipSamples] = []
    heard: list[ClipInput] = []
    for number, clip in enumerate(used):
        if stop.requested:
            return Outcome.STOPPED
        yield Progress(STAGE, number, len(used), "clips")
        heard_clip = _clip_speech(clip, out, encoder)
        if heard_clip is None:
            yield Notice(STAGE, f"{clip.path.name} has no sound, so it cannot teach how lips follow speech.", "warning")
            continue
        speech, delay = _in_step(clip, out, heard_clip, tracks[clip.id], articulator)
        if delay:
            yield Notice(STAGE, _late_words(clip, delay))
        sample = clip_samples(clip, tracks[clip.id], *speech, config.fps)
        if sample.sure.sum() < FEWEST_SURE:
            yield Notice(STAGE, f"{clip.path.name} is too short or its face too rarely seen to learn from.", "warning")
            continue
        samples.append(sample)
        heard.append(clip)
    if not samples:
        raise _nothing_heard()
    measure = _measure(track_dir, samples[0].psi.shape[1])
    image = neutral_frame(heard, [tracks[c.id] for c in heard], track_dir, measure)
    taught, kept = zip(*(keep_back(sample) for sample in samples))
    names = head_of(track_dir).expression_names
    model = build_model(taught, image, measure, config, articulator, names)
    trainer = Trainer(model, taught, _silence(encoder), measure, config)
    outcome = yield from _train(trainer, out, mark, stop)
    if outcome is Outcome.FINISHED:
        trust = settle(trainer.model, kept, measure)
        solve_linear(trainer.model, samples, config, names)  # what was kept back for the check is learned from too
        yield Metric(STAGE, config.steps, {"trust": trust})
        save_a2et(trainer.model, out / "model.safetensors", {"speech": encoder.name})
        done = {"fingerprint": mark, "config": asdict(config), "clips": [c.id for c in heard], "trust": trust}
        write_json(out / "done.json", {**done, "speech": encoder.name})
    return outcome


def _nothing_heard() -> UserError:
    return UserError(
        "There is nothing to learn speech from.",
        "Every clip is held out, silent, shorter than a second, or without a visible face.",
        "Add a clip in which the person speaks.",
    )


def _train(trainer: Trainer, out: Path, mark: str, stop: StopToken) -> Job:
    config = trainer.config
    checkpoint = out / "checkpoint.safetensors"
    if checkpoint.exists():
        if trainer.load(checkpoint, mark):
            yield Notice(STAGE, f"Going on from step {trainer.done}.")
        else:
            yield Notice(STAGE, "Clips or settings have changed, so the training starts again.")
    lines = _kept_metrics(out / "metrics.jsonl", trainer.done)
    saved = time.monotonic()

    def keep() -> None:
        trainer.save(checkpoint, mark)
        write_bytes(out / "metrics.jsonl", "".join(lines).encode())

    while trainer.done < config.steps:
        if stop.requested:
            keep()
            return Outcome.STOPPED
        values = trainer.step()
        if trainer.done % EVERY == 0 or trainer.done == config.steps:
            lines.append(json.dumps({"step": trainer.done, **values}) + "\n")
            yield Metric(STAGE, trainer.done, values)
            yield Progress(STAGE, trainer.done, config.steps)
        if time.monotonic() - saved > config.checkpoint_seconds:
            keep()
            saved = time.monotonic()
    keep()
    return Outcome.FINISHED


def _finished(out: Path, mark: str) -> bool:
    done = out / "done.json"
    if not (done.exists() and (out / "model.safetensors").exists()):
        return False
    try:
        return bool(json.loads(done.read_text()).get("fingerprint") == mark)
    except (OSError, ValueError, AttributeError):
        return False  # unreadable: the stage is run again and writes it anew


def _kept_metrics(path: Path, step: int) -> list[str]:
    """Lines of an earlier run up to `step`; later ones would be written twice."""
    if not path.exists() or not step:
        return []
    return [line + "\n" for line in path.read_text().splitlines() if line and json.loads(line)["step"] <= step]


def _clip_speech(clip: ClipInput, out: Path, encoder: SpeechFeatures) -> tuple[F32, F32] | None:
    """Speech features and voice probability of a clip at 50 Hz, kept below `out`; None without sound."""
    stat = clip.path.stat()
    source = json.dumps([encoder.name, stat.st_size, stat.st_mtime_ns])
    cached = out / "speech" / f"{clip.id}.safetensors"
    if cached.exists():
        arrays, metadata = read_arrays(cached)
        if metadata.get("source") == source:
            return arrays["features"], arrays["voice"]
    audio = read_audio(clip.path)
    if audio is None or audio.silent:
        return None
    # Contiguous, as they will be read back: sums over another memory order differ in the last bit.
    features = np.ascontiguousarray(encoder.features(audio.mono16k))
    voice = voice_probability(audio.mono16k)
    write_arrays(cached, {"features": features, "voice": voice}, {"source": source, "encoder": encoder.name})
    return features, voice


def _in_step(
    clip: ClipInput, out: Path, speech: tuple[F32, F32], track: Track, articulator: Articulator | None
) -> tuple[tuple[F32, F32], float]:
    """Speech and voice of a clip in step with its picture, and the seconds its sound comes late; kept for stage 2."""
    delay = sound_delay(articulator, *speech, track).seconds if articulator is not None else 0.0
    features, voice = (moved(values, delay) for values in speech)
    write_arrays(out / "speech" / f"{clip.id}.in_step.safetensors", {"features": features, "voice": voice}, {})
    return (features, voice), delay


def _late_words(clip: ClipInput, delay: float) -> str:
    which = "late" if delay > 0 else "early"
    return f"The sound of {clip.path.name} comes {abs(delay):.2f} s {which}; the twin learns with that put right."


def _silence(encoder: SpeechFeatures) -> F32:
    """What the encoder hears in quiet rooms: digital silence, then noise far below speech."""
    random = np.random.default_rng(0)
    loudness = np.repeat(np.array([0, 1e-4, 1e-3], np.float32), 2 * SAMPLE_RATE)
    return encoder.features((random.normal(0, 1, len(loudness)) * loudness).astype(np.float32))


def _articulator(encoder: SpeechFeatures) -> Articulator | None:
    """The pre-trained articulator, if it knows this encoder's features."""
    articulator = load_articulator()
    return articulator if articulator.spec.speech == encoder.name else None


def _measure(track_dir: Path, expressions: int) -> Measure:
    head = head_of(track_dir)
    if len(head.expression_names) != expressions:
        raise UserError(
            "The tracks do not fit the head model.",
            f"They have {expressions} expressions, {head.name} has {len(head.expression_names)}.",
            "Run the tracking stage again.",
        )
    return measure_head(head)
