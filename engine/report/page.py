"""The report as one page of HTML: what was found, in words, tables, plots, pictures, and how it was measured."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from emotalker.engine.files import write_bytes
from emotalker.engine.report import html, paper, tables
from emotalker.engine.report.measures import how_measured
from emotalker.engine.report.plots import Band, Line, chart, legend
from emotalker.engine.report.words import findings

PAGE = "report.html"
_DRIVES = (("recorded", "recorded", 0), ("audio", "driven by the voice", 1), ("tracked", "driven by the track", 2))


def write_page(report: Mapping[str, Any], folder: Path) -> Path:
    """Write report.html beside the pictures and films of a report; atomic.

    Args:
        report: as report.json holds it.
        folder: where its pictures and films lie.

    Returns:
        The page.

    Raises:
        UserError: if it cannot be written.
    """
    path = folder / PAGE
    write_bytes(path, page(report, folder).encode("utf-8"))
    return path


def page(report: Mapping[str, Any], folder: Path) -> str:
    """The page as text; pictures are read from `folder` and become part of it."""
    about = report.get("about", {})
    title = f"How good is the twin of {about['project']}?" if about.get("project") else "How good is the twin?"
    parts = [f"<h1>{escape(title)}</h1>", html.paragraph(_subtitle(report), "muted"), html.cards(findings(report))]
    for section in (_films, _pictures, _motion, _lips, _emotions, _transition, _cross, _ablations, _paper, _clips):
        parts.append(section(report, folder))
    absent = [f"{name}: {why}" for name, why in (*paper.ABSENT, *map(tuple, report.get("absent", [])))]
    parts += ["<h2>Not in this report</h2>", html.bullets(absent)]
    parts += ["<h2>How it was measured</h2>", html.terms(how_measured(report))]
    return html.document(title, "".join(parts))


def _subtitle(report: Mapping[str, Any]) -> str:
    about, settings = report.get("about", {}), report.get("settings", {})
    held, learned = settings.get("held_out", []), settings.get("training", [])
    text = f"Judged on {_listed(held)}, which the twin never saw. It learned from {_listed(learned)}."
    facts = [about.get("program", ""), about.get("preset", "") and f"preset {about['preset']}", about.get("made", "")]
    return f"{text} {' · '.join(fact for fact in facts if fact)}"


def _films(report: Mapping[str, Any], folder: Path) -> str:
    found = []
    for clip, passage in report.get("passages", {}).items():
        if passage.get("film") and (folder / passage["film"]).is_file():
            found.append(html.film(passage["film"], f"{clip}: recorded, driven by the track, driven by the voice"))
    return f"<h2>Side by side</h2>{''.join(found)}" if found else ""


def _pictures(report: Mapping[str, Any], folder: Path) -> str:
    text = (
        "Renders of the held-out clips against their recorded frames. The baselines know only the training clips; the "
        "nearest frame is chosen by an oracle that looks at the answer, so to beat it is hard."
    )
    parts = ["<h2>Pictures</h2>", html.paragraph(text), html.table(tables.group_table(report, tables.PICTURE))]
    for clip in report.get("settings", {}).get("held_out", []):
        parts.append(html.picture(folder / f"tiles_{clip}.png", tables.tile_caption(clip, report)))
    return "".join(parts)


def _motion(report: Mapping[str, Any], _folder: Path) -> str:
    text = (
        "Landmark distances in pixels at 512x512, lip-sync, differences of facial activations, and trembling. The "
        "recording itself says what can be reached: where a figure is missing, it would be zero by definition."
    )
    return "<h2>Motion</h2>" + html.paragraph(text) + html.table(tables.motion_table(report))


def _lips(report: Mapping[str, Any], _folder: Path) -> str:
    parts = []
    for clip, passage in report.get("passages", {}).items():
        curves, fps = passage.get("curves", {}), passage.get("fps", 25.0)
        lines = [
            Line(name, [i / fps for i in range(len(curves[key]["opening"]))], _scaled(curves[key]["opening"]), style)
            for key, name, style in _DRIVES if "opening" in curves.get(key, {})
        ]  # fmt: skip
        heard = curves.get("sound", {}).get("opening")
        if heard and lines:
            lines.append(Line("asked for by the sound", [i / fps for i in range(len(heard))], _scaled(heard), 5))
        if lines:
            drawn = chart(f"Opening of the lips, {clip}", lines, "seconds", "0 shut, 1 widest", (1100, 240))
            lags = passage.get("lags", {})
            lag = f"The picture follows the sound by {tables.lag_text(lags['audio'])}." if "audio" in lags else ""
            parts.append(drawn + legend(lines) + html.paragraph(lag, "muted"))
    return f"<h3>Do the lips follow?</h3>{''.join(parts)}" if parts else ""


def _emotions(report: Mapping[str, Any], folder: Path) -> str:
    twin = report.get("twin", {})
    levels = twin.get("levels", {})
    if not levels.get("emotions"):
        return ""
    measured = "the mean neutral recording" if levels.get("reference") == "recorded" else "the twin's own level 0"
    text = (
        "The same words with the same head motion at every level. Displacement is how far the mean face moves from "
        "level 0; dots are recorded clips of that emotion, their tracked expressions worn by the twin in the same pose "
        f"and measured from {measured}. An emotion marked as not "
        "recorded was never shown by this person: what is seen there comes from what is known of others."
    )
    parts = ["<h2>Emotions and levels</h2>", html.paragraph(text)]
    if twin.get("tile"):
        parts.append(html.picture(folder / twin["tile"], "One moment of a sentence in eight emotions and three levels"))
    parts.append(html.table(tables.level_table(report)))
    for key, heading in (("displacement", "Displacement from level 0, pixels at 512x512"),
                         ("motion", "Motion over ten frames (Fig. 8 of the paper), pixels at 512x512")):  # fmt: skip
        top = max(
            v for entry in (*levels["emotions"].values(), *levels.get("recorded", [])) for v in _values(entry[key])
        )
        drawn = [_emotion_chart(levels, emotion, key, top) for emotion, _ in tables.in_order(levels["emotions"])]
        parts.append(f'<h3>{escape(heading)}</h3><div class="charts">{"".join(drawn)}</div>')
    shown = [Line("the twin", [], [], 0), Line("recorded clips", [], [], 1, points=True)]
    return "".join(parts) + legend(shown)


def _emotion_chart(levels: Mapping[str, Any], emotion: str, key: str, top: float) -> str:
    entry = levels["emotions"][emotion]
    points = [(row["level"], row[key]) for row in levels.get("recorded", []) if row["emotion"] == emotion]
    lines = [Line("the twin", levels["levels"], entry[key], 0)]
    if points:
        lines.append(Line("recorded", [p[0] for p in points], [p[1] for p in points], 1, points=True))
    name = emotion if entry.get("recorded", True) else f"{emotion} (not recorded)"
    return chart(name, lines, "level", "px", (300, 190), top=top)


def _values(value: float | list[float]) -> list[float]:
    return value if isinstance(value, list) else [value]


def _transition(report: Mapping[str, Any], _folder: Path) -> str:
    found = report.get("twin", {}).get("transition", {})
    if not found:
        return ""
    fps = found["fps"]
    at = [(i + 1) / fps for i in range(len(found["jumps"]))]
    lines = [Line("", at, found["jumps"], 0)]
    (a, x), (b, y) = found["from"], found["to"]
    drawn = chart(
        f"Jumps between frames, {a} {x:g} to {b} {y:g}", lines, "seconds", "µm", (1100, 200),
        bands=[Band(found["first"] / fps, found["last"] / fps)],
    )  # fmt: skip
    text = (
        f"Largest jump over median: {found['ratio']:.2f} for the Gaussians, {found['picture_ratio']:.2f} for the "
        f"pictures; up to 2 counts as smooth. {found['definition']}"
    )
    return f"<h2>From one emotion to another</h2>{drawn}{html.paragraph(text)}"


def _cross(report: Mapping[str, Any], folder: Path) -> str:
    rows = report.get("twin", {}).get("cross", [])
    if not rows:
        return ""
    text = "The twin says what somebody else said; there is no recording of that, so only lips and trembling are told."
    films = [
        html.film(row["film"], f"{row['voice']}, {row['emotion']} {row['level']:g}")
        for row in rows if row.get("film") and (folder / row["film"]).is_file()
    ]  # fmt: skip
    drawn = html.table(tables.cross_table(report)) + f'<div class="films">{"".join(films)}</div>'
    return f"<h2>Other people's voices</h2>{html.paragraph(text)}{drawn}"


def _ablations(report: Mapping[str, Any], _folder: Path) -> str:
    if not report.get("ablations"):
        text = "No variant was trained. `emotalker-cli evaluate DIR --ablations` trains and judges each of them."
        return "<h2>What each part is good for</h2>" + html.paragraph(text)
    text = (
        "The same clips and settings, each time with one part taken out (the paper's ablations). A variant that is not "
        "worse on the figure its part is meant to help says that the part does not help this person."
    )
    return "<h2>What each part is good for</h2>" + html.paragraph(text) + html.table(tables.ablation_table(report))


def _paper(report: Mapping[str, Any], _folder: Path) -> str:
    parts = ["<h2>Beside the published figures</h2>", html.table(tables.paper_table(report))]
    return "".join(parts) + html.paragraph(paper.SOURCE, "muted") + html.bullets(paper.DIFFERENCES)


def _clips(report: Mapping[str, Any], _folder: Path) -> str:
    clips = report.get("clips", {})
    if len(clips) < 2:
        return ""
    parts = ["<h2>Clip by clip</h2>"]
    for name, figures in clips.items():
        parts += [f"<h3>{escape(name)}</h3>", html.table(tables.group_table(figures, tables.PICTURE))]
        parts.append(html.table(tables.motion_table(figures)))
    return "".join(parts)


def _scaled(curve: list[float]) -> list[float]:
    """A curve from 0 at its least to 1 at its most."""
    low, high = min(curve), max(curve)
    return [(v - low) / (high - low) if high > low else 0.0 for v in curve]


def _listed(names: list[str]) -> str:
    return ", ".join(names) if names else "nothing"
