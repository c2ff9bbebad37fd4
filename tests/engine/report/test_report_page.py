"""The report: the right words for figures, tables without gaps or inventions, a page that needs nothing beside it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from emotalker.engine.report import paper, tables
from emotalker.engine.report.page import write_page
from emotalker.engine.report.plots import Line, chart, ticks
from emotalker.engine.report.words import findings, sync_share

LEVELS = [0.0, 1.0, 2.0]


def report(**changes: Any) -> dict[str, Any]:
    """A small whole report, with names that would break a careless page."""
    ours = {"psnr": 31.0, "psnr_face": 28.0, "ssim": 0.9, "m_ld": 2.4, "f_ld": 2.9, "sync": 0.444, "sync_wrong": 0.1,
            "au_upper": 3.0, "au_lower": 5.0, "jitter": 0.5}  # fmt: skip
    emotion = {"displacement": [0.0, 1.0, 2.0], "motion": [1.0, 1.1, 1.2], "growing": True, "recorded": True}
    faint = {"displacement": [0.0, 0.1, 0.05], "motion": [1.0, 1.0, 1.0], "growing": False, "recorded": False}
    whole = {
        "tracked": {**ours, "psnr": 33.0},
        "audio": ours,
        "recorded": {"sync": 0.5, "sync_wrong": 0.1, "jitter": 0.5},
        "baseline_nearest": {"psnr": 29.0, "psnr_face": 27.0},
        "clips": {"a<b>": {"audio": ours}},
        "passages": {
            "a<b>": {
                "curves": {"recorded": {"opening": [0.0, 1.0, 0.0]}, "sound": {"opening": [0.0, 2.0, 0.0]}},
                "lags": {"audio": 0.04}, "fps": 25.0, "film": "side by side.mp4", "lost": {},
            }
        },
        "settings": {"held_out": ["a<b>"], "training": ["c&d"], "size": 256, "listener_text": "ears"},
        "about": {"project": "Ada <script>alert(1)</script>", "made": "today", "program": "P 1"},
        "twin": {
            "levels": {"levels": LEVELS, "emotions": {"sad": faint, "happy": emotion}, "reference": "recorded",
                       "recorded": [{"emotion": "happy", "level": 1.0, "displacement": 1.4, "motion": 2.0}]},
            "transition": {"from": ["happy", 3.0], "to": ["sad", 3.0], "jumps": [0.0, 2.0, 1.0],
                           "picture_jumps": [0.0, 1.0, 1.0], "first": 1, "last": 2, "ratio": 1.5, "picture_ratio": 1.2,
                           "smooth": True, "fps": 25.0, "definition": "As defined."},
            "speed": {"fps": 61.0, "size": 512, "gaussians": 20_000, "cores": 2},
            "cross": [{"voice": "other.wav", "emotion": "neutral", "level": 0.0, "seconds": 4.0, "sync": 0.4,
                       "sync_wrong": 0.1, "lag": -0.04, "jitter": 0.4, "film": ""}],
            "tile": "emotions.png",
        },
        "ablations": {"without_egd": {"figures": {"audio": {"psnr": 30.0}}}, "mask_null": {"reason": "not run."}},
    }  # fmt: skip
    return {**whole, **changes}


class Outline(HTMLParser):
    """What a page fetches, and whether its elements close."""

    VOID = ("meta", "img", "br", "line", "circle", "rect", "polyline")

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.fetched: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.fetched += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert tag in self.VOID or self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_page_needs_nothing_beside_it_but_its_films(tmp_path: Path) -> None:
    """Pictures are inside; no network, no markup out of names; films that exist are linked."""
    for name in ("tiles_a<b>.png", "emotions.png"):
        cv2.imencode(".png", np.zeros((8, 16, 3), np.uint8))[1].tofile(tmp_path / name)
    (tmp_path / "side by side.mp4").write_bytes(b"film")
    page = write_page(report(), tmp_path).read_text(encoding="utf-8")
    outline = Outline()
    outline.feed(page)
    assert outline.open == []
    assert "<script" not in page
    assert "Ada <script>" in outline.text
    films = [f for f in outline.fetched if not f.startswith("data:image/jpeg;base64,")]
    assert set(films) == {"side%20by%20side.mp4"}
    assert len(outline.fetched) - len(films) == 2
    assert not re.search(r"https?://|@import|url\(", page)
    for word in ("86 % of the recording", "prefers-color-scheme", "FID", "FVD", "SyncNet", "31.00", "(not recorded)"):
        assert word in page


def test_page_of_a_report_with_little_in_it(tmp_path: Path) -> None:
    """What was not measured is left out; the page is still whole and says that pictures are missing."""
    outline = Outline()
    outline.feed(write_page({"settings": {"held_out": ["x"]}}, tmp_path).read_text(encoding="utf-8"))
    assert outline.open == []
    assert "tiles_x.png is missing" in outline.text


def test_words_say_what_the_figures_are() -> None:
    """Each figure once, with a verdict; the sentence about the lips has the share of the recording's own score."""
    found = {finding.title: finding for finding in findings(report())}
    lips = found["The lips follow the sound: 86 % of the recording"]
    assert lips.verdict == "good"
    assert "0.44, of which other sounds get 0.10" in lips.text
    assert "89 %" in lips.text, "the plain ratio is told too"
    assert found["The face is nearer to the recording than any frame it learned from"].verdict == "good"
    emotions = found["The face shows the emotion, and grows with its level, for 1 of 2 emotions"]
    assert emotions.verdict == "fair"
    assert "sad" in emotions.text
    assert found["It plays 61 pictures a second"].verdict == "good"
    assert findings({}) == []


