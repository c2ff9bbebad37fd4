"""Training of the expression stage on made-up clips whose jaw follows the loudness of the sound."""

from __future__ import annotations

import dataclasses
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from emotalker.engine.a2et import stage
from emotalker.engine.a2et.config import ExpressConfig
from emotalker.engine.a2et.logmel import LogMel
from emotalker.engine.a2et.predict import ExpressionTrack, load_a2et, predict
from emotalker.engine.a2et.stage import express
from emotalker.engine.a2et.windows import feature_count
from emotalker.engine.clip import ClipInput
from emotalker.engine.emotion.labels import EMOTIONS
from emotalker.engine.errors import UserError
from emotalker.engine.files import read_arrays
from emotalker.engine.head.default import load_default_head
from emotalker.engine.jobs import Metric, Notice, Outcome, StopToken, run
from emotalker.engine.media import FrameStoreWriter
from emotalker.engine.tracking.track import Track

TINY = ExpressConfig(steps=12, batch=3, frames=40, width=32, heads=4, ffn=64, checkpoint_seconds=1e9)
SECONDS = 4
NAMES = load_default_head().expression_names
SMILE = NAMES.index("mouthSmileLeft")
LIPS = NAMES.index("mouthLowerDownLeft")
CLIPS = (("happy", 1.0), ("happy", 3.0), ("sad", 1.0), ("sad", 2.0), ("sad", 3.0), ("happy", 2.0))


class Bands:
    """A hearing made of 16 loudness bands, in place of the downloaded encoder."""

    name = "bands"
    width = 16

    def features(self, audio: np.ndarray) -> np.ndarray:
        """Mean log power of five mel bands at a time [n, 16]."""
        power = LogMel().power(audio, 0, 2 * feature_count(len(audio))).numpy()
        return power.reshape(16, 5, -1, 2).mean((1, 3)).T.astype(np.float32)


def _voice(audio: np.ndarray) -> np.ndarray:
    frames = np.pad(audio, (0, -len(audio) % 320)).reshape(-1, 320)
    return (frames.std(1) > 0.01).astype(np.float32)


def _sound(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise that swells and fades (16 kHz), and its loudness at 25 frames a second in [0, 1]."""
    random = np.random.default_rng(seed)
    knots = np.repeat(random.uniform(0, 1, SECONDS * 5 + 2), 1)
    at = np.arange(SECONDS * 16000) / 16000 * 5
    loud = np.interp(at, np.arange(len(knots)), knots)
    audio = random.normal(0, 1, len(at)) * (0.02 + 0.2 * loud)
    return audio.astype(np.float32), np.interp((np.arange(SECONDS * 25) + 0.5) / 25 * 5, np.arange(len(knots)), knots)


def _track(loud: np.ndarray, emotion: str, level: float) -> Track:
    t, k = len(loud), len(NAMES)
    psi, jaw = np.zeros((t, k), np.float32), np.zeros((t, 3), np.float32)
    jaw[:, 0] = 0.02 + 0.2 * loud
    psi[:, LIPS] = 0.5 * loud
    psi[:, SMILE] = 0.1 + (0.2 * level if emotion == "happy" else 0)
    landmarks = np.zeros((t, 478, 2), np.float32)
    landmarks[:, 33, 0], landmarks[:, 263, 0] = 100, 200
    landmarks[:, 14, 1] = 30 * loud
    one, vector = np.ones(t, np.float32), np.zeros((t, 3), np.float32)
    return Track(
        psi, jaw, vector + 0.1, np.zeros((t, 2, 3), np.float32), vector, vector, 0 * one, one, landmarks,
        np.zeros((t, 52), np.float32), 0 * one, np.array([0, 0, 300], np.float32), 25.0, 300,
    )  # fmt: skip


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[ClipInput]:
    """Six tracked clips; happy at level 2 is held out. The track folder is `track` beside the clips."""
    folder = tmp_path_factory.mktemp("person")
    made = []
    for i, (emotion, level) in enumerate(CLIPS):
        audio, loud = _sound(i)
        clip = ClipInput(
            f"{emotion}_{level:g}", folder / f"{emotion}_{level:g}.wav", emotion, level, i == len(CLIPS) - 1
        )
        soundfile.write(clip.path, audio, 16000)
        place = folder / "track" / "clips" / clip.id
        place.mkdir(parents=True)
        _track(loud, emotion, level).save(place / "track.safetensors")
        with FrameStoreWriter(place / "frames.store") as store:
            for frame in range(len(loud)):
                store.append(np.full((64, 64, 3), 40 + frame, np.uint8), np.full((64, 64), 255, np.uint8))
        made.append(clip)
    return made


@pytest.fixture(autouse=True)
def _own_ears(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "open_speech_encoder", lambda _name: (Bands(), None))
    monkeypatch.setattr(stage, "voice_probability", _voice)


def _express(clips: list[ClipInput], out: Path, config: ExpressConfig, stop: StopToken | None = None, on_event=None):
    return run(express(clips, clips[0].path.parent / "track", out, config, stop or StopToken()), on_event)


def _say(out: Path, audio: np.ndarray, emotion: str, level: float) -> ExpressionTrack:
    model = load_a2et(out / "model.safetensors")
    weights = np.eye(8, dtype=np.float32)[EMOTIONS.index(emotion)]
    frames = len(audio) * 25 // 16000
    return predict(model, Bands().features(audio), _voice(audio), weights, np.float32(level), 25.0, frames)


@pytest.fixture(scope="module")
def trained(clips: list[ClipInput], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run folder after a short real training."""
    out = tmp_path_factory.mktemp("express")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stage, "open_speech_encoder", lambda _name: (Bands(), None))
        patch.setattr(stage, "voice_probability", _voice)
        assert _express(clips, out, dataclasses.replace(TINY, steps=120, batch=6)) is Outcome.FINISHED
    return out


