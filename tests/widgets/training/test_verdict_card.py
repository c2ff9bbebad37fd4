"""The card of verdicts: the worst clips in words, each a click away from its tracking."""

from __future__ import annotations

import json
from pathlib import Path

from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from emotalker.projects.clip_verdicts import ClipVerdict, read_verdicts
from emotalker.widgets.common import WrapLabel
from emotalker.widgets.training.verdicts import FINE, MOST, VerdictCard


def test_the_worst_are_named(qtbot: QtBot) -> None:
    """A few sentences, the rest counted, and the button names the clip."""
    card = VerdictCard()
    qtbot.addWidget(card)
    assert card.isHidden()
    poor = [ClipVerdict(f"c{n}", f"The mouth of clip c{n} is blurred.", "mouth blurred", 1 / (n + 1)) for n in range(6)]
    card.set_verdicts([*poor, ClipVerdict("good", "Clip good comes out well.")])
    assert not card.isHidden()
    said = [label.text() for label in card.findChildren(WrapLabel)]
    assert [text for text in said if "blurred" in text] == [verdict.text for verdict in poor[:MOST]]
    assert any(text.startswith("2 more") for text in said)
    with qtbot.waitSignal(card.tracking_requested) as asked:
        card.findChildren(QPushButton)[1].click()
    assert asked.args == ["c1"]


def test_all_well_and_nothing_known(qtbot: QtBot) -> None:
    """One line where nothing is wrong; no card before the fit."""
    card = VerdictCard()
    qtbot.addWidget(card)
    card.set_verdicts([ClipVerdict("a", "Clip a comes out as well as the others.")])
    assert FINE in [label.text() for label in card.findChildren(WrapLabel)]
    card.set_verdicts([])
    assert card.isHidden()


def test_what_the_fit_wrote_is_read(tmp_path: Path) -> None:
    """The worst first; a file of an older program, a damaged one and none at all are no verdicts."""
    note = tmp_path / "runs" / "fit" / "done.json"
    assert read_verdicts(tmp_path) == []
    note.parent.mkdir(parents=True)
    rows = [
        {"clip": "fine", "region": "", "error": 0.9, "text": "Clip fine comes out as well as the others."},
        {"clip": "sad", "region": "edge", "error": 0.1, "text": "The outline in clip sad is soft."},
        {"clip": "happy", "region": "mouth", "error": 0.2, "text": "The mouth of clip happy is blurred."},
    ]
    note.write_text(json.dumps({"mark": "x", "verdicts": rows}))
    found = read_verdicts(tmp_path)
    assert [(v.clip, v.short) for v in found] == [("happy", "mouth blurred"), ("sad", "soft outline"), ("fine", "")]
    for text in ('{"mark": "x"}', "{", '{"verdicts": [{"clip": "a"}]}', "[]"):
        note.write_text(text)
        assert read_verdicts(tmp_path) == []
