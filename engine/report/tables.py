"""The tables of the report as plain text cells: for the page, the window and the command line alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emotalker.engine.emotion.labels import EMOTIONS
from emotalker.engine.report import paper

Figures = Mapping[str, Any]

GROUPS = (
    ("tracked", "ours, driven by the tracked face"),
    ("unrefined", "ours, driven by landmarks alone"),
    ("audio", "ours, driven by the voice"),
    ("baseline_mean", "baseline: mean of the training frames"),
    ("baseline_nearest", "baseline: nearest training frame (oracle)"),
    ("baseline_expression", "baseline: training frame nearest in expression"),
    ("baseline_mesh", "baseline: head mesh with a texture"),
)
RECORDED = ("recorded", "the recording itself")
PICTURE = (
    ("psnr", "PSNR", "up", 2), ("psnr_face", "PSNR face", "up", 2), ("psnr_mouth", "PSNR mouth", "up", 2),
    ("psnr_head", "PSNR head", "up", 2), ("ssim", "SSIM", "up", 3), ("lpips", "LPIPS", "down", 3),
    ("cpbd", "CPBD", "up", 3),
)  # fmt: skip
MOTION = (
    ("m_ld", "M-LD", "down", 2), ("lmd", "LMD", "down", 2), ("m_lvd", "M-LVD", "down", 2), ("f_ld", "F-LD", "down", 2),
    ("f_lvd", "F-LVD", "down", 2), ("sync", "lip-sync", "up", 3), ("sync_wrong", "wrong sound", "", 3),
    ("au_upper", "AU upper %", "down", 2), ("au_lower", "AU lower %", "down", 2),
    ("jitter", "trembling", "down", 3),
)  # fmt: skip
VARIANTS = {
    "full": "everything",
    "without_egd": "without EGD (stage 1 alone)",
    "without_a2et": "without A2ET (trained on tracked expressions)",
    "mask_null": "without the null token",
    "without_ngi": "without NGI (no stage 1)",
}
Column = tuple[str, str, str, int]


def tile_caption(clip: str, report: Figures) -> str:
    """What stands below a clip's picture of recorded and rendered frames, one row for each way to drive the twin."""
    drives = [title.removeprefix("ours, ") for key, title in GROUPS[:3] if key in report]
    return f"{clip}; rows from above: {', '.join(['recorded', *drives])}"


@dataclass(frozen=True)
class Table:
    """A table of text.

    Attributes:
        head: one for each column; the first is over the names of the rows.
        rows: cells, as many as `head`; an empty one means that it was not measured.
        strong: numbers of rows to stand out.
        note: a sentence below.
    """

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    strong: tuple[int, ...] = ()
    note: str = ""


def group_table(
    figures: Figures, columns: Sequence[Column], groups: Sequence[tuple[str, str]] = GROUPS, strong: str = "audio"
) -> Table:
    """Groups as rows, figures as columns; what nothing was measured of is left out."""
    shown = [(key, title) for key, title in groups if any(figures.get(key, {}).get(c[0]) is not None for c in columns)]
    used = [c for c in columns if any(figures.get(key, {}).get(c[0]) is not None for key, _ in shown)]
    rows = tuple((title, *(number(figures[key].get(c[0]), c[3]) for c in used)) for key, title in shown)
    marks = tuple(i for i, (key, _) in enumerate(shown) if key == strong)
    return Table(("", *(arrow(c[1], c[2]) for c in used)), rows, marks)


def motion_table(figures: Figures) -> Table:
    """Landmarks, lips, activations and trembling; the recording itself on top."""
    return group_table(figures, MOTION, (RECORDED, *GROUPS[:3]))


