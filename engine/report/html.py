"""The pieces of the page: its style, tables, pictures and films."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

from emotalker.engine.report.tables import Table
from emotalker.engine.report.words import VERDICT_WORDS, Finding

QUALITY = 88
"""Of the JPEG pictures in the page."""
WIDEST = 2000
"""Pixels a picture in the page is wide at most."""

STYLE = """
:root { color-scheme: light dark; --ground: #fbfbfa; --card: #fff; --ink: #1d1f21; --muted: #5d6468; --edge: #d9dcde;
  --strong: #eaf2fb; --good: #14702d; --fair: #8a5a00; --poor: #b3261e; --unknown: #5d6468;
  --c0: #005fa3; --c1: #b8470b; --c2: #00785a; --c3: #8b4a8c; --c4: #7a6a00; --c5: #555; }
@media (prefers-color-scheme: dark) { :root { --ground: #17191b; --card: #202427; --ink: #e7e9ea; --muted: #a3abb0;
  --edge: #3a4045; --strong: #1c3145; --good: #7bd492; --fair: #f0be5c; --poor: #ff8f85; --unknown: #a3abb0;
  --c0: #66b3f0; --c1: #f5985c; --c2: #4fcfa5; --c3: #d59ad6; --c4: #dccb4a; --c5: #b5bbbf; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, "Segoe UI", sans-serif; }
main { max-width: 1180px; margin: 0 auto; padding: 24px 20px 64px; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 4px; } h2 { font-size: 1.3rem; margin: 44px 0 8px; }
h3 { font-size: 1rem; margin: 22px 0 6px; } p { max-width: 78ch; margin: 6px 0 10px; }
.muted, figcaption { color: var(--muted); font-size: .9rem; }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(300px, 1fr)); gap: 12px; margin: 20px 0; }
.card { background: var(--card); border: 1px solid var(--edge); border-left: 5px solid var(--mark); border-radius: 8px;
  padding: 12px 16px; } .card b { display: block; font-size: 1.06rem; line-height: 1.35; }
.card small { color: var(--muted); } .card i { font-style: normal; font-weight: 600; color: var(--mark); }
.good { --mark: var(--good); } .fair { --mark: var(--fair); } .poor { --mark: var(--poor); }
.unknown { --mark: var(--unknown); }
.scroll { overflow-x: auto; border: 1px solid var(--edge); border-radius: 8px; background: var(--card); }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .92rem; }
th, td { text-align: right; padding: 6px 9px; border-bottom: 1px solid var(--edge); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; position: sticky; left: 0; background: inherit; }
thead th { font-weight: 600; color: var(--muted); } tr { background: var(--card); }
tbody tr:last-child td, tbody tr:last-child th { border-bottom: 0; } tbody th { font-weight: 400; }
tr.strong { background: var(--strong); } tr.strong th, tr.strong td { font-weight: 600; }
figure { margin: 14px 0; } figure img, video { width: 100%; height: auto; border-radius: 8px; display: block;
  background: #000; } .films { display: grid; grid-template-columns: repeat(auto-fit, minmax(340px, 1fr)); gap: 16px; }
.chart { width: 100%; height: auto; background: var(--card); border: 1px solid var(--edge); border-radius: 8px; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(270px, 1fr)); gap: 12px; }
.chart text { fill: var(--muted); font-size: 11px; } .chart text.title { fill: var(--ink); font-size: 13px;
  font-weight: 600; } .grid { stroke: var(--edge); } .band { fill: var(--edge); opacity: .5; }
polyline, .sample line { fill: none; stroke-width: 2; stroke-linejoin: round; }
.l0 { stroke: var(--c0); } .l1 { stroke: var(--c1); stroke-dasharray: 7 3; }
.l2 { stroke: var(--c2); stroke-dasharray: 2 3; } .l3 { stroke: var(--c3); stroke-dasharray: 9 3 2 3; }
.l4 { stroke: var(--c4); } .l5 { stroke: var(--c5); stroke-dasharray: 4 4; }
.p0 { fill: var(--c0); } .p1 { fill: var(--c1); } .p2 { fill: var(--c2); } .p3 { fill: var(--c3); }
.p4 { fill: var(--c4); } .p5 { fill: var(--c5); }
.legend span { margin-right: 18px; white-space: nowrap; } .sample { width: 28px; height: 12px; margin-right: 6px; }
li { max-width: 78ch; margin: 4px 0; } dt { font-weight: 600; } dd { margin: 0 0 8px; max-width: 78ch; }
a { color: var(--c0); } @media print { body { background: #fff; } h2 { break-after: avoid; } }
"""


def document(title: str, body: str) -> str:
    """A whole page; nothing in it is fetched from anywhere but the films beside it."""
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body><main>{body}</main></body></html>\n"
    )


def cards(found: Sequence[Finding]) -> str:
    """Findings as cards, each with its verdict in colour and in words."""
    parts = [
        f'<div class="card {f.verdict}"><b>{escape(f.title)}</b>'
        f"<small><i>{escape(VERDICT_WORDS[f.verdict])}</i> · {escape(f.text)}</small></div>"
        for f in found
    ]
    return f'<div class="cards">{"".join(parts)}</div>'


def table(content: Table) -> str:
    """A table that scrolls sideways where it is too wide."""
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in content.head)
    rows = []
    for index, row in enumerate(content.rows):
        cells = "".join(f"<td>{escape(cell) or '–'}</td>" for cell in row[1:])
        mark = ' class="strong"' if index in content.strong else ""
        rows.append(f'<tr{mark}><th scope="row">{escape(row[0])}</th>{cells}</tr>')
    drawn = f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{"".join(rows)}</tbody></table></div>'
    return drawn + (f'<p class="muted">{escape(content.note)}</p>' if content.note else "")


def picture(path: Path, caption: str) -> str:
    """A picture file inside the page; a sentence where it is missing."""
    import cv2
    import numpy as np

    # not imread, which takes no letters but English ones on some systems
    image = cv2.imdecode(np.frombuffer(path.read_bytes(), np.uint8), cv2.IMREAD_COLOR) if path.is_file() else None
    if image is None:
        return f'<p class="muted">The picture {escape(path.name)} is missing.</p>'
    if image.shape[1] > WIDEST:
        scale = WIDEST / image.shape[1]
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    data = base64.b64encode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()).decode(
        "ascii"
    )
    alt = escape(caption, quote=True)
    source = f'<img alt="{alt}" src="data:image/jpeg;base64,{data}">'
    return f"<figure>{source}<figcaption>{escape(caption)}</figcaption></figure>"


def film(name: str, caption: str) -> str:
    """A film that lies beside the page."""
    link = f'<a href="{quote(name)}">{escape(name)}</a>'
    player = f'<video controls preload="metadata" src="{quote(name)}"></video>'
    return f"<figure>{player}<figcaption>{escape(caption)} ({link})</figcaption></figure>"


def paragraph(text: str, kind: str = "") -> str:
    """A paragraph."""
    return f'<p class="{kind}">{escape(text)}</p>' if kind else f"<p>{escape(text)}</p>"


def bullets(items: Sequence[str]) -> str:
    """A list."""
    return f"<ul>{''.join(f'<li>{escape(item)}</li>' for item in items)}</ul>"


def terms(items: Sequence[tuple[str, str]]) -> str:
    """Words and what they mean."""
    return f"<dl>{''.join(f'<dt>{escape(a)}</dt><dd>{escape(b)}</dd>' for a, b in items)}</dl>"
