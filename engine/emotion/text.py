"""Words into numbers: text encoders, the label tokens of stage 2 (eq. 7), and free text into emotion weights."""

from __future__ import annotations

import functools
import os
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from emotalker.engine import assets
from emotalker.engine.emotion.clip_text import ARCHITECTURE, ClipTextEncoder, HubUnreachableError, from_hub
from emotalker.engine.emotion.labels import EMOTIONS, MAX_LEVEL
from emotalker.engine.emotion.minilm import ASSET, MiniLmTextEncoder
from emotalker.engine.emotion.phrases import PROTOTYPES, Part, parse
from emotalker.engine.errors import UserError
from emotalker.engine.files import Arrays

F32 = NDArray[np.float32]

CLIP_VARIABLE = "EMOTALKER_CLIP"
LEVEL_WORDS = ("level1", "level2", "level3")
TOKEN_WIDTH = 64
# Last entries of an intensity token: "level1" and "level2" are nearly one vector to a text encoder (.87-.89 alike).
ORDINAL_WIDTH = 4
SEED = 20261122
# Softmax temperature of the prototype scores (cosines after centring) and the share below which an emotion is dropped.
TEMPERATURE = 0.07
SMALLEST_SHARE = 0.12
# Cosine that a known word within a longer phrase counts as.
INSIDE = 0.85
NEUTRAL = EMOTIONS.index("neutral")
# Below this confidence the answer is a guess: most of the wrong answers in our trials lay there.
UNSURE = 0.3
# Share of the strongest emotion from which a phrase without a known word says one: foreign and made-up words lie
# between several, near enough to each.
LEADING = 0.7


class TextEncoder(Protocol):
    """Anything that turns phrases into vectors; equal phrases give equal vectors.

    Attributes:
        name: short name, stored with the avatar.
        width: D, entries of a vector.
    """

    name: str
    width: int

    def encode(self, texts: Sequence[str]) -> F32:
        """Unit vectors [N, D]."""
        ...

    def __hash__(self) -> int:
        """Encoders are told apart by identity, so that what one gave can be kept."""
        ...


class TableTextEncoder:
    """Works with no model at all: a fixed table of emotion words, and letter triples for every other word.

    Words of the table get their emotion's axis and their strength; unknown words lie near those spelt like them
    ("annoyance" near "annoyed"), so that it understands known words and their forms and nothing else.
    """

    name = "table"
    width = 136
    _AXIS = 2.0  # length of an emotion's axis beside the unit length of the spelling

    def encode(self, texts: Sequence[str]) -> F32:
        """Unit vectors [N, 136]: eight emotion axes, then hashed letter triples."""
        out = np.zeros((len(texts), self.width), np.float64)
        for row, text in zip(out, texts):
            lower = text.lower()
            row[8:] = self._spelling(lower)
            known = _table().get(lower)
            hits = [known] if known is not None else [e for word in lower.split() if (e := _by_stem(word)) is not None]
            for emotion in hits:
                row[emotion] += self._AXIS / len(hits)
            row /= max(float(np.linalg.norm(row)), 1e-12)
        return out.astype(np.float32)

    def _spelling(self, text: str) -> NDArray[np.float64]:
        out = np.zeros(self.width - 8)
        padded = f" {text} "
        for at in range(len(padded) - 2):
            out[zlib.crc32(padded[at : at + 3].encode()) % len(out)] += 1
        return out / max(float(np.linalg.norm(out)), 1e-12)


@functools.cache
def _table() -> dict[str, int]:
    """Prototype word -> emotion, with the label itself among them."""
    return {word: EMOTIONS.index(e) for e, levels in PROTOTYPES.items() for words in levels for word in words} | {
        e: k for k, e in enumerate(EMOTIONS)
    }


def _by_stem(word: str) -> int | None:
    """Emotion of a table word with the same beginning ("irritation", "irritated"); None if there is none."""
    if word in _table():
        return _table()[word]
    if len(word) < 4:
        return None
    shared = {w: _common_letters(w, word) for w in _table() if " " not in w}
    best = max(sorted(shared), key=lambda w: shared[w])
    return _table()[best] if shared[best] >= max(4, min(len(best), len(word)) - 3) else None


def _common_letters(a: str, b: str) -> int:
    """How many letters two words share from their beginning."""
    return next((k for k, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))


