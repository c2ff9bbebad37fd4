"""Consent is given by a name and a tick, never by accident, and can be taken back."""

from __future__ import annotations

from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from emotalker.projects.document import Consent
from emotalker.widgets.consent import ConsentBanner, ConsentPanel, statement


def test_the_statement_names_the_person() -> None:
    """With a line to fill in while there is no name."""
    assert statement("Ada").startswith("I am Ada.")
    assert "____" in statement(" ")


def test_name_and_tick_are_needed(qtbot: QtBot) -> None:
    """The button waits for both, and the panel says what is missing."""
    panel = ConsentPanel()
    qtbot.addWidget(panel)
    panel.set_consent(Consent(), "")
    assert not panel.give.isEnabled()
    panel.name.setText("Ada")
    assert not panel.give.isEnabled()
    assert any("the tick" in label.text() for label in panel.findChildren(QLabel))
    panel.agreed.setChecked(True)
    with qtbot.waitSignal(panel.consent_changed) as changed:
        panel.give.click()
    consent = changed.args[0]
    assert (consent.given, consent.name) == (True, "Ada")
    assert "I am Ada." in consent.statement
    assert len(consent.date) == 10


def test_it_can_be_taken_back(qtbot: QtBot) -> None:
    """A consent given is shown as it was, locked, until it is taken back."""
    panel = ConsentPanel()
    qtbot.addWidget(panel)
    panel.show()
    panel.set_consent(Consent(True, "Ada", "I agree.", "2026-01-02", "spoken.wav"), "Other")
    assert panel.name.text() == "Ada"
    assert not panel.name.isEnabled()
    assert not panel.give.isVisible()
    assert panel.consent().statement == "I agree."
    assert any("agreed on 2026-01-02" in label.text() for label in panel.findChildren(QLabel))
    with qtbot.waitSignal(panel.consent_changed) as changed:
        panel.revoke.click()
    assert not changed.args[0].given


def test_embedded_it_has_no_button(qtbot: QtBot) -> None:
    """The dialog around it asks what the fields say."""
    panel = ConsentPanel(embedded=True)
    qtbot.addWidget(panel)
    panel.show()
    panel.set_consent(Consent(), "Ada")
    assert not panel.give.isVisible()
    assert not panel.consent().given
    panel.agreed.setChecked(True)
    assert panel.consent().given


def test_tick_and_button_stay_in_sight(qtbot: QtBot) -> None:
    """However little room there is, only the text scrolls."""
    panel = ConsentPanel()
    qtbot.addWidget(panel)
    panel.resize(360, 300)
    panel.show()
    for widget in (panel.agreed, panel.give):
        assert not widget.visibleRegion().isEmpty()
        assert panel.rect().contains(widget.geometry())


def test_the_banner_leads_there(qtbot: QtBot) -> None:
    """One click."""
    banner = ConsentBanner()
    qtbot.addWidget(banner)
    with qtbot.waitSignal(banner.clicked):
        banner.button.click()
