"""How far each emotion moves a twin: `python tests/benchmarks/levels.py [TWIN SPEECH [TILE.png]]`.

The same speech is rendered at levels 0 to 3 for all emotions, recorded or not, with the head held still; landmarks are
found in the renders, and their mean distance from those of level 0 is given in pixels at 512, with the distance between
happy and sad. Then the face goes from happy 3 to sad 3 in half a second, in silence and while it speaks, and the
largest mean movement of its Gaussians from one frame to the next is told in medians of those frames. The tile shows one
frame: rows are emotions, columns levels. Without arguments the sample twin says its introduction.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from emotalker.engine.avatar import Avatar, Controls, Heard
from emotalker.engine.avatar.sample import load_sample
from emotalker.engine.emotion.curve import EmotionCurve, Keyframe
from emotalker.engine.emotion.labels import EMOTIONS
from emotalker.engine.gaussians.blendshapes import FACE
from emotalker.engine.gaussians.cpu import PlaybackRenderer
from emotalker.engine.media import read_audio
from emotalker.engine.tracking.observing.landmarker import FaceLandmarker

SIZE, STEP = 512, 24
LEVELS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
BEGIN, SECONDS = 2.0, 0.5


def held(avatar: Avatar, heard: Heard, curve: EmotionCurve, frames: int | None = None) -> Controls:
    """Drive by speech on a head that neither turns nor blinks nor looks about."""
    controls = avatar.controls_from_speech(heard, curve, n_frames=frames, seed=0)
    return replace(
        controls,
        **{name: np.repeat(getattr(controls, name)[:1], len(controls), 0) for name in ("neck", "root", "eyes")},
    )


def transition(avatar: Avatar, heard: Heard) -> tuple[np.ndarray, float]:
    """Mean movement of the face's Gaussians in millimetres between the frames of a transition, and max / median."""
    keys = (
        Keyframe.of(0.0, "happy", 3.0), Keyframe.of(BEGIN, "happy", 3.0), Keyframe.of(BEGIN + SECONDS, "sad", 3.0),
    )  # fmt: skip
    controls = held(avatar, heard, EmotionCurve(keys), int((BEGIN + 1) * avatar.fps))
    first, last = (int(np.floor(t * avatar.fps)) for t in (BEGIN, BEGIN + SECONDS))
    still = replace(controls, psi_emo=controls.psi_emo.copy(), psi_neu=controls.psi_neu.copy(), au45=controls.au45 * 0)
    for psi in (still.psi_emo, still.psi_neu):
        psi[:, [n.startswith("eyeBlink") for n in avatar.expressions]] = 0
    points = np.stack(
        [avatar.arrays(still.frame(i)).means[avatar.shapes.layer == FACE] for i in range(first, last + 1)]
    )
    moved = np.linalg.norm(np.diff(points, axis=0), axis=-1).mean(1) * 1e3
    return moved, float(moved.max() / np.median(moved))


def main(avatar: Avatar, heard: Heard, tile: Path | None) -> None:
    """Print the tables and write the tile."""
    landmarker, renderer = FaceLandmarker(), PlaybackRenderer()
    camera = avatar.camera.resized(SIZE, SIZE)
    plate = np.asarray(cv2.resize(avatar.plate, (SIZE, SIZE)), np.uint8)
    calm = held(avatar, heard, EmotionCurve.constant("neutral", 0.0))
    recorded = {emotion for emotion, _ in avatar.recorded}
    points: dict[tuple[str, float], np.ndarray] = {}
    rows = []
    for emotion in EMOTIONS[1:]:
        row = []
        for level in LEVELS:
            controls = held(avatar, heard, EmotionCurve.constant(emotion, level))
            controls = replace(controls, neck=calm.neck, root=calm.root)
            found = []
            for i in range(STEP, len(controls), STEP):
                picture = renderer.render(avatar.arrays(controls.frame(i)), camera, plate)
                face = landmarker.detect(picture)
                found.append(face.points[:468, :2] if face is not None else np.full((468, 2), np.nan))
                if i == STEP * 3 and level in (0.0, 1.0, 2.0, 3.0):
                    row.append(picture)
            points[emotion, level] = np.array(found)
        rows.append(np.concatenate(row, 1))
        moved = [np.nanmean(np.linalg.norm(points[emotion, v] - points[emotion, 0.0], axis=-1)) for v in LEVELS]
        print(
            f"{emotion:10s} {'' if emotion in recorded else '(not recorded) '}",
            " ".join(f"{v:g}: {d:.2f} px" for v, d in zip(LEVELS, moved)),
            "growing" if bool(np.all(np.diff(moved) > 0)) else "NOT growing",
        )
    between = np.nanmean(np.linalg.norm(points["happy", 3.0] - points["sad", 3.0], axis=-1))
    print(f"happy 3 to sad 3: {between:.2f} px")
    for name, said in (("in silence", avatar.quiet()), ("speaking", heard)):
        steps, ratio = transition(avatar, said)
        print(f"transition {name}: largest step {steps.max():.2f} mm, {ratio:.2f} times the median")
    if tile is not None:
        cv2.imwrite(str(tile), np.concatenate(rows, 0)[..., ::-1])


def _heard(avatar: Avatar, speech: Path) -> Heard:
    audio = read_audio(speech)
    if audio is None:
        raise SystemExit(f"{speech} has no sound")
    return avatar.hear(audio.mono16k)


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sample = load_sample()
        main(Avatar.load(sample.avatar_dir), sample.heard, Path(sys.argv[1]) if len(sys.argv) > 1 else None)
    else:
        twin = Avatar.load(Path(sys.argv[1]))
        main(twin, _heard(twin, Path(sys.argv[2])), Path(sys.argv[3]) if len(sys.argv) > 3 else None)
