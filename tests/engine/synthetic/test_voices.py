"""Natural voices for the sample person: read with their phones, acted to at their length, refused when damaged."""

import json

import numpy as np
import pytest
import soundfile

from emotalker.engine.errors import UserError
from emotalker.engine.media import FrameSource, read_audio
from emotalker.engine.synthetic.hair import hair_fall
from emotalker.engine.synthetic.sample import SampleConfig, make_sample
from emotalker.engine.synthetic.speech import RATE
from emotalker.engine.synthetic.voices import read_script, read_scripts
from emotalker.engine.tracking.track import Track


@pytest.fixture
def voices(tmp_path):
    """A folder with one voice of 0.8 s: an open vowel, then closed lips."""
    folder = tmp_path / "voices"
    folder.mkdir()
    sound = 0.3 * np.sin(np.arange(round(0.8 * RATE)) * 0.05)
    soundfile.write(folder / "neutral.wav", sound, RATE)
    (folder / "neutral.json").write_text(json.dumps([["aa", 0.1, 0.4], ["m", 0.4, 0.7]]))
    return folder


def test_voice_and_phones_are_read(voices):
    """Sound and phones come together, under the name of the file."""
    scripts = read_scripts(voices)
    assert list(scripts) == ["neutral"]
    assert scripts["neutral"].seconds == pytest.approx(0.8)
    assert [p.name for p in scripts["neutral"].phones] == ["aa", "m"]


def test_the_person_acts_to_it(voices, tmp_path):
    """A clip that has a voice is as long as it, sounds like it, and opens and closes the mouth with it."""
    config = SampleConfig(size=64, seconds=2.0, emotions=("neutral",), scripts=voices)
    made = make_sample(tmp_path / "film", config)[0]
    track = Track.load(made.truth)
    assert len(track) == 20
    assert len(list(FrameSource(made.clip.path, 25.0))) == 20
    sound = read_audio(made.clip.path).mono16k
    assert np.abs(sound[1600:-1600]).max() == pytest.approx(0.3, abs=0.08)
    jaw = track.jaw[:, 0]
    assert jaw[4:9].max() > 5 * jaw[12:17].min()


@pytest.mark.parametrize("text", ["no list", '[["aa", 0]]', '[["quack", 0, 1]]'])
def test_damaged_phones_are_refused(voices, text):
    """Whatever is no list of known sounds is an error that says so."""
    (voices / "neutral.json").write_text(text)
    with pytest.raises(UserError):
        read_script(voices / "neutral.json")


def test_missing_or_foreign_sound_is_refused(voices):
    """A voice at another rate would not fit its phones."""
    soundfile.write(voices / "neutral.wav", np.zeros(8000), 8000)
    with pytest.raises(UserError, match="voice"):
        read_script(voices / "neutral.json")


def test_hair_has_two_sides():
    """The bob can be seen from outside and from inside: as many triangles face each way."""
    points, faces = hair_fall()
    a, b, c = (points[faces[:, i]] for i in range(3))
    outwards = (np.cross(b - a, c - a) * (a * [1, 0, 1])).sum(1) > 0
    assert 0.4 < outwards.mean() < 0.6
    assert faces.max() < len(points)
