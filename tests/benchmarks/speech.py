"""How well the shipped articulator follows voices it never heard: `python tests/benchmarks/speech.py SPEECH`.

SPEECH is a folder that `engine/a2et/pretraining/build_speech.py` and `build_reference.py` filled; only its `judge_*`
voices are used, which nothing learned from, and other languages with `--languages`. For every voice: correlation of
each mouth channel with its reference, share of closures caught, jaw opening in silence as a share of its range.
`--articulator FILE` judges another model, `--live` hears as `Live` does, in windows of 1.6 s, `--plot` draws curves of
one utterance of each voice for the eye. Curves end where the recordings do; silence is judged in their pauses and in a
second of faint noise put before and after each.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np

from emotalker.engine.a2et.articulation import CHANNELS, Articulator, load_articulator
from emotalker.engine.a2et.pretraining.hearing import JUDGED, Utterance, utterances
from emotalker.engine.a2et.pretraining.judging import judge, reference
from emotalker.engine.a2et.speech import SpeechEncoder

WIDTH, HEIGHT, SECONDS = 1500, 90, 6.0


def plotted(model: Articulator, utterance: Utterance) -> np.ndarray:
    """Reference (grey) and prediction (red) of every channel of an utterance's first seconds, one below the other."""
    true = reference(utterance, model.spec.fps)
    found = model.hear(utterance.features, utterance.voice, len(true))
    rows = []
    for i, name in enumerate(CHANNELS):
        row = np.full((HEIGHT, WIDTH, 3), 255, np.uint8)
        for curve, colour in ((true, (150, 150, 150)), (found, (30, 30, 220))):
            y = (HEIGHT - 6) * (1 - curve[: round(SECONDS * model.spec.fps), i]) + 3
            x = np.arange(len(y)) * WIDTH / (SECONDS * model.spec.fps)
            cv2.polylines(row, [np.stack([x, y], 1).round().astype(np.int32)], False, colour, 2, cv2.LINE_AA)
        cv2.putText(row, f"{utterance.speaker} {name}", (6, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.4, (0, 0, 0), 1)
        rows.append(row)
    return np.concatenate(rows)


def main() -> None:
    """Judge and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("speech", type=Path)
    parser.add_argument("--articulator", type=Path)
    parser.add_argument("--languages", action="store_true", help="also the training voices of other languages")
    parser.add_argument("--live", action="store_true", help="hear in short windows, as from a microphone")
    parser.add_argument("--plot", type=Path, metavar="PNG")
    parser.add_argument("--json", type=Path, metavar="F")
    options = parser.parse_args()
    model, encoder = load_articulator(options.articulator), SpeechEncoder()
    voices: dict[str, list[Utterance]] = defaultdict(list)

    def wanted(speaker: str) -> bool:
        return speaker.startswith(JUDGED) or (options.languages and speaker.startswith("espeak_"))

    for utterance in utterances(options.speech, encoder, wanted, clean=True, live=options.live):
        voices[utterance.speaker].append(utterance)
    report = {name: judge(model, some) for name, some in sorted(voices.items())}
    for name, values in report.items():
        minutes = sum(len(u.voice) for u in voices[name]) / 50 / 60
        print(f"{name} ({minutes:.1f} min): " + "  ".join(f"{k} {v:.3f}" for k, v in values.items()))
    if options.plot:
        cv2.imwrite(str(options.plot), np.concatenate([plotted(model, some[0]) for _, some in sorted(voices.items())]))
    if options.json:
        options.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
