"""Make the voices of the sample twin's clips, and its introduction, with a speech synthesizer; run once, by hand.

    python engine/synthetic/build_voices.py OUT

It runs in an environment of its own that holds `hibari-tts`, `onnx` and `soundfile` (the program needs none of them),
hence it imports nothing of the program. For every clip OUT gets NAME.wav, 24 kHz mono, and NAME.json, the list of
[sound, start, end] that `emotalker.engine.synthetic.voices` reads; OUT/introduction.* is what the twin says first.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
RATE = 24_000
FRAME = 0.0125
LAG = 0.047
"""Seconds by which this synthesizer's sound comes before its own phone times."""
LEAD, GAP, TAIL = 0.35, 0.30, 0.45
LONGEST_LINK = 0.12
"""A space shorter than this between two words is no pause."""

SOUND_OF = {
    "i": "iy", "ɪ": "ih", "ᵻ": "ih", "ɛ": "eh", "e": "eh", "æ": "ae", "ɑ": "aa", "a": "aa", "ɒ": "aa", "ʌ": "ah",
    "ə": "ah", "ᵊ": "ah", "ɐ": "ah", "ɔ": "ao", "ʊ": "uh", "u": "uw", "ɜ": "er", "ɚ": "er", "p": "p", "b": "b",
    "m": "m", "f": "f", "v": "v", "θ": "th", "ð": "dh", "t": "t", "T": "d", "ɾ": "d", "d": "d", "n": "n", "s": "s",
    "z": "z", "ʃ": "sh", "ʒ": "sh", "k": "k", "ɡ": "g", "g": "g", "ŋ": "ng", "l": "l", "ɹ": "r", "w": "w", "j": "y",
    "h": "h", "A": "eh iy", "I": "aa ih", "W": "aa uw", "Y": "ao ih", "O": "ao uw", "Q": "ao uw", "ʤ": "d sh",
    "ʧ": "t sh",
}  # fmt: skip

# pitch, its swing and pace of a voice at level 3
MOODS = {
    "neutral": (1.0, 1.0, 1.0), "happy": (1.10, 1.35, 1.08), "sad": (0.90, 0.55, 0.86), "angry": (0.97, 1.45, 1.08),
    "surprised": (1.14, 1.55, 1.04),
}  # fmt: skip
LEVELS = (1, 2, 3)
TAKES = 2
LARGER = 0.86
"""The second take is resampled by this much: a deeper voice from a longer throat, so that lips learn two voices."""

SENTENCES = (
    "Every morning I open the window and look at the quiet harbour.",
    "My brother plays the piano while we make pumpkin soup.",
    "Five big boats passed by before the fog moved away.",
    "Would you please put the blue cups back on the shelf?",
    "The museum shows very old maps of the whole world.",
    "We have to remember what made this place so beautiful.",
    "A few people were waiting for the bus in the warm rain.",
    "She bought apples, plums, and a bag of fresh bread.",
    "Nobody knows how far the path leads into the forest.",
    "I would love to visit you for a week in November.",
    "The theatre was full, and the music made us smile.",
    "Both of them thought about it for a very long time.",
    "Keep your voice soft, the baby is finally asleep.",
    "His favourite film is about a farmer who found a comet.",
    "Our village market opens every Wednesday at about nine.",
    "Could you show me how to move the picture above the table?",
    "They measured the old bridge with a simple wooden ruler.",
    "Maybe we should go home before the evening becomes cold.",
    "The paper boat floated slowly down the narrow river.",
    "What a beautiful view, you can see the mountains from here!",
    "I put my umbrella somewhere, but I forgot where.",
    "The chef warmed the milk and poured it over the oats.",
    "Above the roof a pair of white birds flew in a circle.",
    "Please bring me a map, a lamp, and a bottle of water.",
    "Without a doubt, this was the best summer of my life.",
    "You may borrow the book if you bring it back by Friday.",
    "The workshop smelled of oil, pepper, and burning wood.",
    "Few things are more fun than a jump into a deep lake.",
    "We walked up the hill and both of us were out of breath.",
    "A good story needs a problem and somebody who solves it.",
    "Outside, a brown puppy barked at the passing mailman.",
    "I am sure that we will find a much better answer.",
)
# what the twin says first: text, mood, level, pause after it
INTRODUCTION = (
    ("Hello, and welcome!", "happy", 2, 0.0),
    ("I am a digital twin.", "neutral", 0, 0.05),
    ("Oh! I can be surprised.", "surprised", 2, 0.05),
    ("Or a little sad.", "sad", 2, 0.05),
    ("Give me your own voice, choose a feeling, and watch me say it!", "happy", 1, 0.3),
)  # fmt: skip