def default_encoder(clip: str | None = None, on_notice: Callable[[str], None] | None = None) -> TextEncoder:
    """The best text encoder there is on this computer.

    Args:
        clip: how to get CLIP: "hub", a weights file, or "ARCHITECTURE=FILE"; None takes the environment variable
            EMOTALKER_CLIP; empty means no CLIP, and then MiniLM is used, or the built-in table without its asset.
        on_notice: told a sentence when something less good than what was asked for is used.

    Raises:
        UserError: if the given weights file cannot be used.
    """
    wanted = os.environ.get(CLIP_VARIABLE, "") if clip is None else clip
    tell = on_notice or (lambda _text: None)
    if wanted == "hub":
        try:
            return _hub_encoder()
        except HubUnreachableError as error:
            tell(f"CLIP is not used for emotion words: {error}.")
    elif wanted:
        architecture, _, file = wanted.rpartition("=")
        return _clip_encoder(file, architecture or ARCHITECTURE)
    folder = assets.path(ASSET)
    if folder is not None:
        return _minilm_encoder(folder)
    tell("Only a fixed list of emotion words is understood: the text model is not on this computer.")
    return TableTextEncoder()


_hub_encoder = functools.lru_cache(maxsize=1)(from_hub)
_minilm_encoder = functools.lru_cache(maxsize=1)(MiniLmTextEncoder)


@functools.lru_cache(maxsize=1)
def _clip_encoder(file: str, architecture: str) -> ClipTextEncoder:
    return ClipTextEncoder(Path(file).expanduser(), architecture)


@dataclass(frozen=True)
class LabelEmbeddings:
    """The text tokens f_e and f_s of eq. 7 for every label, reduced to one width; saved with the avatar.

    Attributes:
        encoder: name of the text encoder they came from.
        emotion: unit vectors of the eight emotions in the order of `EMOTIONS` [8, 64].
        intensity: vectors of level1..level3 [3, 64]; the last four entries are an ordinal code of the level.
    """

    encoder: str
    emotion: F32
    intensity: F32

    def emotion_token(self, weights: NDArray[np.floating]) -> F32:
        """f_e of mixed emotions: [..., 64] from weights [..., 8] over `EMOTIONS`."""
        return np.asarray(np.asarray(weights, np.float32) @ self.emotion, np.float32)

    def level_token(self, level: NDArray[np.floating] | float) -> F32:
        """f_s of continuous levels: [..., 64] from levels [...] in [0, 3], linear between levels, zero at level 0."""
        table = np.concatenate([np.zeros((1, self.intensity.shape[1]), np.float32), self.intensity])
        clipped = np.clip(np.asarray(level, np.float32), 0, MAX_LEVEL)
        low = np.minimum(clipped.astype(np.int64), len(table) - 2)
        share = (clipped - low)[..., None]
        return np.asarray((1 - share) * table[low] + share * table[low + 1], np.float32)

    def to_arrays(self) -> Arrays:
        """Arrays for a .safetensors file; `from_arrays` reads them."""
        name = np.frombuffer(self.encoder.encode(), np.uint8)
        return {"emotion": self.emotion, "intensity": self.intensity, "encoder": name.copy()}

    @staticmethod
    def from_arrays(arrays: Arrays) -> LabelEmbeddings:
        """What `to_arrays` gave.

        Raises:
            UserError: if the arrays are not label embeddings.
        """
        try:
            emotion, intensity = arrays["emotion"], arrays["intensity"]
            name = arrays["encoder"].tobytes().decode()
        except (KeyError, UnicodeDecodeError) as error:
            raise _bad_embeddings(f"{error}") from error
        if emotion.shape != (len(EMOTIONS), TOKEN_WIDTH) or intensity.shape != (len(LEVEL_WORDS), TOKEN_WIDTH):
            raise _bad_embeddings(f"shapes {emotion.shape} and {intensity.shape}")
        return LabelEmbeddings(name, emotion.astype(np.float32), intensity.astype(np.float32))


def label_embeddings(encoder: TextEncoder) -> LabelEmbeddings:
    """Encode the labels once (eq. 7): centred, reduced to 64 entries and brought to unit length.

    Centring takes away what all words share. The reduction is a fixed projection onto orthonormal directions drawn
    with a fixed seed. Intensity words fill 60 entries at half weight; the last four hold the ordinal code (level >= 1,
    >= 2, >= 3, level / 3).
    """
    emotion = _centred(encoder.encode([*EMOTIONS])) @ _projection(encoder.width, TOKEN_WIDTH)
    words = _centred(encoder.encode([*LEVEL_WORDS])) @ _projection(encoder.width, TOKEN_WIDTH - ORDINAL_WIDTH)
    ordinal = np.array([[1, 0, 0, 1 / 3], [1, 1, 0, 2 / 3], [1, 1, 1, 1]])
    intensity = np.concatenate([0.5 * _unit(words), ordinal], 1)
    return LabelEmbeddings(encoder.name, _unit(emotion).astype(np.float32), intensity.astype(np.float32))


@dataclass(frozen=True)
class TextEmotion:
    """What a phrase means.

    Attributes:
        weights: over `EMOTIONS`, float32 [8], sums to 1.
        level: in [0, 3]; 0 if the phrase is neutral.
        confidence: 0..1, how near the phrase is to words that are known, and to those of one emotion alone.
    """

    weights: F32
    level: float
    confidence: float

    @property
    def sure(self) -> bool:
        """Whether the phrase was understood; if not, there is too little in it to make a face of."""
        return self.confidence >= UNSURE


