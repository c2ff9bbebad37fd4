"""Frames per second of the whole tracking stage on the sample person's clips, at 512x512."""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path

from emotalker.engine.head.default import load_default_head
from emotalker.engine.jobs import StopToken, run
from emotalker.engine.synthetic.sample import SampleConfig, make_sample
from emotalker.engine.tracking.stage import TrackConfig, track
from emotalker.engine.tracking.track import Track

SAMPLE = SampleConfig(size=512, seconds=4.0, emotions=("neutral", "happy"), levels=(2.0,))


def measure(sample: SampleConfig = SAMPLE) -> dict[str, float]:
    """Frames per second from films to finished tracks, identity and background plates included, and the mean error.

    The second of two runs counts: the first one loads models and kernels.

    Args:
        sample: what to film first; that takes as long as it takes.

    Raises:
        UserError: if the landmark models are not on this computer and cannot be fetched.
    """
    load_default_head()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        clips = [c.clip for c in make_sample(folder / "films", sample)]
        config = TrackConfig(fps=sample.fps, size=sample.size)
        run(track(clips[:1], folder / "warm", config, StopToken()))
        start = time.perf_counter()
        run(track(clips, folder / "track", config, StopToken()))
        seconds = time.perf_counter() - start
        tracks = [Track.load(folder / "track" / "clips" / clip.id / "track.safetensors") for clip in clips]
    frames = sum(len(t) for t in tracks)
    error = statistics.fmean(float(t.reprojection.mean()) for t in tracks)
    return {"tracking.frames_per_s": frames / seconds, "tracking.reprojection_percent": 100 * error}