class Speaker:
    """The synthesizer, made to tell how long each of its phones lasts."""

    def __init__(self) -> None:
        self._tts: Any = importlib.import_module("hibari").Hibari()
        self._dsp: Any = importlib.import_module("hibari.dsp")
        onnx: Any = importlib.import_module("onnx")
        runtime: Any = importlib.import_module("onnxruntime")
        model = onnx.load(self._tts.model_path)
        model.graph.output.append(onnx.helper.make_empty_tensor_value_info("/Clip_output_0"))
        self._session = runtime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])

    def say(
        self, text: str, pitch: float, swing: float, pace: float, seed: int
    ) -> tuple[F32, list[tuple[str, float, float]]]:
        """Sound [n] of a sentence, and its symbols with start and end in seconds of that sound."""
        sounds, phones, at = [], [], 0.0
        for symbols in self._tts.phonemize(text):
            ids = self._tts.ids(symbols)
            names = [self._session.get_outputs()[i].name for i in range(7)]
            feed = {"ids": np.asarray([ids], np.int64), "speed": np.asarray([pace], np.float32)}
            out = dict(zip(names, self._session.run(None, feed)))
            lh, th, ln, lr, phi, f0 = (out[n][0] for n in names[:6])
            voiced = f0 > 1
            middle = float(np.median(f0[voiced])) if voiced.any() else 0.0
            f0 = np.where(voiced, pitch * (middle + swing * (f0 - middle)).clip(0.6 * middle), f0).astype(np.float32)
            sound = self._dsp.synth(lh, th, ln, lr, phi, f0, np.random.default_rng(seed))
            frames = out["/Clip_output_0"].reshape(-1)
            step = len(sound) / RATE / frames.sum()
            ends = at + np.cumsum(frames) * step
            kept = [c for c in symbols if c in self._tts.vocab]
            phones += [(c, float(ends[i]), float(ends[i + 1])) for i, c in enumerate(kept)]
            sounds.append(sound)
            at += len(sound) / RATE
        return np.concatenate(sounds).astype(np.float32), phones


def sounds_of(symbols: list[tuple[str, float, float]]) -> list[tuple[str, float, float]]:
    """The program's sounds for a sentence's symbols: stress joins the sound after it, short spaces both neighbours."""
    out: list[tuple[str, float, float]] = []
    since: float | None = None
    for symbol, start, end in symbols:
        if symbol in SOUND_OF:
            start, since = start if since is None else since, None
            parts = SOUND_OF[symbol].split()
            step = (end - start) / len(parts)
            out += [(p, start + i * step, start + (i + 1) * step) for i, p in enumerate(parts)]
        elif symbol in "ˈˌ":
            since = start if since is None else since
        elif symbol == "ː" and out:
            out[-1] = (out[-1][0], out[-1][1], end)
        elif end - start < LONGEST_LINK and out:
            middle = (start + end) / 2
            out[-1] = (out[-1][0], out[-1][1], middle)
            since = middle
        else:
            out.append(("_", start, end))
            since = None
    return out


def recite(speaker: Speaker, lines: Sequence[tuple[str, str, float, float]], seed: int, larger: float = 1.0) -> Any:
    """Sound [n] and sounds with their times of several lines; `larger` below 1 makes a deeper voice."""
    parts, phones, at = [np.zeros(round(LEAD * RATE), np.float32)], [], LEAD
    for text, mood, level, pause in lines:
        pitch, swing, pace = (1 + (x - 1) * level / 3 for x in MOODS[mood])
        # a resampled voice is slower too: speak faster first
        sound, symbols = speaker.say(text, pitch, swing, pace / larger, seed)
        if larger != 1:
            count = round(len(sound) / larger)
            sound = np.interp(np.arange(count) * larger, np.arange(len(sound)), sound).astype(np.float32)
            symbols = [(c, a / larger, b / larger) for c, a, b in symbols]
        phones += [(p, a + at - LAG, b + at - LAG) for p, a, b in sounds_of(symbols)]
        parts += [sound, np.zeros(round(pause * RATE), np.float32)]
        at += (len(sound) + len(parts[-1])) / RATE
    out = np.concatenate(parts)
    out *= 0.5 / max(float(np.abs(out).max()), 1e-6)
    # no room is perfectly still
    return out + 2e-4 * np.random.default_rng(seed).standard_normal(len(out)).astype(np.float32), phones


def main(folder: Path) -> None:
    """Write all clips' voices and the introduction."""
    soundfile: Any = importlib.import_module("soundfile")
    folder.mkdir(parents=True, exist_ok=True)
    speaker, number = Speaker(), 0

    def write(name: str, spoken: Any) -> None:
        sound, phones = spoken
        soundfile.write(folder / f"{name}.wav", sound, RATE)
        (folder / f"{name}.json").write_text(json.dumps([[p, round(a, 4), round(b, 4)] for p, a, b in phones]))
        sys.stdout.write(f"{name}: {len(sound) / RATE:.2f} s, {len(phones)} sounds\n")

    for mood in MOODS:
        for level in (0,) if mood == "neutral" else LEVELS:
            for take in range(1, TAKES + 1):
                name = f"{mood}_take{take}" if mood == "neutral" else f"{mood}_level{level}_take{take}"
                texts = [SENTENCES[(2 * number + i) % len(SENTENCES)] for i in range(2)]
                lines = [(t, mood, level, pause) for t, pause in zip(texts, (GAP, TAIL))]
                write(name, recite(speaker, lines, number, LARGER if take == 2 else 1.0))
                number += 1
    write("introduction", recite(speaker, [(t, m, float(x), p) for t, m, x, p in INTRODUCTION], 99))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
