"""How far a person is from themselves: `python tests/benchmarks/takes.py PROJECT`, for clips that say the same words.

Every held-out clip is rendered by the project's twin with its own head motion and light, but wearing the tracked face
of another clip of the same emotion, warped in time so that both sounds fall together (dynamic time warping over the
speech features). The distance of the lips from the recording (M-LD, pixels at 512) is that of another take of the same
sentence by the same person: what hears only the sound can hardly be nearer. The twin driven by the voice stands beside.
Figures mean nothing where the clips say other words.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.avatar.clips import ClipRenderer
from emotalker.engine.clip import ClipInput
from emotalker.engine.media.frame_store import FrameStore
from emotalker.engine.metrics.landmarks import FACE, MOUTH, landmark_distance
from emotalker.engine.tracking.observing.landmarker import FaceLandmarker
from emotalker.engine.tracking.refined import track_of
from emotalker.engine.tracking.track import Track
from emotalker.projects.project import Project

SIZE, STEP = 512, 2
WAIT = 0.05
"""Price of a frame that one take spends and the other does not, beside distances between features of 0 to 2."""


def matched(ours: NDArray[np.floating], theirs: NDArray[np.floating]) -> NDArray[np.float64]:
    """For each row of features [n, S] the place in the others [m, S] at which the same is said [n]."""
    a, b = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (ours, theirs))
    price = 1 - a @ b.T
    total = np.full((len(a) + 1, len(b) + 1), np.inf)
    total[0, 0] = 0
    for i in range(len(a)):
        for j in range(len(b)):
            total[i + 1, j + 1] = price[i, j] + min(total[i, j], total[i, j + 1] + WAIT, total[i + 1, j] + WAIT)
    places: list[list[int]] = [[] for _ in a]
    i, j = len(a), len(b)
    while i > 0 and j > 0:
        places[i - 1].append(j - 1)
        best = np.argmin([total[i - 1, j - 1], total[i - 1, j] + WAIT, total[i, j - 1] + WAIT])
        i, j = i - int(best != 2), j - int(best != 1)
    known = [k for k, found in enumerate(places) if found]
    return np.interp(np.arange(len(a)), known, [float(np.mean(places[k])) for k in known])


class Takes:
    """The twin of a project wearing faces of other takes.

    Args:
        project: trained, with held-out clips.
    """

    def __init__(self, project: Project) -> None:
        self.clips = project.clip_inputs()
        self._track_dir, self._fit_dir = project.stage_folder("track"), project.stage_folder("fit")
        self.renderer = ClipRenderer(project.stage_folder("avatar"), self._track_dir, self.clips, fit_dir=self._fit_dir)
        self._detect = FaceLandmarker().detect

    def track(self, clip: ClipInput) -> Track:
        """A clip's track."""
        return track_of(clip.id, self._track_dir, self._fit_dir)

    def heard(self, clip: ClipInput) -> NDArray[np.floating]:
        """Features of a clip's sound in step with its picture, in the twin's deviations, one row a frame."""
        sound = self.renderer._hear(clip, self.track(clip))
        model = self.renderer.avatar.a2et
        import torch

        rows = model.normalise(torch.from_numpy(sound.features), torch.from_numpy(sound.voice)).numpy()
        at = np.minimum((np.arange(len(self.track(clip))) + 0.5) / self.track(clip).fps * 50, len(rows) - 1)
        return np.asarray(rows[at.astype(int)])

    def distances(self, clip: ClipInput, other: ClipInput | None) -> tuple[float, float]:
        """M-LD and F-LD of a clip wearing another take's face; driven by its own voice without another."""
        recording = self.renderer._recording(clip.id)
        controls = recording.audio
        if other is not None:
            track, worn = self.track(clip), self.track(other)
            place = matched(self.heard(clip), self.heard(other))
            psi, jaw = (_at(values, place) for values in (worn.psi, worn.jaw))
            lids = [i for i, n in enumerate(self.renderer.avatar.expressions) if n.startswith("eye")]
            psi[:, lids] = track.psi[:, lids]
            controls = self._controls(clip, replace(track, psi=psi, jaw=jaw))
        store = FrameStore(self._track_dir / "clips" / clip.id / "frames.store")
        pairs = []
        for index in range(0, len(store), STEP):
            found = self._detect(self.renderer._render(recording, controls, index, SIZE))
            true = self._detect(store.read(index, SIZE)[0])
            if found is not None and true is not None:
                pairs.append((found.points[:, :2], true.points[:, :2]))
        ours, theirs = (np.stack(side).astype(np.float32) for side in zip(*pairs, strict=True))
        return landmark_distance(ours, theirs, SIZE, MOUTH), landmark_distance(ours, theirs, SIZE, FACE)

    def _controls(self, clip: ClipInput, track: Track):  # type: ignore[no-untyped-def]
        from emotalker.engine.emotion.curve import EmotionCurve

        weights, level = (x[0] for x in EmotionCurve.constant(clip.emotion, clip.level).sample([0.0]))
        heard = self.renderer._hear(clip, self.track(clip))
        return self.renderer.avatar.controls_from_track(track, heard, weights, float(level), tracked_expression=True)


def _at(values: NDArray[np.floating], place: NDArray[np.float64]) -> NDArray[np.float32]:
    columns = [np.interp(place, np.arange(len(values)), column) for column in values.T]
    return np.stack(columns, 1).astype(np.float32)


def main(folder: Path) -> None:
    """Print the distances of every held-out clip."""
    takes = Takes(Project.open(folder))
    for clip in (c for c in takes.clips if c.held_out):
        print(f"{clip.id}: driven by the voice M-LD {takes.distances(clip, None)[0]:.2f}", flush=True)
        for other in (c for c in takes.clips if c.emotion == clip.emotion and c.id != clip.id):
            lips, face = takes.distances(clip, other)
            print(f"  the person in {other.id}: M-LD {lips:.2f} F-LD {face:.2f}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    main(Path(sys.argv[1]))
