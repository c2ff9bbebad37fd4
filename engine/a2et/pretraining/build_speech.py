"""Make the speech the articulator learns from, with the times of its phones; run by hand, see `__init__`.

    python build_speech.py OUT espeak --minutes 60
    python build_speech.py OUT hibari --minutes 40
    python build_speech.py OUT kokoro --minutes 40 --model kokoro.onnx --styles voices_ja.npz
    python build_speech.py OUT piper --minutes 3 --model en_US-joe-medium.onnx      (a voice to be judged on only)

Runs in an environment of its own with `onnx`, `onnxruntime`, `soundfile`, `hibari-tts` and the library of espeak-ng,
none of which the program needs; hence it imports nothing of the program. OUT/SPEAKER/NUMBER.flac is mono at 16 kHz,
NUMBER.json the list of [phone in IPA, start, end] in seconds of the sound, "_" being silence. Every utterance gets a
voice of its own as far as the synthesizer lets it: variant, pitch, pace, a mix of styles, a longer or shorter throat.
"""

from __future__ import annotations

import argparse
import ctypes
import ctypes.util
import importlib
import itertools
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))
pauses: Any = importlib.import_module("pauses")
texts: Any = importlib.import_module("texts")

RATE = 16_000
# seconds by which a synthesizer's own phone times lag behind its sound, measured by closures against loudness
LAGS = {"espeak": 0.0, "hibari": 0.047, "kokoro": 0.049, "piper": 0.018}
THROATS = (0.84, 1.18)
"""Resampling that makes a throat longer or shorter; speech keeps its pace, the synthesizer speaks faster or slower."""
LONGEST_PAUSE = 0.5
ENGLISH = ("en-us", "en", "en-gb-scotland", "en-gb-x-rp", "en-029", "en-gb-x-gbclan")
VARIANTS = (
    "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "f1", "f2", "f3", "f5", "Alex", "Alicia", "Andrea", "Andy", "Annie",
    "Denis", "Diogo", "Gene", "Henrique", "Hugo", "Jacky", "Lee", "Marco", "Mario", "Michael", "Mike", "adam", "anika",
    "antonio", "aunty", "belinda", "benjamin", "boris", "caleb", "david", "ed", "edward", "grandma", "grandpa",
    "gustave", "iven", "john", "linda", "max", "michel", "miguel", "norbert", "pablo", "paul", "pedro", "quincy",
    "robert", "sandro", "shelby", "steph", "travis", "victor", "zac",
)  # fmt: skip
"""Of espeak-ng; f4 is left for judging."""

Phones = list[tuple[str, float, float]]


class _Event(ctypes.Structure):
    class _Id(ctypes.Union):
        _fields_ = [("number", ctypes.c_int), ("name", ctypes.c_char_p), ("string", ctypes.c_char * 8)]

    _fields_ = [
        ("type", ctypes.c_int), ("unique", ctypes.c_uint), ("text", ctypes.c_int), ("length", ctypes.c_int),
        ("milliseconds", ctypes.c_int), ("sample", ctypes.c_int), ("user", ctypes.c_void_p), ("id", _Id),
    ]  # fmt: skip


