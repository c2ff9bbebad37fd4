"""What the figures mean, in sentences for somebody who does not know their names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Verdict = Literal["good", "fair", "poor", "unknown"]
VERDICT_WORDS: dict[Verdict, str] = {"good": "good", "fair": "fair", "poor": "weak", "unknown": "not known"}
LEAST_MARGIN = 0.05
"""How far the recording's own score must stand above that of wrong sound for the score to tell anything."""
FAINT = 1.0
"""Pixels at 512x512; an emotion that moves the mean face less is not called shown.

A pixel is less than a millimetre of a face that fills the picture: emotions never recorded that moved it by 0.6 at
level 3 grew from level to level in the figures, and could not be told from level 0 by eye.
"""


@dataclass(frozen=True)
class Finding:
    """One thing the report found.

    Attributes:
        title: a sentence with the figure.
        text: where it comes from.
        verdict: how good that is.
    """

    title: str
    text: str
    verdict: Verdict


def findings(report: Mapping[str, Any]) -> list[Finding]:
    """The report's figures in plain words, the most telling first; what was not measured is passed over."""
    twin = report.get("twin", {})
    found = [
        _lips(report), _face(report), _place(report), _units(report), _levels(twin.get("levels", {})),
        _transition(twin.get("transition", {})), _trembling(report), _speed(twin.get("speed", {})),
    ]  # fmt: skip
    return [finding for finding in found if finding is not None]


def sync_share(report: Mapping[str, Any]) -> float | None:
    """Our lip-sync score as a share of the recording's own, of both what any other sound would get taken off.

    None where the recording's own does not stand above that.
    """
    ours, own = report.get("audio", {}), report.get("recorded", {})
    if "sync" not in ours or "sync" not in own:
        return None
    above = own["sync"] - own.get("sync_wrong", 0.0)
    return (ours["sync"] - ours.get("sync_wrong", 0.0)) / above if above > LEAST_MARGIN else None


def _lips(report: Mapping[str, Any]) -> Finding | None:
    ours, recorded = report.get("audio", {}), report.get("recorded", {})
    if "sync" not in ours or "sync" not in recorded:
        return None
    text = f"Lip-sync score {_with_chance(ours)}; the recording itself {_with_chance(recorded)}"
    share = sync_share(report)
    if share is None:
        title = "Whether the lips follow the sound cannot be told from this clip"
        return Finding(title, f"{text}: that is too near to chance.", "unknown")
    text += f". Without taking that off, {100 * ours['sync'] / recorded['sync']:.0f} %."
    verdict: Verdict = "good" if share >= 0.8 else "fair" if share >= 0.6 else "poor"
    return Finding(f"The lips follow the sound: {100 * max(share, 0):.0f} % of the recording", text, verdict)


def _with_chance(figures: Mapping[str, Any]) -> str:
    """A lip-sync score and what a sound that does not belong to the picture gets."""
    if "sync_wrong" not in figures:
        return f"{figures['sync']:.2f}"
    return f"{figures['sync']:.2f}, of which other sounds get {figures['sync_wrong']:.2f}"


def _face(report: Mapping[str, Any]) -> Finding | None:
    ours, best = report.get("audio", {}).get("psnr_face"), report.get("baseline_nearest", {}).get("psnr_face")
    whole = report.get("audio", {}).get("psnr")
    if ours is None or whole is None:
        return None
    text = f"{whole:.1f} dB over the whole picture (the paper reports 32.4 for its data)."
    if best is None:
        return Finding(f"The face is within {ours:.1f} dB of the recording", text, "unknown")
    text = f"Face {ours:.1f} dB against {best:.1f} dB; {text}"
    if ours > best:
        return Finding("The face is nearer to the recording than any frame it learned from", text, "good")
    return Finding("Some frame it learned from is nearer to the recording than the twin's face", text, "fair")


def _place(report: Mapping[str, Any]) -> Finding | None:
    ours = report.get("audio", {})
    if "m_ld" not in ours or "f_ld" not in ours:
        return None
    title = f"The lips are {ours['m_ld']:.1f} pixels off, the whole face {ours['f_ld']:.1f} (of 512)"
    verdict: Verdict = "good" if ours["m_ld"] <= 2.6 and ours["f_ld"] <= 3.1 else "fair" if ours["m_ld"] < 4 else "poor"
    return Finding(title, "Mean distance of landmarks from the recording; the paper reports 2.35 and 2.98.", verdict)


def _units(report: Mapping[str, Any]) -> Finding | None:
    ours = report.get("audio", {})
    if "au_upper" not in ours:
        return None
    worst = max(ours["au_upper"], ours["au_lower"])
    title = (
        f"Expressions differ by {ours['au_upper']:.1f} % in the upper face and {ours['au_lower']:.1f} % in the lower"
    )
    verdict: Verdict = "good" if worst <= 6 else "fair" if worst <= 12 else "poor"
    return Finding(title, "Mean difference of the activations that the face landmarker sees, of their scale.", verdict)


def _levels(levels: Mapping[str, Any]) -> Finding | None:
    emotions: Mapping[str, Any] = levels.get("emotions", {})
    if not emotions:
        return None
    faint = [name for name, entry in emotions.items() if entry["displacement"][-1] < FAINT]
    falling = [name for name, entry in emotions.items() if not entry["growing"]]
    good = [name for name in emotions if name not in (*faint, *falling)]
    said = [f"Under {FAINT:g} pixel even at level 3, which can hardly be seen: {', '.join(faint)}."] if faint else []
    said += [f"Not growing throughout: {', '.join(falling)}."] if falling else []
    if not said:
        title = "The stronger the level, the stronger the face: for every emotion"
        return Finding(title, "From level 0 to 3 in steps of a half, the mean face moves further each time.", "good")
    title = f"The face shows the emotion, and grows with its level, for {len(good)} of {len(emotions)} emotions"
    return Finding(title, " ".join(said), "fair" if 2 * len(good) >= len(emotions) else "poor")


def _transition(found: Mapping[str, Any]) -> Finding | None:
    if not found:
        return None
    way = f"from {found['from'][0]} to {found['to'][0]}"
    text = f"The largest jump between frames is {found['ratio']:.1f} times the usual one (up to 2 is smooth)."
    if found["smooth"]:
        return Finding(f"The way {way} is smooth", text, "good")
    return Finding(f"The way {way} is not smooth everywhere", text, "poor")


def _trembling(report: Mapping[str, Any]) -> Finding | None:
    ours, own = report.get("audio", {}).get("jitter"), report.get("recorded", {}).get("jitter")
    if ours is None or not own:
        return None
    share = ours / own
    verdict: Verdict = "good" if share <= 1.1 else "fair" if share <= 1.5 else "poor"
    title = "It trembles no more than the recording" if share <= 1.1 else f"It trembles {share:.1f} times as much"
    text = f"Fastest motion of landmarks: {ours:.2f} pixels, in the recording {own:.2f}."
    return Finding(title, text, verdict)


def _speed(speed: Mapping[str, Any]) -> Finding | None:
    if not speed:
        return None
    fps, cores = speed["fps"], speed["cores"]
    where = f"{speed['gaussians']:,} Gaussians at {speed['size']}x{speed['size']} on {cores} processor core"
    verdict: Verdict = "good" if fps >= 25 else "fair" if fps >= 15 else "poor"
    return Finding(f"It plays {fps:.0f} pictures a second", f"{where}{'s' if cores != 1 else ''}.", verdict)
