"""Films of a twin: right length and sound, the label that says it is AI, orbit, stop, and what is no sound."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from emotalker.engine.avatar import Avatar
from emotalker.engine.bench.twin import sample_twin
from emotalker.engine.emotion.curve import EmotionCurve, Keyframe
from emotalker.engine.errors import UserError
from emotalker.engine.jobs import Event, Outcome, Progress, StopToken, run
from emotalker.engine.media import FrameSource, Mp4Writer, probe, read_audio
from emotalker.engine.render.video import background_of, render_video

WIDTH, SIZE, SECONDS, RATE = 12, 64, 1.0, 22050
U8 = NDArray[np.uint8]


class Ear:
    """A speech encoder that hears loudness."""

    name, width = "ear", WIDTH

    def features(self, audio_16k: NDArray[np.float32]) -> NDArray[np.float32]:
        """Loudness of every 20 ms in all features."""
        padded = np.pad(audio_16k, (0, -len(audio_16k) % 320)).reshape(-1, 320)
        return np.repeat(np.sqrt((padded**2).mean(1))[:, None], WIDTH, 1).astype(np.float32)


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small untrained twin on disk."""
    folder = tmp_path_factory.mktemp("twin")
    sample_twin(1200, SIZE, WIDTH).save(folder)
    return folder