class Espeak:
    """espeak-ng through its C library, which tells when each phone begins."""

    _PHONEME, _END = 7, 0
    _CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event))

    def __init__(self) -> None:
        self._lib = ctypes.CDLL(ctypes.util.find_library("espeak-ng") or "libespeak-ng.so.1")
        self.rate = self._lib.espeak_Initialize(2, 0, None, 1 | 2)  # synchronous; phoneme events, in IPA
        self._sound: list[np.ndarray] = []
        self._phones: list[tuple[str, float]] = []
        self._keep = self._CALLBACK(self._heard)  # the library keeps only the address
        self._lib.espeak_SetSynthCallback(self._keep)

    def _heard(self, wave: Any, count: int, events: Any) -> int:
        if wave and count:
            self._sound.append(np.ctypeslib.as_array(wave, (count,)).astype(np.float32) / 32768)
        for event in itertools.takewhile(lambda e: e.type != self._END, (events[i] for i in itertools.count())):
            if event.type == self._PHONEME:
                self._phones.append((event.id.string.decode("utf-8", "ignore"), event.milliseconds / 1000))
        return 0

    def phones_of(self, text: str, voice: str) -> str:
        """The phones of a text as one IPA string."""
        self._lib.espeak_SetVoiceByName(voice.encode())
        self._lib.espeak_TextToPhonemes.restype = ctypes.c_char_p
        pointer, out = ctypes.c_char_p(text.encode()), []
        while pointer.value is not None:
            out.append((self._lib.espeak_TextToPhonemes(ctypes.byref(pointer), 1, 2) or b"").decode())
        return " ".join(out)

    def say(self, text: str, voice: str, pace: float, pitch: float, swing: float) -> tuple[np.ndarray, Phones]:
        """Sound [n] at `rate` and phones; pace 1 is 165 words a minute, pitch and swing 0..99."""
        if self._lib.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice}")
        for parameter, value in ((1, 165 * pace), (3, pitch), (4, swing)):
            self._lib.espeak_SetParameter(parameter, round(value), 0)
        self._sound, self._phones = [], []
        data = text.encode()
        self._lib.espeak_Synth(data, len(data) + 1, 0, 1, 0, 1, None, None)
        sound = np.concatenate(self._sound)
        ends = [start for _, start in self._phones[1:]] + [len(sound) / self.rate]
        return sound, [(name or "_", start, end) for (name, start), end in zip(self._phones, ends)]


class Timed:
    """A neural synthesizer made to tell how long each of its symbols lasts.

    Args:
        model: ONNX file.
        durations: name of the tensor that holds them.
    """

    def __init__(self, model: Path, durations: str) -> None:
        onnx: Any = importlib.import_module("onnx")
        runtime: Any = importlib.import_module("onnxruntime")
        graph = onnx.load(str(model))
        graph.graph.output.append(onnx.helper.make_empty_tensor_value_info(durations))
        options = runtime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = runtime.InferenceSession(graph.SerializeToString(), options, providers=["CPUExecutionProvider"])

    def run(self, **feed: np.ndarray) -> tuple[list[np.ndarray], np.ndarray]:
        """Outputs of the model, and durations."""
        *outputs, durations = self.session.run(None, feed)
        return outputs, np.asarray(durations).reshape(-1).astype(np.float64)


def timed(symbols: list[str], durations: np.ndarray, seconds: float) -> Phones:
    """Phones of symbols whose durations, with one for the start and one for the end, share `seconds`."""
    ends = np.cumsum(durations) * (seconds / durations.sum())
    kept = [(s, float(ends[i]), float(ends[i + 1])) for i, s in enumerate(symbols)]
    return [("_", 0.0, float(ends[0])), *kept, ("_", float(ends[len(symbols)]), seconds)]


def espeak_lines(english: float, seed: int) -> Iterator[tuple[str, np.ndarray, int, Phones]]:
    """Utterances of espeak-ng: a share of them English, each by another voice.

    And f4, to be judged on, in English and in languages that nothing learns from.
    """
    chance, engine = np.random.default_rng(seed), Espeak()
    said, numbers = texts.english(seed), itertools.count()
    others = {name: texts.foreign(name, seed) for name in texts.OTHERS}
    unheard = [(f"judge_espeak_{name}", name, texts.foreign(name, seed)) for name in texts.UNHEARD]
    judged = itertools.cycle([("judge_espeak_f4", "en-us", said), *unheard])
    while True:
        variant, pace = str(chance.choice(VARIANTS)), float(chance.uniform(0.75, 1.3))
        if chance.random() < english:
            voice, text = str(chance.choice(ENGLISH)), next(said)
        else:
            voice = str(chance.choice(list(others)))
            text = next(others[voice])
        name = "espeak" if voice in ENGLISH else f"espeak_{voice}"
        if next(numbers) % 40 == 39:
            name, voice, lines = next(judged)
            variant, text = "f4", next(lines)
        sound, phones = engine.say(text, f"{voice}+{variant}", pace, chance.uniform(20, 80), chance.uniform(30, 80))
        yield name, sound, engine.rate, phones


