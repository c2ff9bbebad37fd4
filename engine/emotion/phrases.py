"""Words people use for emotions: prototypes with their strength, and the words that strengthen or weaken them.

The lists are ours. Each emotion has mild, plain and strong words; they stand for levels 1, 2 and 3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# emotion -> (mild, plain, strong)
PROTOTYPES: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "neutral": (
        ("neutral", "calm", "relaxed", "peaceful", "serene"),
        ("expressionless", "unemotional", "composed", "indifferent", "bored", "matter of fact", "meh"),
        ("blank", "deadpan", "impassive", "poker face"),
    ),
    "happy": (
        ("content", "pleased", "satisfied", "smiling", "friendly", "good mood", "hopeful", "proud", "loving"),
        ("happy", "glad", "cheerful", "joyful", "joy", "amused", "delighted", "laughing", "jolly", "merry", "excited"),
        (
            "ecstatic",
            "overjoyed",
            "elated",
            "thrilled",
            "euphoric",
            "blissful",
            "jubilant",
            "over the moon",
            "on cloud nine",
        ),
    ),
    "sad": (
        (
            "disappointed",
            "wistful",
            "gloomy",
            "melancholy",
            "feeling down",
            "feeling blue",
            "bittersweet",
            "ashamed",
            "embarrassed",
        ),
        ("sad", "unhappy", "sorrowful", "tearful", "lonely", "mournful", "depressed", "crying", "hurt"),
        ("heartbroken", "devastated", "grieving", "grief", "despairing", "desperate", "miserable"),
    ),
    "angry": (
        ("annoyed", "irritated", "grumpy", "frustrated", "displeased", "resentful", "moody", "jealous"),
        ("angry", "mad", "cross", "hostile", "indignant", "losing patience"),
        ("furious", "enraged", "livid", "raging", "outraged", "seething", "fuming", "hitting the roof"),
    ),
    "fear": (
        ("worried", "nervous", "anxious", "uneasy", "apprehensive", "on edge", "creeped out", "tense", "shy"),
        ("afraid", "scared", "fearful", "frightened", "alarmed", "dread"),
        ("terrified", "panicked", "horrified", "petrified", "scared to death"),
    ),
    "disgusted": (
        ("averse", "queasy", "distaste", "yucky"),
        ("disgusted", "grossed out", "repelled", "nauseated", "smells awful"),
        ("revolted", "sickened", "repulsed", "about to vomit"),
    ),
    "contempt": (
        ("smug", "dismissive", "condescending", "haughty", "sarcastic", "smirking"),
        ("contempt", "contemptuous", "scornful", "sneering", "mocking", "arrogant", "no respect for them"),
        ("disdainful", "despising", "loathing someone inferior"),
    ),
    "surprised": (
        ("puzzled", "taken aback", "curious", "baffled"),
        ("surprised", "startled", "amazed", "unexpected", "disbelief"),
        ("astonished", "shocked", "stunned", "flabbergasted", "astounded", "jaw dropped", "mind blown"),
    ),
}

# How far a modifier moves the level that the word itself has.
MODIFIERS: dict[str, float] = {
    "a tiny bit": -1.25, "a little bit": -1.0, "a little": -1.0, "a touch": -1.0, "a bit": -1.0, "a trace of": -1.25,
    "barely": -1.5, "hardly": -1.5, "slightly": -1.0, "mildly": -1.0, "faintly": -1.25, "vaguely": -1.25,
    "somewhat": -0.75, "kind of": -0.5, "sort of": -0.5, "fairly": 0.0, "moderately": 0.0, "rather": 0.25,
    "quite": 0.25, "pretty": 0.25, "really": 0.75, "truly": 0.75, "deeply": 0.75, "very": 0.75, "so": 0.5,
    "strongly": 0.75, "intensely": 1.0, "extremely": 1.0, "incredibly": 1.0, "terribly": 1.0, "utterly": 1.0,
    "totally": 1.0, "completely": 1.0, "absolutely": 1.0, "super": 0.75, "most": 0.5, "full of": 0.5,
}  # fmt: skip

_COMMA = re.compile(r"(\d),(\d)")
_LEVEL = re.compile(r"\b(?:level|intensity|strength)\s*[:=]?\s*(\d+(?:\.\d+)?)\b")
_MODIFIER = re.compile(
    r"\b(" + "|".join(re.escape(m) for m in sorted(MODIFIERS, key=len, reverse=True)) + r")\b", re.IGNORECASE
)
_NEGATION = re.compile(
    rf"^(?:(?:{_MODIFIER.pattern})\s+)*"
    r"(?:no longer|not|no|never|without|cannot|(?:is|are|was|were|do|does|did|wo|ca|ai)n't)\s+"
    r"(?:(?:any|at all|be|being|been|feel|feeling|look|looking|seem|sound)\s+)*",
    re.IGNORECASE,
)
_JOIN = re.compile(
    r"\s*(?:,|;|/|\+|&|\bmixed with\b|\bbut also\b|\band\b|\bbut\b|\byet\b|\bwith\b|\bplus\b|(?<=\s)(?=without\b))\s*",
    re.IGNORECASE,
)
_SUBJECT = re.compile(
    r"^(?:(?:(?:i|you|he|she|it|we|they)\s+)?(?:am|are|is|was|were)\s+|(?:i'm|(?:he|she|it)'s|(?:you|we|they)'re)\s+"
    r"|(?:i|you|he|she|it|we|they)\s+(?=not\b|never\b|\w+n't\b|cannot\b)|(?:being|also|please)\s+)+",
    re.IGNORECASE,
)
_FILLER = re.compile(r"^(?:(?:in|of|an?|the)\s+)+", re.IGNORECASE)
_KNOWN = {phrase for strengths in PROTOTYPES.values() for words in strengths for phrase in words}


@dataclass(frozen=True)
class Part:
    """One emotion of a phrase: "slightly annoyed" is the words "annoyed", moved by -1.

    Attributes:
        words: what is left without modifiers; never empty.
        shift: sum of the modifiers' effects, in levels.
        level: an explicit level in [0, 3], or None.
        negated: whether the words are denied ("not happy").
    """

    words: str
    shift: float
    level: float | None
    negated: bool


def parse(text: str) -> list[Part]:
    """The emotions a phrase names, in order; empty if it holds no words.

    What is denied is left out beside what is not: "happy but not sad" is happy.
    """
    parts = []
    for piece in _JOIN.split(_COMMA.sub(r"\1.\2", text.lower().replace("’", "'"))):
        found = _LEVEL.search(piece)
        level = min(float(found.group(1)), 3.0) if found else None
        piece = _LEVEL.sub(" ", piece).strip()
        piece = _SUBJECT.sub("", piece)
        negated = piece not in _KNOWN and bool(_NEGATION.match(piece))  # "no respect for them" denies nothing
        if negated:
            piece = _NEGATION.sub("", piece)
        shift = sum(MODIFIERS[m.group(1).lower()] for m in _MODIFIER.finditer(piece))
        words = " ".join(_MODIFIER.sub(" ", piece).split()).strip(" .!?\"'")
        words = _FILLER.sub("", words + " ").strip()
        if words:
            parts.append(Part(words, shift, level, negated))
        elif level is not None and parts:  # "happy, level 2.5"
            parts[-1] = Part(parts[-1].words, parts[-1].shift, level, parts[-1].negated)
    return [part for part in parts if not part.negated] or parts
