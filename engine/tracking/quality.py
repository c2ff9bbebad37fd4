"""Rules of thumb for clips: what is good, what will do, what will not, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Light = Literal["green", "yellow", "red"]
LIGHTS: tuple[Light, ...] = ("green", "yellow", "red")


@dataclass(frozen=True)
class Measures:
    """What was measured in a clip.

    Attributes:
        width: pixels, upright.
        height: pixels, upright.
        fps: frames per second of the file.
        seconds: length.
        looks: frames looked at.
        with_face: share of them with at least one face.
        with_more: share of them with more than one face.
        face_height: median height of the face, forehead to chin, source pixels; 0 without a face.
        cut_off: share of the frames with a face in which it leaves the picture.
        sharpness: variance of the Laplacian of the face at 256 pixels, grey levels squared.
        brightness: median grey of the face, 0 to 255.
        has_sound: whether there is a sound stream.
        loudness: level of the speech in dB below full scale (95th percentile of 50 ms blocks); -120 when silent.
        clipped: share of samples at full scale.
    """

    width: int
    height: int
    fps: float
    seconds: float
    looks: int
    with_face: float
    with_more: float
    face_height: float
    cut_off: float
    sharpness: float
    brightness: float
    has_sound: bool
    loudness: float
    clipped: float


def judge(m: Measures) -> tuple[Light, list[str]]:
    """The traffic light of a clip, and one sentence per finding with how to mend it."""
    found = [*_picture(m), *_face(m), *_sound(m)]
    worst = max((LIGHTS.index(light) for light, _ in found), default=0)
    return LIGHTS[worst], [text for _, text in sorted(found, key=lambda f: -LIGHTS.index(f[0]))]


def _picture(m: Measures) -> list[tuple[str, str]]:
    out = []
    if m.seconds < 2.0:
        out.append(("red", f"The clip is only {m.seconds:.1f} s long: record at least 5 s, better 10 s or more."))
    elif m.seconds < 5.0:
        out.append(("yellow", f"The clip is short ({m.seconds:.1f} s): 10 s or more teach the twin more."))
    if m.fps < 10:
        out.append(("red", f"The clip has {m.fps:.0f} frames a second: lips cannot be followed. Record at 25 or more."))
    elif m.fps < 20:
        out.append(
            ("yellow", f"The clip has {m.fps:.0f} frames a second: quick lip motion is lost. Record at 25 or more.")
        )
    return out


def _face(m: Measures) -> list[tuple[str, str]]:
    if m.with_face == 0:
        return [("red", "No face was found: show one face, well lit, looking at the camera.")]
    out = []
    if m.with_face < 0.7:
        out.append(("yellow", "The face is often out of sight: keep it in the picture and towards the camera."))
    if m.with_more > 0.2:
        out.append(("yellow", "More than one face is in the picture; the largest is followed. Film one person alone."))
    if m.face_height < 60:
        out.append(
            ("red", f"The face is only {m.face_height:.0f} pixels high: go nearer, or record at a higher resolution.")
        )
    elif m.face_height < 130:
        out.append(
            ("yellow", f"The face is small ({m.face_height:.0f} pixels high): go nearer, 200 pixels or more are good.")
        )
    if m.cut_off > 0.3:
        out.append(("yellow", "The face is cut off by the edge of the picture: leave room around the head."))
    if m.sharpness < 5:
        out.append(("yellow", "The face is blurred: focus on it, and use more light for shorter exposures."))
    if m.brightness < 22:
        out.append(("yellow", "The face is very dark: put a light in front of it."))
    elif m.brightness > 235:
        out.append(("yellow", "The face is overexposed: use less light, or lower the exposure."))
    return out


def _sound(m: Measures) -> list[tuple[str, str]]:
    if not m.has_sound:
        return [("yellow", "The clip has no sound: it shapes the face, but lip motion cannot be learned from it.")]
    if m.loudness <= -80:
        return [("yellow", "The sound is silent: switch the microphone on, or lip motion cannot be learned from it.")]
    out = []
    if m.loudness < -42:
        out.append(("yellow", f"The sound is low ({m.loudness:.0f} dB): speak nearer to the microphone."))
    if m.clipped > 0.002:
        out.append(("yellow", "The sound is distorted because it was recorded too loud: lower the recording level."))
    return out
