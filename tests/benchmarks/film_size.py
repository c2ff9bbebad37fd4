"""Bits per pixel of films of a twin, the figures behind the export dialog's size estimate.

python tests/benchmarks/film_size.py TWIN VOICE
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from emotalker.engine.emotion.curve import EmotionCurve
from emotalker.engine.export import QUALITIES, FilmJob, film_bytes
from emotalker.engine.export.format import AUDIO_BITS
from emotalker.engine.jobs import StopToken, run

SECONDS = 4.0
SIZES = (512, 1080)


def main() -> None:
    """Write short films and print what they took beside the estimate."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("twin", type=Path)
    parser.add_argument("voice", type=Path)
    given = parser.parse_args()
    curve = EmotionCurve.constant("happy", 2.0).to_json()
    with tempfile.TemporaryDirectory() as folder:
        for size in SIZES:
            for quality in QUALITIES:
                out = Path(folder) / f"{size}-{quality}.mp4"
                job = FilmJob(
                    given.twin, out, given.voice, curve, end=SECONDS, width=size, height=size, quality=quality
                )
                run(job(StopToken()))
                taken = out.stat().st_size
                bits = (taken * 8 - AUDIO_BITS * SECONDS) / (size * size * 25 * SECONDS)
                estimate = film_bytes(size, size, 25, quality, SECONDS)
                print(f"{size} {quality}: {bits:.4f} bits a pixel, {taken} bytes, estimated {estimate}", flush=True)


if __name__ == "__main__":
    main()