def test_jaw_follows_the_sound_of_a_clip_never_seen(trained: Path, clips: list[ClipInput]) -> None:
    """The held-out clip is predicted from its sound, label and level: motion, amplitude and smile."""
    audio, loud = _sound(len(CLIPS) - 1)
    track = _say(trained, audio, "happy", 2.0)
    truth = _track(loud, "happy", 2.0)
    assert np.corrcoef(track.jaw_emo[:, 0], truth.jaw[:, 0])[0, 1] > 0.85
    assert 0.5 < track.jaw_emo[:, 0].std() / truth.jaw[:, 0].std() < 1.3
    assert np.corrcoef(track.psi_emo[:, LIPS], truth.psi[:, LIPS])[0, 1] > 0.85
    assert abs(track.psi_emo[:, SMILE].mean() - 0.5) < 0.12


def test_levels_grow_in_order_also_where_no_clip_shows_them(trained: Path) -> None:
    """Level 0 is neutral, and every half level smiles more than the one before, for speech never heard."""
    audio, _loud = _sound(77)
    smiles = [float(_say(trained, audio, "happy", level).psi_emo[:, SMILE].mean()) for level in np.arange(0, 3.1, 0.5)]
    assert all(b > a + 0.02 for a, b in itertools.pairwise(smiles)), smiles
    sad = _say(trained, audio, "sad", 3.0)
    assert float(sad.psi_emo[:, SMILE].mean()) < smiles[2]
    neutral = _say(trained, audio, "happy", 0.0)
    np.testing.assert_array_equal(neutral.psi_emo, neutral.psi_neu)


def test_silence_closes_the_mouth(trained: Path) -> None:
    """In silence the jaw rests where the lips of the clips were closest, at every emotion and level."""
    track = _say(trained, np.zeros(32000, np.float32), "happy", 3.0)
    assert (track.jaw_emo[:, 0] < 0.07).all()
    assert track.jaw_emo[:, 0].std() < 1e-6
    assert (track.psi_emo[:, LIPS] < 0.1).all()
    assert track.psi_emo[:, SMILE].mean() > 0.3  # the feeling stays


def test_nothing_is_learnt_from_held_out_clips(trained: Path, clips: list[ClipInput]) -> None:
    """The held-out clip is neither listened to nor listed."""
    done = json.loads((trained / "done.json").read_text())
    assert done["clips"] == [c.id for c in clips if not c.held_out]
    assert not (trained / "speech" / f"{clips[-1].id}.safetensors").exists()
    model = load_a2et(trained / "model.safetensors")
    assert model.identity_image.shape == (3, 64, 64)
    assert 0.1 < float(model.identity_image.mean()) < 0.6


