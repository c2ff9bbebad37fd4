"""Find when each phone of real recordings is said, to judge on: run by hand, see `__init__`.

    python build_reference.py OUT RECORDING... --texts TEXTS.json

TEXTS holds what is said in each recording, by its name without ending. espeak-ng says which phones that is, and a
phone recogniser when: the likeliest path through all of them, in their order, by the Viterbi algorithm over its
posteriors (connectionist temporal classification: each phone is a short peak between blanks). A recording without a
text, or all without TEXTS, is taken to say what the recogniser hears, mishearings included. Each phone lasts until
half way to the next, beside a pause as long as it is loud.

Runs in an environment of its own with `hama`, `soundfile` and the library of espeak-ng. OUT/judge_real/NAME.flac and
NAME.json are as `build_speech` writes.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
speech: Any = importlib.import_module("build_speech")
pauses: Any = importlib.import_module("pauses")

RATE = 16_000
STEP = 0.02
"""Seconds of a frame of the recogniser."""
LAG = 0.031
"""Seconds by which the recogniser's peaks come after the middle of a phone."""
REACH = 0.12
"""Seconds a phone lasts on either side of its peak before a pause can begin."""
LONGEST = 0.45
"""Seconds a phone lasts at most on either side of its peak."""
QUIET = 28.0
"""Decibels below loud speech that count as a pause: rooms are not silent."""
VOICE = "en-us"
# what the recogniser calls espeak-ng's phones; two letters come before one
TOKENS = {
    "tʃ": "t͡ʃ", "dʒ": "d͡ʒ", "aɪ": "aɪ", "aʊ": "aʊ", "eɪ": "eɪ", "oʊ": "oʊ", "ɔɪ": "ɔɪ", "ɜ": "ɝ", "ɚ": "ɝ", "ɐ": "ə",
    "ᵻ": "ɪ", "ɾ": "t", "ɡ": "g", "o": "ɔ", "x": "k", "a": "æ", "ɒ": "ɑ", "e": "ɛ",
}  # fmt: skip
Phones = list[tuple[str, float, float]]


class Recogniser:
    """Log posteriors of phones, and their names."""

    def __init__(self) -> None:
        asr: Any = importlib.import_module("hama.asr")
        self._model = asr.ASRModel()
        self.names: list[str] = list(self._model.decoder_tokens)
        self.blank: int = self._model.blank_id

    def listen(self, sound: np.ndarray) -> np.ndarray:
        """Log posteriors [n, tokens] of sound at `RATE`; what stands between words counts as blank."""
        model = self._model
        names = [model._log_probs_output_name, model._out_lengths_output_name]
        feed = {
            model._waveform_input_name: np.asarray(sound, np.float32)[None],
            model._waveform_lengths_input_name: np.array([len(sound)], np.int64),
        }
        scores, lengths = model.session.run(names, feed)
        out = np.asarray(scores[0][: int(np.asarray(lengths).reshape(-1)[0])], np.float64)
        between = self.names.index("<wb>")
        out[:, self.blank] = np.logaddexp(out[:, self.blank], out[:, between])
        out[:, between] = -np.inf
        return out


def tokens_of(ipa: str, known: Sequence[str]) -> list[str]:
    """The recogniser's tokens for a text in espeak-ng's IPA; marks and what has no token are left out."""
    out, at = [], 0
    while at < len(ipa):
        piece = next((ipa[at : at + n] for n in (2, 1) if TOKENS.get(ipa[at : at + n], ipa[at : at + n]) in known), "")
        if piece.strip() and piece not in "ː.,":
            out.append(TOKENS.get(piece, piece))
        at += max(len(piece), 1)
    return out