@pytest.fixture(scope="module")
def voice(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second and a bit of a stereo sound."""
    t = np.arange(int(RATE * 1.03)) / RATE
    tone = 0.3 * np.sin(2 * np.pi * 180 * t) * (np.sin(2 * np.pi * 3 * t) > 0)
    path = tmp_path_factory.mktemp("sound") / "Grüße an alle.wav"
    soundfile.write(path, np.stack([tone, 0.5 * tone], 1), RATE)
    return path


def film(twin: Path, voice: Path, out: Path, **changes: Any) -> Path:
    """Render with everything plain but the changes."""
    settings = {"emotion": "happy", "level": 2.0, "background": "plate", "size": SIZE, "yaw": 0.0, "pitch": 0.0}
    settings |= {"stop": StopToken(), "encoder": Ear()} | changes
    assert run(render_video(twin, voice, out, **settings)) is Outcome.FINISHED
    return out


def frames(path: Path) -> U8:
    """All frames [T, H, W, 3]."""
    return np.stack([frame for _, frame in FrameSource(path)])


def test_length_sound_and_label(twin: Path, voice: Path, tmp_path: Path) -> None:
    """The film covers the recording, carries its sound and says that it is AI-generated."""
    out = film(twin, voice, tmp_path / "film mit Ä.mp4")
    info, recorded, heard = probe(out), read_audio(voice), read_audio(out)
    assert (info.width, info.height, info.fps) == (SIZE, SIZE, 25.0)
    assert info.n_frames == 26
    assert recorded is not None
    assert heard is not None
    assert heard.duration == pytest.approx(recorded.duration, abs=0.002)
    assert np.corrcoef(recorded.mono16k[:16000], heard.mono16k[:16000])[0, 1] > 0.95
    with av.open(str(out)) as container:
        assert "AI-generated" in container.metadata["comment"]


def test_the_same_film_twice(twin: Path, voice: Path, tmp_path: Path) -> None:
    """Rendering is deterministic to the byte of a frame, another seed is another performance."""
    first, again = (frames(film(twin, voice, tmp_path / f"{n}.mp4")) for n in "ab")
    other = frames(film(twin, voice, tmp_path / "c.mp4", seed=9))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_level_zero_is_neutral_and_emotion_shows(twin: Path, voice: Path, tmp_path: Path) -> None:
    """Level 0 of any emotion is the neutral film; level 3 is not."""
    neutral = frames(film(twin, voice, tmp_path / "n.mp4", emotion="neutral", level=0.0))
    zero = frames(film(twin, voice, tmp_path / "z.mp4", level=0.0))
    strong = frames(film(twin, voice, tmp_path / "s.mp4", level=3.0))
    assert np.array_equal(neutral, zero)
    assert np.abs(strong.astype(int) - neutral.astype(int)).max() > 10


def test_a_curve_in_place_of_an_emotion(twin: Path, voice: Path, tmp_path: Path) -> None:
    """Export of a timeline: an emotion that grows starts as the neutral film."""
    curve = EmotionCurve((Keyframe.of(0.4, "neutral", 0), Keyframe.of(0.9, "happy", 3)))
    grown = frames(film(twin, voice, tmp_path / "g.mp4", emotion=curve)).astype(int)
    neutral = frames(film(twin, voice, tmp_path / "n.mp4", emotion="neutral", level=0.0)).astype(int)
    distance = np.abs(grown - neutral).mean((1, 2, 3))
    assert distance[-1] > 3 * distance[0]


def test_orbit_turns_the_person_and_leaves_the_plate(twin: Path, voice: Path, tmp_path: Path) -> None:
    """The camera moves around the head; the recorded background stays where it was."""
    front = frames(film(twin, voice, tmp_path / "f.mp4"))[5].astype(int)
    side = frames(film(twin, voice, tmp_path / "s.mp4", yaw=25.0, pitch=10.0))[5].astype(int)
    assert np.abs(front[:6, :6] - side[:6, :6]).max() <= 3
    assert np.abs(front - side)[20:40, 20:44].mean() > 5


def test_a_colour_behind_the_person(twin: Path, voice: Path, tmp_path: Path) -> None:
    """Green for keying, at another size than the recordings'."""
    picture = frames(film(twin, voice, tmp_path / "g.mp4", background="#00ff00", size=96))[3]
    assert picture.shape == (96, 96, 3)
    assert np.abs(picture[:6, :6].astype(int) - [0, 255, 0]).max() < 12
    assert background_of("#102030", np.zeros((4, 4, 3), np.uint8), 2)[0, 0].tolist() == [16, 32, 48]


@pytest.mark.parametrize("background", ["green", "#12345", "#gggggg", ""])
def test_no_background(background: str) -> None:
    """What is neither a plate nor a colour is said."""
    with pytest.raises(UserError, match="no background"):
        background_of(background, np.zeros((4, 4, 3), np.uint8), 4)


def test_progress_and_stop(twin: Path, voice: Path, tmp_path: Path) -> None:
    """A stop in the middle leaves no film, and the older one of that name as it was."""
    out, stop = tmp_path / "film.mp4", StopToken()
    out.write_bytes(b"older")
    job = render_video(twin, voice, out, "happy", 1.0, "plate", SIZE, 0.0, 0.0, stop, encoder=Ear())
    seen: list[Event] = []

    def on_event(event: Event) -> None:
        seen.append(event)
        if isinstance(event, Progress) and event.done >= 10:
            stop.request()

    assert run(job, on_event) is Outcome.STOPPED
    assert out.read_bytes() == b"older"
    assert [p.name for p in tmp_path.iterdir()] == ["film.mp4"]
    assert seen[-1] == Progress("render", 10, 26, "frames")


def refuse(twin: Path, audio: Path, out: Path) -> UserError:
    """The error of a film that cannot be made; nothing is left of it."""
    with pytest.raises(UserError) as raised:
        film(twin, audio, out)
    assert not out.exists()
    return raised.value


def test_sound_that_cannot_be_spoken(twin: Path, tmp_path: Path) -> None:
    """Silence, a film without sound, a text and a missing file are each refused by name."""
    out = tmp_path / "film.mp4"
    silent = tmp_path / "silent.wav"
    soundfile.write(silent, np.zeros(16000, np.float32), 16000)
    assert "silent" in refuse(twin, silent, out).what
    mute = tmp_path / "mute.mp4"
    with Mp4Writer(mute, 32, 32, 25) as writer:
        for _ in range(5):
            writer.write(np.zeros((32, 32, 3), np.uint8))
    assert "no sound" in refuse(twin, mute, out).what
    text = tmp_path / "notes.wav"
    text.write_text("not a sound at all")
    assert "notes.wav" in refuse(twin, text, out).what
    assert refuse(twin, tmp_path / "missing.wav", out).what_to_do


def test_a_damaged_twin_makes_no_film(voice: Path, twin: Path, tmp_path: Path) -> None:
    """The same sentence as when it is opened."""
    broken = tmp_path / "broken"
    Avatar.load(twin).save(broken)
    (broken / "avatar.safetensors").write_bytes(b"x")
    assert "cannot be read" in refuse(broken, voice, tmp_path / "film.mp4").what