def test_stopped_and_resumed_is_bit_equal(clips: list[ClipInput], tmp_path: Path) -> None:
    """A run stopped in the middle ends with the same bytes as one that was left alone."""
    assert _express(clips, tmp_path / "whole", TINY) is Outcome.FINISHED
    stop = StopToken()

    def after_ten(event) -> None:
        if isinstance(event, Metric):
            stop.request()

    assert _express(clips, tmp_path / "halves", TINY, stop, after_ten) is Outcome.STOPPED
    assert not (tmp_path / "halves" / "model.safetensors").exists()
    notices: list[str] = []
    keep = lambda event: notices.append(event.text) if isinstance(event, Notice) else None  # noqa: E731
    assert _express(clips, tmp_path / "halves", TINY, None, keep) is Outcome.FINISHED
    assert notices[-1] == "Going on from step 10."
    one, two = (read_arrays(tmp_path / name / "model.safetensors")[0] for name in ("whole", "halves"))
    for name, values in one.items():
        np.testing.assert_array_equal(values, two[name], err_msg=name)
    assert (tmp_path / "whole" / "metrics.jsonl").read_text() == (tmp_path / "halves" / "metrics.jsonl").read_text()


def test_finished_run_is_not_repeated_and_changed_labels_start_again(clips: list[ClipInput], tmp_path: Path) -> None:
    """Nothing is trained twice, and a checkpoint of other labels is not continued."""
    config = dataclasses.replace(TINY, steps=2)
    metrics: list[Metric] = []
    notices: list[str] = []

    def keep(event) -> None:
        if isinstance(event, Metric):
            metrics.append(event)
        if isinstance(event, Notice):
            notices.append(event.text)

    assert _express(clips, tmp_path, config, None, keep) is Outcome.FINISHED
    count = len(metrics)
    assert _express(clips, tmp_path, config, None, keep) is Outcome.FINISHED
    assert len(metrics) == count
    relabelled = [dataclasses.replace(clips[0], emotion="angry"), *clips[1:]]
    assert _express(relabelled, tmp_path, config, None, keep) is Outcome.FINISHED
    assert len(metrics) > count
    assert "starts again" in notices[-1]


def test_one_neutral_clip_is_enough(clips: list[ClipInput], tmp_path: Path) -> None:
    """A person with a single neutral clip trains without emotions."""
    alone = [dataclasses.replace(clips[0], emotion="neutral", level=0.0)]
    assert _express(alone, tmp_path, dataclasses.replace(TINY, steps=2)) is Outcome.FINISHED


def test_silent_clips_are_named_and_left_out(clips: list[ClipInput], tmp_path: Path) -> None:
    """A clip without sound gives a warning; when nothing else is left, an explanation."""
    quiet = dataclasses.replace(clips[0], path=tmp_path / "quiet.wav")
    soundfile.write(quiet.path, np.zeros(SECONDS * 16000), 16000)
    notices: list[Notice] = []
    keep = lambda event: notices.append(event) if isinstance(event, Notice) else None  # noqa: E731
    track_dir = clips[0].path.parent / "track"
    with pytest.raises(UserError, match="nothing to learn"):
        run(express([quiet], track_dir, tmp_path / "out", TINY, StopToken()), keep)
    assert [n.level for n in notices if "quiet.wav has no sound" in n.text] == ["warning"]
    with pytest.raises(UserError, match="nothing to learn"):
        run(express([dataclasses.replace(clips[0], held_out=True)], track_dir, tmp_path / "o2", TINY, StopToken()))


def test_damaged_checkpoint_is_explained(clips: list[ClipInput], tmp_path: Path) -> None:
    """Half a checkpoint is not trained from silently."""
    (tmp_path / "checkpoint.safetensors").write_bytes(b"\x08\0\0\0\0\0\0\0{}")
    with pytest.raises(UserError, match="cannot be read"):
        _express(clips, tmp_path, TINY)