def paper_table(report: Figures) -> Table:
    """The published figures with ours below; ours are those driven by the voice."""
    rows = [(name, *(number(v, _places(v)) for v in values)) for name, values in paper.TABLE]
    ours = report.get("audio", {})
    fps = report.get("twin", {}).get("speed", {}).get("fps")
    for key, title in (("audio", "this twin, driven by the voice"), ("tracked", "this twin, driven by the track")):
        figures = report.get(key, {})
        cells = [number(figures.get(k), 2) if k else "" for k in paper.KEYS]
        cells[-1] = number(fps, 1) if key == "audio" else ""
        if figures:
            rows.append((title, *cells))
    head = ("", *(arrow(name, way) for name, way in zip(paper.COLUMNS, paper.BETTER)))
    return Table(head, tuple(rows), (len(rows) - 2,) if ours and len(rows) > len(paper.TABLE) + 1 else ())


def ablation_table(report: Figures) -> Table:
    """Each variant's figures when driven by the voice; what was not run says so."""
    columns = (
        ("psnr", "PSNR", "up", 2), ("psnr_face", "PSNR face", "up", 2), ("ssim", "SSIM", "up", 3),
        ("lpips", "LPIPS", "down", 3), ("m_ld", "M-LD", "down", 2), ("f_ld", "F-LD", "down", 2),
        ("f_lvd", "F-LVD", "down", 2), ("sync", "lip-sync", "up", 3), ("au_upper", "AU upper %", "down", 2),
        ("au_lower", "AU lower %", "down", 2), ("jitter", "trembling", "down", 3),
    )  # fmt: skip
    found: Mapping[str, Any] = report.get("ablations", {})
    rows = [(VARIANTS["full"], *(number(report.get("audio", {}).get(c[0]), c[3]) for c in columns))]
    missing: dict[str, list[str]] = {}
    for name, entry in found.items():
        title = VARIANTS.get(name, name)
        figures = entry.get("figures", {}).get("audio", {})
        if figures:
            rows.append((title, *(number(figures.get(c[0]), c[3]) for c in columns)))
        else:
            missing.setdefault(entry.get("reason", "not run"), []).append(title)
    note = " ".join(f"{', '.join(titles)}: {reason}." for reason, titles in missing.items())
    return Table(("driven by the voice", *(arrow(c[1], c[2]) for c in columns)), tuple(rows), (0,), note)


def level_table(report: Figures) -> Table:
    """Displacement of the mean face by emotion and level."""
    levels = report.get("twin", {}).get("levels", {})
    rows = []
    for emotion, entry in in_order(levels.get("emotions", {})):
        name = emotion if entry.get("recorded", True) else f"{emotion} (not recorded)"
        grows = "grows" if entry["growing"] else "does not grow throughout"
        rows.append((name, *(number(v, 2) for v in entry["displacement"]), grows))
    return Table(("emotion", *(f"level {v:g}" for v in levels.get("levels", [])), "with the level it"), tuple(rows))


def cross_table(report: Figures) -> Table:
    """What the twin does with other people's voices."""
    rows = [
        (
            row["voice"], f"{row['emotion']} {row['level']:g}", f"{row['seconds']:.1f} s", number(row.get("sync"), 3),
            number(row.get("sync_wrong"), 3), lag_text(row.get("lag")), number(row.get("jitter"), 3),
        )
        for row in report.get("twin", {}).get("cross", [])
    ]  # fmt: skip
    head = ("voice", "emotion", "length", arrow("lip-sync", "up"), "wrong sound", "picture follows by",
            arrow("trembling", "down"))  # fmt: skip
    return Table(head, tuple(rows))


def in_order(emotions: Figures) -> list[tuple[str, Any]]:
    """Emotions in the program's own order, whatever order a file keeps."""
    return [(name, emotions[name]) for name in EMOTIONS if name in emotions]


def number(value: float | None, places: int) -> str:
    """A figure with fixed places; empty for none."""
    return "" if value is None else f"{value:.{places}f}"


def arrow(text: str, way: str) -> str:
    """A heading with the direction that is better."""
    return f"{text} {'↑' if way == 'up' else '↓'}" if way else text


def lag_text(seconds: float | None) -> str:
    """A lag in milliseconds."""
    return "" if seconds is None else f"{seconds * 1000:+.0f} ms"


def _places(value: float | None) -> int:
    return 2 if value is not None and value < 100 else 1