def hibari_lines(seed: int) -> Iterator[tuple[str, np.ndarray, int, Phones]]:
    """Utterances of hibari's voice at many pitches."""
    hibari: Any = importlib.import_module("hibari")
    dsp: Any = importlib.import_module("hibari.dsp")
    voice, chance = hibari.Hibari(), np.random.default_rng(seed)
    model = Timed(voice.model_path, "/Clip_output_0")
    for text in texts.english(seed):
        for symbols in voice.phonemize(text):
            feed = {"ids": np.asarray([voice.ids(symbols)], np.int64)}
            (lh, th, ln, lr, phi, f0), durations = model.run(
                **feed, speed=np.array([chance.uniform(0.75, 1.3)], np.float32)
            )
            f0 = np.asarray(f0[0])
            voiced = f0 > 1
            middle = float(np.median(f0[voiced])) if voiced.any() else 0.0
            bent = chance.uniform(0.5, 1.2) * (middle + chance.uniform(0.4, 1.6) * (f0 - middle)).clip(0.6 * middle)
            f0 = np.where(voiced, bent, f0).astype(np.float32)
            sound = dsp.synth(lh[0], th[0], ln[0], lr[0], phi[0], f0, np.random.default_rng(0))
            known = [c for c in symbols if c in voice.vocab]
            yield "hibari", sound, 24_000, timed(known, durations, len(sound) / 24_000)


def kokoro_lines(model: Path, styles: Path, seed: int) -> Iterator[tuple[str, np.ndarray, int, Phones]]:
    """Utterances of Kokoro speaking English in mixes of four styles; a fifth, jm_kumo, to be judged on."""
    hibari: Any = importlib.import_module("hibari")
    g2p, chance = hibari.Hibari(), np.random.default_rng(seed)
    tables = dict(np.load(styles))
    vocabulary = json.loads((styles.parent / "vocab.json").read_text())["vocab"]
    judged = tables.pop("jm_kumo")
    voices, engine = list(tables.values()), Timed(model, "/encoder/Clip_output_0")
    for number, text in enumerate(texts.english(seed)):
        for symbols in g2p.phonemize(text):
            known = [c for c in symbols if c in vocabulary][:500]
            if number % 16 == 15:
                name, style = "judge_kokoro_kumo", judged[min(len(known), 509)]
            else:
                shares = chance.dirichlet(np.full(len(voices), 0.5))
                name, style = "kokoro", sum(s * v[min(len(known), 509)] for s, v in zip(shares, voices))
                style = style + 0.3 * style.std() * chance.standard_normal(style.shape)
            tokens = np.array([[0, *(vocabulary[c] for c in known), 0]], np.int64)
            feed: dict[str, np.ndarray] = {
                "style": np.asarray(style, np.float32).reshape(1, 256),
                "speed": np.array([chance.uniform(0.8, 1.25)], np.float32),
            }
            (sound,), durations = engine.run(tokens=tokens, **feed)
            sound = np.asarray(sound).reshape(-1)
            yield name, sound, 24_000, timed(known, durations, len(sound) / 24_000)