@pytest.mark.parametrize(("own", "chance"), [(0.12, 0.1), (-0.2, 0.1)])
def test_a_recording_at_chance_says_nothing_about_the_lips(own: float, chance: float) -> None:
    """A share of nearly nothing would be a proud number without meaning."""
    poor = report(recorded={"sync": own, "sync_wrong": chance})
    assert sync_share(poor) is None
    assert findings(poor)[0].verdict == "unknown"


def test_worse_figures_are_called_so() -> None:
    """No verdict is good by default."""
    bad = {"psnr": 20.0, "psnr_face": 20.0, "m_ld": 9.0, "f_ld": 9.0, "sync": 0.1, "au_upper": 20.0, "au_lower": 20.0,
           "jitter": 2.0}  # fmt: skip
    twin = {"transition": {**report()["twin"]["transition"], "ratio": 4.0, "smooth": False},
            "speed": {"fps": 5.0, "size": 512, "gaussians": 1, "cores": 1}}  # fmt: skip
    assert {f.verdict for f in findings(report(audio=bad, twin=twin))} <= {"poor", "fair"}


@pytest.mark.parametrize(("pixels", "verdict"), [(0.6, "poor"), (1.5, "good")])
def test_an_emotion_that_nobody_can_see_is_not_called_good(pixels: float, verdict: str) -> None:
    """Growing with the level is not enough: at the highest one it has to be seen."""
    moved = {"displacement": [0.0, pixels / 2, pixels], "motion": [1.0] * 3, "growing": True, "recorded": False}
    (found,) = findings({"twin": {"levels": {"levels": LEVELS, "emotions": {"fear": moved}}}})
    assert found.verdict == verdict


def test_tables_leave_out_what_was_not_measured() -> None:
    """No column without a figure, no row without one, and an empty cell where one is missing."""
    table = tables.group_table(report(), tables.PICTURE)
    assert table.head == ("", "PSNR ↑", "PSNR face ↑", "SSIM ↑")
    assert [row[0] for row in table.rows][-1] == "baseline: nearest training frame (oracle)"
    assert table.rows[-1] == ("baseline: nearest training frame (oracle)", "29.00", "27.00", "")
    assert table.strong == (1,)
    assert tables.group_table({}, tables.PICTURE).rows == ()
    assert [row[0] for row in tables.level_table(report()).rows] == ["happy", "sad (not recorded)"]
    assert tables.cross_table(report()).rows[0][5] == "-40 ms"
    ablations = tables.ablation_table(report())
    assert ablations.rows[1][:2] == ("without EGD (stage 1 alone)", "30.00")
    assert "not run" in ablations.note


def test_published_figures_stand_as_published() -> None:
    """Twelve columns each, ours below, and nothing of ours under FID, FVD or SyncNet."""
    assert all(len(values) == len(paper.COLUMNS) == len(paper.BETTER) == len(paper.KEYS) for _, values in paper.TABLE)
    table = tables.paper_table(report())
    assert table.rows[len(paper.TABLE) - 1][:4] == ("GaussianEmoTalker (paper)", "26.36", "132.3", "32.40")
    ours = table.rows[len(paper.TABLE)]
    for name, cell in zip(paper.COLUMNS, ours[1:]):
        assert (cell == "") == (name in ("FID", "FVD", "LPIPS", "CPBD", "M-LVD", "F-LVD", "SyncNet"))
    assert ours[-1] == "61.0"
    assert table.strong == (len(paper.TABLE),)


def test_plots_are_well_formed_and_in_their_frame() -> None:
    """Every point lies inside the picture, also of values that are all the same or not numbers."""
    for ys in ([1.0, 5.0, 2.0], [3.0, 3.0, 3.0], [float("nan"), 1.0, 2.0]):
        drawn = ET.fromstring(chart("A & B", [Line("x", [0, 1, 2], ys), Line("p", [1], [2.0], 1, points=True)]))
        assert drawn.attrib["aria-label"] == "A & B"
        _, _, width, height = map(float, drawn.attrib["viewBox"].split())
        lines = [e.attrib["points"] for e in drawn.iter("polyline")]
        points = [tuple(map(float, p.split(","))) for line in lines for p in line.split()]
        assert points
        assert all(0 <= x <= width and 0 <= y <= height for x, y in points)
    assert "nothing to draw" in chart("Empty", [])


def test_ticks_are_round_and_reach_around() -> None:
    """Few, evenly apart, from at most the least to at least the most."""
    for low, high, most in ((0.0, 0.087, 5.0), (-3.0, 17.0, 6.0), (0.0, 3.0, 4.0)):
        found = ticks(low, high, most)
        assert found[0] <= low
        assert found[-1] >= high
        assert len(found) <= most + 2
        assert np.ptp(np.diff(found)) < 1e-9
