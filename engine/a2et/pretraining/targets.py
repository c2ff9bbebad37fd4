"""Phones with their times to mouth channels: what a viewer would see, at any moment."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from emotalker.engine.a2et.articulation import CHANNELS
from emotalker.engine.synthetic.performance import mouth_channels
from emotalker.engine.synthetic.phones import SOUNDS, Phone

F32 = NDArray[np.float32]
TARGET_RATE = 100.0
MARKS = "ˈˌː.̩̯̃͡ʲʰ̪̬̊ˑˠˤ̝̞˞̥͜-'\"ˣʼ"
STRESS = "ˈˌ"
STOPS = ".-'"
"""Marks that, alone, are punctuation: the end of a sentence, a dash."""
LINK = 0.12
"""Seconds below which a space between two words is no pause."""
# one letter of the International Phonetic Alphabet, or of the shorthand of synthesizers, to sounds of `SOUNDS`
LETTERS = {
    "i": "iy", "ɪ": "ih", "ᵻ": "ih", "ɨ": "ih", "ɛ": "eh", "e": "eh", "æ": "ae", "ɑ": "aa", "a": "aa", "ɒ": "ao",
    "ʌ": "ah", "ə": "ah", "ᵊ": "ah", "ɐ": "ah", "ɔ": "ao", "o": "ao", "ʊ": "uh", "u": "uw", "ʉ": "uw", "ɯ": "ih",
    "ɜ": "er", "ɚ": "er", "ɝ": "er", "y": "uw", "ʏ": "uh", "ø": "uw", "œ": "ao", "ɶ": "ao", "ɵ": "uh", "ɤ": "ah",
    "p": "p", "b": "b", "m": "m", "ɱ": "v", "f": "f", "v": "v", "ʋ": "v", "β": "v", "ɸ": "f", "θ": "th", "ð": "dh",
    "t": "t", "T": "d", "ɾ": "d", "d": "d", "n": "n", "s": "s", "z": "z", "ʃ": "sh", "ʒ": "sh", "ɕ": "sh", "ʑ": "sh",
    "ʂ": "sh", "ʐ": "sh", "ʦ": "t s", "ʣ": "d z", "k": "k", "ɡ": "g", "g": "g", "q": "k", "c": "k", "ɟ": "g", "x": "h",
    "χ": "h", "ç": "h", "ɣ": "g", "ʁ": "g", "ŋ": "ng", "ɲ": "n", "ɳ": "n", "l": "l", "ɫ": "l", "ʎ": "l", "ɬ": "l",
    "ɭ": "l", "ɹ": "r", "r": "r", "ʀ": "g", "ɻ": "r", "w": "w", "ɥ": "w", "ʍ": "w", "j": "y", "h": "h", "ɦ": "h",
    "ɧ": "sh", "ʔ": "h", "A": "eh iy", "I": "aa ih", "W": "aa uw", "Y": "ao ih", "O": "ao uw", "Q": "ao uw",
    "ʤ": "d sh", "ʧ": "t sh", "ɖ": "d", "ʈ": "t", "ɽ": "d", "ä": "aa", "ã": "aa", "õ": "ao", "ẽ": "eh", "ĩ": "iy",
    "ũ": "uw",
}  # fmt: skip
GLIDES = {"oʊ": "uw", "əʊ": "uw", "aʊ": "uw", "eɪ": "iy"}
"""Second halves of diphthongs, which some write as one letter of `LETTERS`: the same mouth for both."""
MELTING, INTO = ("s", "z"), "sh"
"""Sounds that become the one that follows at once: "this shop" is said "thish shop"."""


def sounds_of(phones: Sequence[tuple[str, float, float]]) -> list[Phone]:
    """Sounds of the sample person's table for phones in IPA: stress marks join what follows, short gaps vanish.

    Letters it does not know count as silence only where nothing else of the phone is known.
    """
    out: list[Phone] = []
    since: float | None = None
    before = ""
    for name, start, end in phones:
        if end <= start and not out:
            continue
        letters = [c for c in name if c not in MARKS]
        if name and not letters and name[0] in STRESS:  # stress alone belongs to the next sound
            since, before = (start if since is None else since), ""
            continue
        if name and not letters and name not in STOPS and out:  # length alone to the one before
            out[-1], before = Phone(out[-1].name, out[-1].start, end), ""
            continue
        pairs = zip(["" if name[:1] in STRESS else before, *letters], letters)
        parts = " ".join(GLIDES.get(a + c, LETTERS.get(c, "")) for a, c in pairs).split()
        before = letters[-1] if letters else ""
        if parts:
            first, since = (start if since is None else since), None
            step = (end - first) / len(parts)
            out += [Phone(p, first + i * step, first + (i + 1) * step) for i, p in enumerate(parts)]
        elif end - start < LINK and out and out[-1].name != "_":
            middle = (start + end) / 2
            out[-1] = Phone(out[-1].name, out[-1].start, middle)
            since = middle
        else:
            out.append(Phone("_", start, end))
            since = None
    return [Phone(INTO if _melts(p, q) else p.name, p.start, p.end) for p, q in zip(out, [*out[1:], None])]


def _melts(phone: Phone, following: Phone | None) -> bool:
    return phone.name in MELTING and following is not None and following.name == INTO


def targets(phones: Sequence[tuple[str, float, float]], seconds: float) -> F32:
    """Mouth channels [n, C] at `TARGET_RATE`, row j at (j + 0.5) / rate seconds."""
    times = np.asarray((np.arange(int(seconds * TARGET_RATE)) + 0.5) / TARGET_RATE, np.float64)
    curves = mouth_channels([p for p in sounds_of(phones) if p.name in SOUNDS], seconds, times)
    return np.stack([curves[c] for c in CHANNELS], 1).astype(np.float32)
