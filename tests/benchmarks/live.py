"""Live in real time: the sample twin says its voice as if somebody were speaking it, and every delay is printed.

    python tests/benchmarks/live.py [seconds] [--size 512] [--emotion happy] [--level 1.5]

Needs the downloaded speech model. No window: a picture counts as there when it is handed over. Other programs on the
same cores show up as delay; on Linux their share can be kept small with
`setsid sh -c 'echo -15 > /proc/self/autogroup; exec python tests/benchmarks/live.py'`.
"""

from __future__ import annotations

import argparse
import os
import threading
import time

import numpy as np
import psutil

from emotalker.engine.avatar import Avatar
from emotalker.engine.avatar.sample import load_sample
from emotalker.engine.emotion.labels import EMOTIONS
from emotalker.engine.gaussians.cpu import warm_up
from emotalker.engine.live import Live, PacedSound
from emotalker.engine.media import read_audio
from emotalker.engine.playback import Frame
from emotalker.engine.playback.scene import Look

BOUND_MS = 350


def main() -> None:
    """Perform and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("seconds", type=float, nargs="?", default=12.0)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--emotion", choices=EMOTIONS, default="happy")
    parser.add_argument("--level", type=float, default=1.5)
    options = parser.parse_args()
    warm_up()
    sample = load_sample()
    twin, sound = Avatar.load(sample.avatar_dir), read_audio(sample.voice_path)
    assert sound is not None
    encoder = twin.encoder()
    twin.pose(0.5, sample.curve)
    frames: list[Frame] = []
    look = Look(width=options.size, height=options.size)

    def take(frame: Frame) -> None:
        frames[:] = [frame]

    def fail(error: BaseException) -> None:
        raise SystemExit(f"failed: {error}")

    live = Live(twin, encoder, lambda: look, take, fail)
    live.feel(np.eye(len(EMOTIONS))[EMOTIONS.index(options.emotion)], options.level)
    used = time.process_time()
    live.start(PacedSound(np.tile(sound.mono16k, int(options.seconds / sound.duration) + 1)))
    time.sleep(options.seconds)
    stats, used = live.stats(), time.process_time() - used
    begin = time.perf_counter()
    live.stop()
    ended = time.perf_counter() - begin
    left = [t.name for t in threading.enumerate() if t.name.startswith("live-")]
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"sample twin, {len(twin.shapes)} Gaussians, {options.size} px, {options.emotion} {options.level:g}")
    print(f"{os.cpu_count()} cores, load of the machine {load:.1f}, this program {used / options.seconds:.2f} cores")
    verdict = "within" if stats.p95_ms <= BOUND_MS else "ABOVE"
    print(f"sound in to picture out: p50 {stats.p50_ms:.0f} ms, p95 {stats.p95_ms:.0f} ms ({verdict} {BOUND_MS} ms)")
    print(f"{stats.fps:.0f} frames a second, {stats.frames} frames, {stats.dropped} dropped")
    print("parts, median ms: " + ", ".join(f"{name} {ms:.1f}" for name, ms in stats.parts.items()))
    memory = psutil.Process().memory_info().rss / 2**20
    print(f"memory {memory:.0f} MB, stopped in {1000 * ended:.0f} ms, threads left: {left or 'none'}")


if __name__ == "__main__":
    main()
