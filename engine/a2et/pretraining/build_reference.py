"""Find the phones of real recordings, to judge on: `python build_reference.py OUT RECORDING...`; run by hand.

Runs in an environment of its own with `hama` and `soundfile`. The recogniser says which phones it hears and about
when; each lasts until half way to the next, for at most an eighth of a second either way. What it mishears is
in the reference: figures on it are a lower bound. OUT/judge_real/NAME.flac and NAME.json are as `build_speech` writes.
"""

from __future__ import annotations

import argparse
import importlib
import json
from pathlib import Path
from typing import Any

import numpy as np

RATE = 16_000
LAG = 0.031
"""Seconds by which the recogniser's peaks come after the middle of a phone."""
REACH = 0.12
"""Seconds a phone lasts at most on either side of its peak."""


def peaks(sound: np.ndarray) -> list[tuple[str, float]]:
    """Phones and the seconds of their peaks."""
    asr: Any = importlib.import_module("hama.asr")
    model = asr.ASRModel()
    result = model.transcribe_waveform(sound, RATE)
    out: list[tuple[str, list[int]]] = []
    before = -1
    for frame, token in enumerate(result.frame_token_ids):
        if token != before and token != model.blank_id:
            out.append((model.decoder_tokens[token], [frame]))
        elif token == before and token != model.blank_id:
            out[-1][1].append(frame)
        before = token
    return [(name, (float(np.mean(at)) + 0.5) / 50 - LAG) for name, at in out if name not in ("<wb>", "<unk>")]


def phones(sound: np.ndarray) -> list[tuple[str, float, float]]:
    """Phones with start and end; "_" between those that lie apart."""
    found = peaks(sound)
    out: list[tuple[str, float, float]] = []
    for i, (name, at) in enumerate(found):
        start = (at + found[i - 1][1]) / 2 if i else at - REACH
        end = (at + found[i + 1][1]) / 2 if i + 1 < len(found) else at + REACH
        start, end = max(start, at - REACH, 0.0), min(end, at + REACH, len(sound) / RATE)
        if out and start > out[-1][2] + 0.01:
            out.append(("_", out[-1][2], start))
        out.append((name, start, end))
    return out


def main() -> None:
    """Write sound and phones of every recording."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("recordings", type=Path, nargs="+")
    given = parser.parse_args()
    soundfile: Any = importlib.import_module("soundfile")
    folder = given.out / "judge_real"
    folder.mkdir(parents=True, exist_ok=True)
    for path in given.recordings:
        sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
        if rate != RATE:
            raise SystemExit(f"{path} is not sampled at {RATE} Hz")
        mono = sound.mean(1)
        soundfile.write(folder / f"{path.stem}.flac", mono, RATE)
        (folder / f"{path.stem}.json").write_text(json.dumps(phones(mono), ensure_ascii=False))


if __name__ == "__main__":
    main()
