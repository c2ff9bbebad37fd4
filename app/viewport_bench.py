"""How smoothly a twin plays in the window, alone and while a training runs: python -m emotalker.app.viewport_bench.

Opens the real viewport, plays with the sound's clock, and counts what was really painted.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEventLoop, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QApplication, QMainWindow

from emotalker.app.bench_load import STAGE, TrainingLoad

if TYPE_CHECKING:
    from emotalker.engine.avatar import Avatar, Heard
    from emotalker.engine.media import AudioTrack
    from emotalker.engine.playback import Frame, PlaybackStats

    Measurement = tuple[PlaybackStats, float]
    """Figures, and frames shown per second over the whole time."""

SIZE = 512
SECONDS = 20.0
SETTLE = 3.0
"""Seconds of playing before counting begins: the first frames find out what the machine can do."""
PATIENCE = 300.0
"""Seconds to wait until the training trains."""


class Stage(QObject):
    """A window with a viewport, and what plays in it.

    Args:
        avatar: the twin.
        track: what it says; None for silence.
        heard: the same as it hears it.
        backend: "cpu", "gl" or "cuda".
    """

    frame_made = Signal()

    def __init__(self, avatar: Avatar, track: AudioTrack | None, heard: Heard | None, backend: str) -> None:
        super().__init__()
        from emotalker.engine.playback import Performer
        from emotalker.widgets.viewport import Viewport

        self.window = QMainWindow()
        self.viewport = Viewport()
        self.viewport.setFixedSize(SIZE, SIZE)
        self.window.setCentralWidget(self.viewport)
        self.viewport.set_backend(backend)
        self.errors: list[BaseException] = []
        self._latest: Frame | None = None
        self._lock = threading.Lock()
        self.performer = Performer(self._take, self.errors.append)
        self.frame_made.connect(self._present, Qt.ConnectionType.QueuedConnection)
        self.viewport.presented.connect(self.performer.shown)
        self.performer.set_size(SIZE, SIZE)
        self.performer.set_backend(self.viewport.backend)
        self.performer.set_voice(track, heard)
        self.performer.set_twin(avatar)
        if track is not None:
            self.performer.set_loop((0.0, track.duration))
        self.window.show()

    def measure(self, seconds: float) -> Measurement:
        """Play, and count for some seconds.

        Raises:
            RuntimeError: if playing failed.
        """
        self.performer.play()
        wait(SETTLE)
        self.performer.reset_stats()
        begin = time.perf_counter()
        wait(seconds)
        stats, took = self.performer.stats(), time.perf_counter() - begin
        self.performer.pause()
        if self.errors:
            raise RuntimeError("playing failed") from self.errors[0]
        return stats, stats.shown / took

    def close(self) -> None:
        """End threads and window."""
        self.performer.close()
        self.window.close()

    def _take(self, frame: Frame) -> None:
        with self._lock:
            waiting, self._latest = self._latest is not None, frame
        if not waiting:
            self.frame_made.emit()

    def _present(self) -> None:
        with self._lock:
            frame, self._latest = self._latest, None
        if frame is not None:
            self.viewport.present(frame)


def wait(seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
    """Let the window live for some seconds, or until something holds; whether it does."""
    loop, end = QEventLoop(), time.perf_counter() + seconds
    timer = QTimer(loop)
    timer.setInterval(50)
    timer.timeout.connect(lambda: loop.quit() if until() or time.perf_counter() >= end else None)
    timer.start()
    loop.exec()
    timer.stop()
    return until()


def figures_of(avatar: Avatar, track: AudioTrack | None, heard: Heard | None, backend: str, seconds: float) -> dict:
    """The figures `viewport.*`: quiet ones, then while training."""
    stage = Stage(avatar, track, heard, backend)
    try:
        wait(2.0)
        quiet, fps = stage.measure(seconds)
        figures: dict[str, Any] = {
            "backend": stage.viewport.backend,
            "fps": round(fps, 2),
            "dropped": round(100 * quiet.dropped_share, 2),
            "av_offset_ms_max": round(abs(quiet.av_offset_ms_max), 2),
            "interval_ms": round(quiet.interval_ms, 2),
            "p99_ms": round(quiet.interval_p99_ms, 2),
        }
        busy, fps = _beside_training(lambda: stage.measure(seconds))
        figures |= {
            "fps_training": round(fps, 2),
            "dropped_training": round(100 * busy.dropped_share, 2),
            "av_offset_training_ms_max": round(abs(busy.av_offset_ms_max), 2),
            "p99_training_ms": round(busy.interval_p99_ms, 2),
        }
        return figures
    finally:
        stage.close()


def _beside_training(measure: Callable[[], Measurement]) -> Measurement:
    """Measure while a training runs in a child process."""
    from emotalker.app.worker import JobQueue, JobSpec
    from emotalker.engine.jobs import Metric

    queue, trains, over = JobQueue(), [], []
    queue.event.connect(lambda _, event: trains.append(1) if isinstance(event, Metric) and event.stage == STAGE else 0)
    queue.ended.connect(lambda _, end: over.append(end))
    try:
        queue.submit(JobSpec("train", "Training to measure beside", TrainingLoad(), None))
        if not wait(PATIENCE, lambda: bool(trains or over)) or over:
            raise RuntimeError(f"the training did not start: {over}")
        measured = measure()
        if over:
            raise RuntimeError(f"the training ended meanwhile: {over}")
        return measured
    finally:
        queue.shutdown(20.0)


def main(arguments: list[str] | None = None) -> int:
    """Measure, and write or print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, help="file to write; printed when left out")
    parser.add_argument("--twin", type=Path, help="folder of a twin; the sample's when left out")
    parser.add_argument("--voice", type=Path, help="what it says; the sample's voice, or silence for another twin")
    parser.add_argument("--backend", default="cpu", choices=("cpu", "gl", "cuda"))
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of each measurement")
    chosen = parser.parse_args(arguments)
    app = QApplication.instance() or QApplication(sys.argv[:1])
    figures = figures_of(*_performance(chosen.twin, chosen.voice), chosen.backend, chosen.seconds)
    text = json.dumps({"viewport": figures}, indent=2)
    if chosen.json is None:
        print(text)
    else:
        chosen.json.write_text(text + "\n")
    del app
    return 0


def _performance(twin: Path | None, voice: Path | None) -> tuple[Avatar, AudioTrack | None, Heard | None]:
    from emotalker.engine.avatar import Avatar
    from emotalker.engine.avatar.hearing import read_speech

    if twin is None:
        from emotalker.engine.avatar.sample import load_sample

        sample = load_sample()
        twin, voice = sample.avatar_dir, voice or sample.voice_path
    avatar = Avatar.load(twin)
    track = read_speech(voice) if voice is not None else None
    return avatar, track, avatar.hear(track.mono16k) if track is not None else None


if __name__ == "__main__":
    sys.exit(main())
