"""Put a trained twin and its voice into resources/sample, small; run by hand after the training.

    python -m emotalker.engine.avatar.build_sample TWIN VOICE.wav

TWIN is runs/avatar of a project trained on the sample person's films (`engine.synthetic`), VOICE.wav the introduction
of `engine.synthetic.build_voices`.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import cv2
import numpy as np
import soundfile
import torch

from emotalker.engine.avatar.avatar import Avatar
from emotalker.engine.avatar.hearing import read_speech
from emotalker.engine.avatar.sample import AVATAR, COVER, FACTS, HEARD, VOICE
from emotalker.engine.emotion.curve import EmotionCurve, Keyframe
from emotalker.engine.files import write_arrays, write_bytes, write_json
from emotalker.engine.gaussians.blendshapes import FACE
from emotalker.engine.gaussians.cpu.playback import PlaybackRenderer
from emotalker.engine.gaussians.gaussians import SH_C0

NAME = "Sample"
TEXT = (
    "Hello, and welcome! I am a digital twin. Oh! I can be surprised. Or a little sad. "
    "Give me your own voice, choose a feeling, and watch me say it!"
)
# emotion and level where the words of the introduction ask for them
CURVE = EmotionCurve(
    (
        Keyframe.of(0.0, "neutral", 0.0),
        Keyframe.of(0.6, "happy", 1.6),
        Keyframe.of(2.1, "happy", 1.6),
        Keyframe.of(3.2, "neutral", 0.0),
        Keyframe.of(4.0, "neutral", 0.0),
        Keyframe.of(4.5, "surprised", 2.6),
        Keyframe.of(6.2, "surprised", 2.0),
        Keyframe.of(7.0, "sad", 2.5),
        Keyframe.of(8.3, "sad", 2.5),
        Keyframe.of(9.2, "happy", 1.2),
        Keyframe.of(11.3, "happy", 2.4),
    )
)
COVER_SIZE, COVER_LEVEL = 320, 3.0


def main(twin: Path, voice: Path, folder: Path) -> None:
    """Write all files of the sample into `folder`."""
    avatar = dataclasses.replace(Avatar.load(twin), name=NAME)
    cover_the_back(avatar)
    avatar.save(folder / AVATAR, compact=True)
    sound, rate = soundfile.read(voice, dtype="float32")
    soundfile.write(folder / VOICE, sound, rate, format="OGG", subtype="VORBIS")
    track = read_speech(folder / VOICE)
    heard = avatar.hear(track.mono16k)
    small = {"features": heard.features.astype(np.float16), "voice": heard.voice.astype(np.float16)}
    write_arrays(folder / HEARD, small)
    facts = {"name": NAME, "text": TEXT, "seconds": heard.seconds, "speech": avatar.speech, "curve": CURVE.to_json()}
    write_json(folder / FACTS, facts)
    done, data = cv2.imencode(".png", cover(avatar)[..., ::-1], [cv2.IMWRITE_PNG_COMPRESSION, 9])
    if done:
        write_bytes(folder / COVER, data.tobytes())


def cover_the_back(avatar: Avatar) -> int:
    """Give what lies behind the ears and no film ever showed the colour of hair; returns how many Gaussians.

    It keeps the skin colour it began with otherwise, and peeks out behind the hair when the camera goes round.
    """
    base = avatar.shapes.base
    x, y, z = base.means.T.numpy()
    colour = base.sh[:, 0].numpy() * SH_C0 + 0.5
    back = (z < -0.02) & (y > -0.115) & (np.abs(x) > 0.06) & (avatar.shapes.layer == FACE)
    pale = back & (colour[:, 0] - colour[:, 2] > 0.12) & (colour[:, 0] > 0.45)
    hair = np.median(colour[back & ~pale], 0)
    base.sh[torch.from_numpy(pale), 0] = torch.from_numpy((hair - 0.5) / SH_C0).float()
    return int(pale.sum())


def cover(avatar: Avatar) -> np.ndarray:
    """A picture of the twin smiling, eyes open [320, 320, 3]."""
    controls = avatar.controls_from_speech(avatar.quiet(), EmotionCurve.constant("happy", COVER_LEVEL))
    size, frame = avatar.camera.width, int(controls.au45.argmin())
    picture = PlaybackRenderer().render(avatar.arrays(controls.frame(frame)), avatar.camera, avatar.plate)
    inner = picture[: round(0.86 * size), round(0.07 * size) : round(0.93 * size)]
    return cv2.resize(inner, (COVER_SIZE, COVER_SIZE), interpolation=cv2.INTER_AREA)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(__file__).parents[2] / "resources" / "sample")
