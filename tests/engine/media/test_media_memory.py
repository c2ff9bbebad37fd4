"""Memory does not grow with the length of a clip."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

_CHILD = """
import sys, threading, time
import numpy, psutil
from emotalker.engine.media import FrameSource, Mp4Writer
path, seconds = sys.argv[1], int(sys.argv[2])
peak, process, done = 0, psutil.Process(), threading.Event()
def look():
    global peak
    while not done.wait(0.01):
        peak = max(peak, process.memory_info().rss)
watch = threading.Thread(target=look)
watch.start()
picture = numpy.zeros((96, 128, 3), numpy.uint8)
with Mp4Writer(path, 128, 96, 10, speed="ultrafast") as writer:
    for i in range(seconds * 10):
        picture[:, i % 128] = i % 251
        writer.write(picture)
n = sum(1 for _ in FrameSource(path))
done.set()
watch.join()
assert n == seconds * 25, n
print(peak)
"""


def test_peak_memory_is_flat(tmp_path: Path) -> None:
    """Writing and reading ten minutes needs no more than one minute does, within 8 MiB.

    The 6 000 frames of 128x96 are 211 MiB as RGB, so that keeping even a twentieth of them would show.
    """
    peaks = [
        int(
            subprocess.run(
                [sys.executable, "-c", _CHILD, str(tmp_path / f"{seconds}.mp4"), str(seconds)],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        for seconds in (60, 600)
    ]
    assert peaks[1] - peaks[0] < 8 * 2**20, [round(peak / 2**20, 1) for peak in peaks]
