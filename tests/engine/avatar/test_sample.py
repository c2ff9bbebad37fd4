"""The sample twin that ships: small, quick, complete, and heard without any speech model."""

import subprocess
import sys
import time

import cv2
import numpy as np

from emotalker.engine.avatar import Avatar
from emotalker.engine.avatar.hearing import read_speech
from emotalker.engine.avatar.sample import load_sample, sample_folder


def test_small_enough():
    """All its files together are below 9 MB, the voice below 600 KB."""
    files = [p for p in sample_folder().rglob("*") if p.is_file() and "__pycache__" not in p.parts]
    assert sum(p.stat().st_size for p in files) < 9e6
    assert load_sample().voice_path.stat().st_size < 6e5


def test_looking_for_it_is_light():
    """Finding the sample loads no heavy library: the window does it while it opens."""
    code = (
        "import sys; from emotalker.engine.avatar.sample import load_sample; load_sample();"
        "print([m for m in ('torch', 'numba', 'cv2', 'scipy', 'av', 'transformers') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"


def test_voice_and_what_is_heard_belong_together():
    """The voice can be read, is 8 to 15 s long, and the features shipped cover it."""
    sample = load_sample()
    track = read_speech(sample.voice_path)
    assert 8 < track.duration < 15
    assert abs(sample.heard.seconds - track.duration) < 0.01
    assert abs(len(sample.heard.features) / 50 - track.duration) < 0.05
    assert len(sample.heard.voice) == len(sample.heard.features)
    assert sample.heard.voice.mean() > 0.4


def test_loads_quickly_and_talks():
    """The twin loads in a second on a free machine, says its voice with moving lips, and blinks."""
    sample = load_sample()
    Avatar.load(sample.avatar_dir)
    clock = time.perf_counter()
    avatar = Avatar.load(sample.avatar_dir)
    assert time.perf_counter() - clock < 3
    controls = avatar.controls_from_speech(sample.heard, sample.curve)
    assert controls.jaw_emo[:, 0].std() > 0.01
    assert controls.au45.max() > 0.8


def test_its_emotions_fit_its_voice():
    """The curve shows several emotions, all within the voice."""
    sample = load_sample()
    assert sample.curve.keyframes[-1].time < sample.seconds
    weights, level = sample.curve.sample(np.linspace(0, sample.seconds, 200))
    assert len(set(weights.argmax(1).tolist())) >= 4
    assert level.max() > 2


def test_cover_is_a_small_picture():
    """The gallery's picture is square and not empty."""
    image = cv2.imread(str(load_sample().cover_path))
    assert image.shape[0] == image.shape[1] >= 200
    assert image.std() > 20
