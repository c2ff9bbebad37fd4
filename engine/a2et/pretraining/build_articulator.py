"""Learn the articulator from made speech and write it: `python -m ...build_articulator SPEECH`.

Features are kept beside the sound, so that another run only learns. Figures are of voices that nothing learned from.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path

from emotalker.engine.a2et.articulation import ArticulatorSpec, load_articulator, save_articulator
from emotalker.engine.a2et.pretraining.hearing import JUDGED, Utterance, noises, utterances
from emotalker.engine.a2et.pretraining.judging import judge
from emotalker.engine.a2et.pretraining.learning import LearningConfig, learn
from emotalker.engine.a2et.speech import SpeechEncoder

SHIPPED = Path(__file__).parents[3] / "resources" / "articulator.safetensors"
NOISES = 60
"""Recordings without speech that are learned from."""


def main() -> None:
    """Hear, learn, judge, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("speech", type=Path)
    parser.add_argument("--steps", type=int, default=LearningConfig().steps)
    parser.add_argument("--hear-only", metavar="SPEAKER", help="work features out of folders that begin so, and end")
    parser.add_argument("--heard", action="store_true", help="learn from what an earlier run has heard")
    parser.add_argument("--lr", type=float, default=LearningConfig().lr)
    parser.add_argument("--start", type=Path, help="an articulator to go on from")
    parser.add_argument("--out", type=Path, default=SHIPPED)
    given = parser.parse_args()
    encoder = SpeechEncoder()
    voices: list[Utterance] = []
    judged: dict[str, list[Utterance]] = defaultdict(list)
    wanted = lambda speaker: speaker.startswith(given.hear_only or "")  # noqa: E731
    for utterance in utterances(given.speech, encoder, wanted, heard=given.heard):
        (judged[utterance.speaker] if utterance.speaker.startswith(JUDGED) else voices).append(utterance)
    hours = sum(len(u.mouth) for u in voices) / 100 / 3600
    sys.stderr.write(f"{len(voices)} utterances, {hours:.2f} hours with their impaired versions\n")
    if given.hear_only is not None:
        return
    voices += noises(encoder, NOISES)
    spec, config = (
        ArticulatorSpec(speech=encoder.name, speech_width=encoder.width),
        LearningConfig(given.steps, lr=given.lr),
    )
    start = load_articulator(given.start) if given.start else None
    model = learn(voices, spec, config, start, lambda so_far: save_articulator(so_far, given.out))
    report = {name: judge(model, some) for name, some in sorted(judged.items())}
    for name, values in report.items():
        sys.stdout.write(f"{name}: " + "  ".join(f"{k} {v:.3f}" for k, v in values.items()) + "\n")
    save_articulator(model, given.out, {"hours": f"{hours:.2f}", "figures": json.dumps(report)})


if __name__ == "__main__":
    main()