def piper_lines(model: Path, seed: int) -> Iterator[tuple[str, np.ndarray, int, Phones]]:
    """Utterances of a Piper voice, to be judged on only."""
    settings = json.loads(Path(f"{model}.json").read_text())
    ids, rate = settings["phoneme_id_map"], int(settings["audio"]["sample_rate"])
    espeak, engine = Espeak(), Timed(model, durations_of(model))
    for text in texts.english(seed):
        known = [c for c in espeak.phones_of(text, settings["espeak"]["voice"]) + text[-1] if c in ids]
        tokens = [*ids["^"], *ids["_"], *itertools.chain(*([*ids[c], *ids["_"]] for c in known)), *ids["$"]]
        feed = {"input": np.array([tokens], np.int64), "input_lengths": np.array([len(tokens)], np.int64)}
        outputs, durations = engine.run(**feed, scales=np.array([0.667, 1.0, 0.8], np.float32))
        sound = np.asarray(outputs[0]).reshape(-1)
        # each phone is followed by a pad of its own, which is its end
        pairs = durations[2:-1].reshape(-1, 2).sum(1)
        whole = np.concatenate([[durations[:2].sum()], pairs, durations[-1:]])
        yield "judge_piper_joe", sound, rate, timed(known, whole, len(sound) / rate)


def durations_of(model: Path) -> str:
    """The tensor of a Piper model that holds its durations: what is rounded up."""
    onnx: Any = importlib.import_module("onnx")
    return str(next(n.output[0] for n in onnx.load(str(model)).graph.node if n.op_type == "Ceil"))


def finished(sound: np.ndarray, rate: int, phones: Phones, lag: float, chance: Any, vary: bool) -> tuple[Any, Phones]:
    """16 kHz sound of another throat with silence around it, and its phones."""
    throat = float(chance.uniform(*THROATS)) if vary else 1.0
    count = round(len(sound) / rate * RATE / throat)
    at = np.linspace(0, len(sound) - 1, count)
    if rate > RATE:  # nothing above the new band may fold back
        width = max(1, round(rate / RATE * 1.5))
        sound = np.convolve(sound, np.hanning(width + 2)[1:-1] / np.hanning(width + 2)[1:-1].sum(), "same")
    out = np.interp(at, np.arange(len(sound)), sound)
    before, after = chance.uniform(0.1, LONGEST_PAUSE, 2)
    out = np.concatenate([np.zeros(round(before * RATE)), out, np.zeros(round(after * RATE))])
    out *= 0.5 / max(float(np.abs(out).max()), 1e-6)
    moved = [(p, round((a - lag) / throat + before, 4), round((b - lag) / throat + before, 4)) for p, a, b in phones]
    whole = [("_", 0.0, moved[0][1]), *moved, ("_", moved[-1][2], round(len(out) / RATE, 4))]
    return out.astype(np.float32), pauses.cut(whole, pauses.loud(out))


def main() -> None:
    """Write utterances until there are enough minutes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("engine", choices=list(LAGS))
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--english", type=float, default=0.75, help="share of espeak-ng's speech in English")
    parser.add_argument("--model", type=Path)
    parser.add_argument("--styles", type=Path)
    given = parser.parse_args()
    soundfile: Any = importlib.import_module("soundfile")
    makers: dict[str, Callable[[], Iterator[Any]]] = {
        "espeak": lambda: espeak_lines(given.english, given.seed),
        "hibari": lambda: hibari_lines(given.seed),
        "kokoro": lambda: kokoro_lines(given.model, given.styles, given.seed),
        "piper": lambda: piper_lines(given.model, given.seed),
    }
    chance, total = np.random.default_rng(given.seed), 0.0
    for number, (name, sound, rate, phones) in enumerate(makers[given.engine]()):
        vary = not name.startswith("judge")
        spoken, moved = finished(sound, rate, phones, LAGS[given.engine], chance, vary)
        folder = given.out / name
        folder.mkdir(parents=True, exist_ok=True)
        stem = f"{given.seed:02d}{number:05d}"
        soundfile.write(folder / f"{stem}.flac", spoken, RATE)
        (folder / f"{stem}.json").write_text(json.dumps(moved, ensure_ascii=False))
        total += len(spoken) / RATE / 60
        if total >= given.minutes:
            break
    sys.stdout.write(f"{given.engine}: {total:.1f} minutes\n")


if __name__ == "__main__":
    main()