def aligned(scores: np.ndarray, tokens: Sequence[int], blank: int) -> np.ndarray:
    """Middles [len(tokens)], in frames, of the likeliest path that says all tokens in order.

    Args:
        scores: log posteriors [n, tokens].
        tokens: what is said.
        blank: the token of nothing.
    """
    states = np.full(2 * len(tokens) + 1, blank)
    states[1::2] = tokens
    skips = np.zeros(len(states), bool)  # a blank may be left out between two different phones
    skips[3::2] = states[3::2] != states[1:-2:2]
    best = np.full(len(states), -np.inf)
    best[:2] = scores[0, states[:2]]
    back = np.zeros((len(scores), len(states)), np.int64)
    for t in range(1, len(scores)):
        one, two = np.r_[-np.inf, best[:-1]], np.r_[-np.inf, -np.inf, best[:-2]]
        options = np.stack([best, one, np.where(skips, two, -np.inf)])
        back[t] = options.argmax(0)
        best = options.max(0) + scores[t, states]
    state = len(states) - 1 if best[-1] > best[-2] else len(states) - 2
    sums, counts = np.zeros(len(tokens)), np.zeros(len(tokens))
    for t in range(len(scores) - 1, -1, -1):
        if state % 2:
            sums[state // 2] += t + 0.5
            counts[state // 2] += 1
        state -= int(back[t, state])
    return sums / counts


def decoded(scores: np.ndarray, blank: int) -> tuple[list[int], np.ndarray]:
    """Tokens the recogniser hears, and the middles of their peaks in frames."""
    tokens: list[int] = []
    middles: list[list[float]] = []
    before = blank
    for frame, token in enumerate(scores.argmax(1)):
        if token != blank and token == before:
            middles[-1].append(frame + 0.5)
        elif token != blank:
            tokens.append(int(token))
            middles.append([frame + 0.5])
        before = token
    return tokens, np.array([np.mean(m) for m in middles])


def spans(names: Sequence[str], middles: np.ndarray, heard: np.ndarray) -> Phones:
    """Phones with start and end; "_" between those that lie apart.

    Args:
        names: of the phones.
        middles: their middles, seconds.
        heard: what `pauses.loud` says.
    """
    seconds = len(heard) / 100

    def until(at: float, limit: float, way: int) -> float:
        """How far from a middle somebody is heard without a break, seconds; `REACH` at least, `limit` at most."""
        place = at + way * REACH
        while way * (limit - place) > 0 and heard[min(max(int(place * 100), 0), len(heard) - 1)]:
            place += way * 0.01
        return min(place, limit) if way > 0 else max(place, limit)

    out: Phones = []
    for i, (name, at) in enumerate(zip(names, middles)):
        before = middles[i - 1] if i else -np.inf
        after = middles[i + 1] if i + 1 < len(names) else np.inf
        start, end = (at + before) / 2, (at + after) / 2
        if at - start > REACH:
            # before a pause's end nobody sees or hears when lips or tongue closed for a stop
            start = at - pauses.CLOSURE if pauses.is_stop(name) else until(at, max(start, at - LONGEST, 0.0), -1)
        if end - at > REACH:
            end = until(at, min(end, at + LONGEST, seconds), 1)
        start, end = max(start, out[-1][2] if out else 0.0, 0.0), min(end, seconds)
        if start > (out[-1][2] if out else 0.0) + 0.01:
            out.append(("_", out[-1][2] if out else 0.0, start))
        out.append((name, float(start), float(end)))
    return [*out, ("_", out[-1][2], seconds)]


def main() -> None:
    """Write sound and phones of every recording."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("recordings", type=Path, nargs="+")
    parser.add_argument("--texts", type=Path)
    given = parser.parse_args()
    soundfile: Any = importlib.import_module("soundfile")
    folder = given.out / "judge_real"
    folder.mkdir(parents=True, exist_ok=True)
    texts = json.loads(given.texts.read_text(encoding="utf-8")) if given.texts else {}
    recogniser, espeak = Recogniser(), speech.Espeak()
    for path in given.recordings:
        sound, rate = soundfile.read(path, dtype="float32", always_2d=True)
        if rate != RATE:
            raise SystemExit(f"{path} is not sampled at {RATE} Hz")
        mono = sound.mean(1)
        scores = recogniser.listen(mono)
        if path.stem in texts:
            said = tokens_of(espeak.phones_of(texts[path.stem], VOICE), recogniser.names)
            tokens = [recogniser.names.index(t) for t in said]
            middles = aligned(scores, tokens, recogniser.blank)
        else:
            tokens, middles = decoded(scores, recogniser.blank)
        found = spans([recogniser.names[t] for t in tokens], middles * STEP - LAG, pauses.loud(mono, QUIET))
        soundfile.write(folder / f"{path.stem}.flac", mono, RATE)
        (folder / f"{path.stem}.json").write_text(json.dumps(found, ensure_ascii=False))


if __name__ == "__main__":
    main()
