"""The speech sounds of the sample person: how each sounds and how the mouth looks while it lasts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sound:
    """One speech sound.

    Attributes:
        formants: first three resonances of the mouth, Hz.
        voice: loudness of the voice, 0..1.
        noise: loudness of hissing, 0..1.
        hiss: centre and width of the hiss, Hz.
        seconds: usual length.
        jaw: how far the jaw opens, 0..1.
        closed: lips pressed together, 0..1.
        rounded: lips drawn forward to a ring, 0..1.
        spread: lips drawn wide, 0..1.
        tucked: lower lip under the upper teeth, 0..1.
        stop: the sound is a silence that ends in a burst.
    """

    formants: tuple[float, float, float]
    voice: float
    noise: float
    hiss: tuple[float, float]
    seconds: float
    jaw: float
    closed: float = 0.0
    rounded: float = 0.0
    spread: float = 0.0
    tucked: float = 0.0
    stop: bool = False


_NONE = (1500.0, 800.0)

SOUNDS = {
    "_": Sound((500, 1500, 2500), 0, 0, _NONE, 0.24, 0.0),
    "iy": Sound((290, 2300, 3000), 1.0, 0, _NONE, 0.12, 0.18, spread=0.9),
    "ih": Sound((400, 1950, 2550), 1.0, 0, _NONE, 0.09, 0.28, spread=0.5),
    "eh": Sound((550, 1800, 2500), 1.0, 0, _NONE, 0.11, 0.50, spread=0.4),
    "ae": Sound((680, 1700, 2450), 1.0, 0, _NONE, 0.13, 0.75, spread=0.4),
    "aa": Sound((740, 1150, 2500), 1.0, 0, _NONE, 0.14, 0.95),
    "ao": Sound((570, 850, 2450), 1.0, 0, _NONE, 0.14, 0.65, rounded=0.55),
    "uh": Sound((450, 1050, 2300), 1.0, 0, _NONE, 0.09, 0.35, rounded=0.4),
    "uw": Sound((310, 900, 2250), 1.0, 0, _NONE, 0.12, 0.18, rounded=1.0),
    "ah": Sound((620, 1220, 2500), 1.0, 0, _NONE, 0.09, 0.50),
    "er": Sound((480, 1300, 1700), 0.9, 0, _NONE, 0.12, 0.30, rounded=0.35),
    "p": Sound((300, 900, 2300), 0, 0.5, (900, 900), 0.10, 0.05, closed=1, stop=True),
    "b": Sound((250, 900, 2300), 0.2, 0.3, (800, 800), 0.09, 0.05, closed=1, stop=True),
    "m": Sound((250, 1000, 2200), 0.5, 0, _NONE, 0.09, 0.05, closed=1),
    "f": Sound((300, 1100, 2300), 0, 0.25, (5000, 4000), 0.11, 0.12, tucked=1),
    "v": Sound((300, 1100, 2300), 0.45, 0.12, (5000, 4000), 0.08, 0.12, tucked=1),
    "th": Sound((320, 1300, 2500), 0.2, 0.12, (5500, 4000), 0.08, 0.18),
    "t": Sound((320, 1700, 2600), 0, 0.7, (4200, 1800), 0.09, 0.12, spread=0.2, stop=True),
    "d": Sound((300, 1700, 2600), 0.2, 0.4, (3800, 1800), 0.08, 0.15, spread=0.2, stop=True),
    "n": Sound((260, 1500, 2500), 0.55, 0, _NONE, 0.08, 0.18, spread=0.15),
    "s": Sound((320, 1600, 2600), 0, 0.5, (6000, 1800), 0.11, 0.08, spread=0.4),
    "z": Sound((300, 1600, 2600), 0.4, 0.3, (5800, 1800), 0.09, 0.08, spread=0.4),
    "sh": Sound((320, 1800, 2500), 0, 0.55, (3000, 1400), 0.12, 0.12, rounded=0.7),
    "k": Sound((320, 1800, 2300), 0, 0.6, (2000, 900), 0.10, 0.25, stop=True),
    "g": Sound((300, 1700, 2300), 0.2, 0.4, (1900, 900), 0.08, 0.25, stop=True),
    "ng": Sound((280, 1900, 2300), 0.5, 0, _NONE, 0.09, 0.25),
    "l": Sound((350, 1100, 2700), 0.75, 0, _NONE, 0.08, 0.30),
    "r": Sound((350, 1150, 1600), 0.75, 0, _NONE, 0.08, 0.22, rounded=0.5),
    "w": Sound((300, 700, 2200), 0.75, 0, _NONE, 0.08, 0.12, rounded=0.95),
    "y": Sound((280, 2200, 2900), 0.75, 0, _NONE, 0.07, 0.15, spread=0.6),
    "dh": Sound((320, 1300, 2500), 0.3, 0.06, (5500, 4000), 0.06, 0.18),
    "h": Sound((500, 1500, 2500), 0, 0.18, (1600, 1400), 0.07, 0.35),
}  # fmt: skip
DIPHTHONGS = {
    "ay": ("aa", "ih"),
    "ey": ("eh", "iy"),
    "ow": ("ao", "uw"),
    "aw": ("aa", "uw"),
    "ch": ("t", "sh"),
    "j": ("d", "sh"),
}

SENTENCES = (
    "h eh l ow _ m ay n ey m ih z m ah r iy ah",
    "b ih g b aa b b ao t ah b aw l ah v p ah m p k ih n s uw p",
    "dh ah w eh dh er w ih l b iy f ay n t ah m aa r ow",
    "w iy m ey h ae v t uw m uw v ah w ey _ f r ah m p ae r ih s",
    "p l iy z p uh t dh ah b uh k s ao n m ay t ey b ah l",
    "ay f aw n d f ay v w ah r m p ah f iy sh ow z",
    "m aa m ah m ey d m iy s ah m v eh r iy g uh d s ae n w ih ch ih z",
    "w ah t d uw y uw w aa n t f r ah m dh ih s p l ey s",
    "dh ah sh ih p l iy v z ae t f ao r _ b iy dh eh r",
    "ow p ah n dh ah b ih g b l uw b aa k s _ n aw",
)


@dataclass(frozen=True)
class Phone:
    """A sound with its place in time, seconds."""

    name: str
    start: float
    end: float

    @property
    def sound(self) -> Sound:
        """How it sounds and looks."""
        return SOUNDS[self.name]


def timed(text: str, start: float, pace: float) -> list[Phone]:
    """Phones of a phone string ("h eh l ow"; "_" is a pause) from `start` on; `pace` 1 is calm speech, 1.2 faster."""
    phones, at = [], start
    for name in text.split():
        for part in DIPHTHONGS.get(name, (name,)):
            share = 0.75 if name in DIPHTHONGS else 1.0
            end = at + SOUNDS[part].seconds * share / pace
            phones.append(Phone(part, at, end))
            at = end
    return phones


def script(
    seconds: float, first: int, pace: float, lead: float = 0.4, gap: float = 0.45, tail: float = 0.4
) -> list[Phone]:
    """Sentences from number `first` of the bank on that fill a clip, the last cut short; silence round each."""
    phones: list[Phone] = []
    at, index = lead, first
    while True:
        sentence = timed(SENTENCES[index % len(SENTENCES)], at, pace)
        phones += [p for p in sentence if p.end <= seconds - tail]
        at, index = sentence[-1].end + gap, index + 1
        if at > seconds - tail:
            return phones
