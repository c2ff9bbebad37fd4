"""How far each emotion moves a twin's landmarks: `python tests/benchmarks/levels.py TWIN SPEECH [TILE.png]`.

The same speech is rendered at levels 0 to 3; landmarks are found in the renders, and their mean distance from those of
level 0 is given in pixels at 512, with the distance between happy and sad. The tile shows one frame: rows are emotions,
columns levels.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np

from emotalker.engine.avatar import Avatar
from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.engine.gaussians.cpu import PlaybackRenderer
from emotalker.engine.media import read_audio
from emotalker.engine.tracking.landmarker import FaceLandmarker

SIZE, STEP = 512, 12
LEVELS = (0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0)


def main(twin: Path, speech: Path, tile: Path | None) -> None:
    """Print the table and write the tile."""
    avatar, landmarker, renderer = Avatar.load(twin), FaceLandmarker(), PlaybackRenderer()
    audio = read_audio(speech)
    if audio is None:
        raise SystemExit(f"{speech} has no sound")
    heard = avatar.hear(audio.mono16k)
    camera = avatar.camera.resized(SIZE, SIZE)
    plate = np.asarray(cv2.resize(avatar.plate, (SIZE, SIZE)), np.uint8)
    emotions = list(dict.fromkeys(e for e, _ in avatar.recorded if e != "neutral"))
    points: dict[tuple[str, float], np.ndarray] = {}
    rows = []
    for emotion in emotions:
        row = []
        for level in LEVELS:
            controls = avatar.controls_from_speech(heard, EmotionCurve.constant(emotion, level), seed=0)
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
        growing = bool(np.all(np.diff(moved) > 0))
        print(
            emotion,
            " ".join(f"{v:g}: {d:.2f} px" for v, d in zip(LEVELS, moved)),
            "growing" if growing else "NOT growing",
        )
    if {"happy", "sad"} <= set(emotions):
        between = np.nanmean(np.linalg.norm(points["happy", 3.0] - points["sad", 3.0], axis=-1))
        print(f"happy 3 to sad 3: {between:.2f} px")
    if tile is not None:
        cv2.imwrite(str(tile), np.concatenate(rows, 0)[..., ::-1])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else None)