def embed_text(text: str, encoder: TextEncoder | None = None) -> TextEmotion:
    """Emotion weights and level of free text ("slightly annoyed", "happy but a bit nervous", "sad, level 2.5").

    Raises:
        UserError: if the text holds no words.
    """
    parts = parse(text)
    if not parts:
        raise UserError(
            "The emotion is empty.", "The text holds no word for an emotion.", "Write one, such as 'slightly annoyed'."
        )
    found = [_embed_part(part, encoder or default_encoder()) for part in parts]
    # A stronger part of a mix shows more; neutral parts (level 0) only thin the others out.
    shares = np.array([max(f.level, 0.5) for f in found])
    weights = np.sum([s * f.weights for s, f in zip(shares, found)], axis=0) / shares.sum()
    level = float(sum(s * f.level for s, f in zip(shares, found)) / shares.sum())
    return TextEmotion(weights.astype(np.float32), level, min(f.confidence for f in found))


def _embed_part(part: Part, encoder: TextEncoder) -> TextEmotion:
    words, emotions, levels, vectors = _prototypes(encoder)
    mean = _prototype_mean(vectors, emotions)
    query = _unit(encoder.encode([part.words]) - mean)[0]
    cosines = _unit(vectors - mean) @ query
    exact = np.array([word == part.words for word in words])
    inside = np.array([f" {word} " in f" {part.words} " for word in words])
    if exact.any():
        cosines = np.where(exact, 1.0, np.minimum(cosines, 0.5))
    elif inside.any():  # "secretly fuming": what a word says, its surroundings only colour
        cosines = np.where(inside, np.maximum(cosines, INSIDE), np.minimum(cosines, 0.5))
    best_two = np.array([np.sort(cosines[emotions == e])[-2:] @ (0.4, 0.6) for e in range(len(EMOTIONS))])
    weights = np.exp((best_two - best_two.max()) / TEMPERATURE)
    weights /= weights.sum()
    weights = np.where(weights < SMALLEST_SHARE, 0, weights)
    weights /= weights.sum()
    confidence = float(np.clip(cosines.max(), 0, 1))
    if not (exact.any() or inside.any()):
        confidence *= min(float(weights.max()) / LEADING, 1.0)
    if part.negated:  # "not happy" says what it is not; neutral is the least that can be meant
        return TextEmotion(np.eye(len(EMOTIONS))[NEUTRAL].astype(np.float32), 0.0, confidence)
    near = np.exp((cosines - cosines.max()) / TEMPERATURE) * weights[emotions] * (emotions != NEUTRAL)
    own = float(near @ levels / near.sum()) if near.sum() > 0 else 0.0
    # a guess is worn lightly: a strong face of four emotions at once would be no emotion
    own *= min(confidence / UNSURE, 1.0)
    level = float(np.clip(own + part.shift, 0.5, MAX_LEVEL)) if part.level is None else part.level
    return TextEmotion(weights.astype(np.float32), level * (1 - float(weights[NEUTRAL])), confidence)


@functools.lru_cache(maxsize=4)
def _prototypes(
    encoder: TextEncoder,
) -> tuple[tuple[str, ...], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
    """Words, their emotions [P], levels [P] (1, 2, 3) and vectors [P, D]; encoded once for each encoder."""
    rows = [
        (word, EMOTIONS.index(emotion), level)
        for emotion, levels in PROTOTYPES.items()
        for level, words in enumerate(levels, start=1)
        for word in words
    ]
    words, emotions, levels = zip(*rows)
    return words, np.array(emotions), np.array(levels, np.float64), encoder.encode(words).astype(np.float64)


def _prototype_mean(vectors: NDArray[np.float64], emotions: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean over emotions of each one's mean, so that an emotion with more words does not pull the centre."""
    return np.mean([vectors[emotions == e].mean(0) for e in range(len(EMOTIONS))], axis=0)


def _projection(width: int, reduced: int) -> NDArray[np.float64]:
    """Orthonormal columns [width, reduced] drawn with a fixed seed, signs fixed so that every LAPACK agrees."""
    gaussian = np.random.default_rng(SEED).standard_normal((max(width, reduced), reduced))
    q, r = np.linalg.qr(gaussian)
    return np.asarray((q * np.sign(np.diag(r)))[:width], np.float64)


def _centred(vectors: F32) -> NDArray[np.float64]:
    return vectors.astype(np.float64) - vectors.mean(0, dtype=np.float64)


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-12)


def _bad_embeddings(why: str) -> UserError:
    return UserError(
        "The avatar's emotion words cannot be read.",
        f"The stored vectors are damaged ({why}).",
        "Make the avatar again.",
    )
