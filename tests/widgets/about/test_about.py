"""Whoever uses the program can read whose work it is made of."""

from __future__ import annotations

from PySide6.QtWidgets import QPlainTextEdit, QTableWidget
from pytestqt.qtbot import QtBot

from emotalker.engine.assets import load_manifest
from emotalker.widgets.about import AboutDialog, model_licences, package_licences, texts


def test_licence_and_notice_are_whole() -> None:
    """The texts themselves, not pointers."""
    assert "END OF TERMS AND CONDITIONS" in texts()["LICENSE"]
    assert "MakeHuman" in texts()["NOTICE"]


def test_every_model_and_package_has_terms() -> None:
    """Nothing is used without saying under which licence."""
    assert {m.name for m in model_licences()} == set(load_manifest())
    assert all(m.terms for m in model_licences())
    packages = {p.name.lower().replace("_", "-"): p for p in package_licences()}
    assert {"torch", "numpy", "pyside6-essentials", "shiboken6", "moderngl"} <= packages.keys()
    assert not {"pytest", "ruff"} & packages.keys()
    assert all(p.terms and p.version for p in packages.values())
    assert "LGPL" in packages["pyside6-essentials"].terms


def test_the_dialog_fills_its_tables_when_they_are_opened(qtbot: QtBot) -> None:
    """Four tabs: licence, notices, models, packages."""
    dialog = AboutDialog()
    qtbot.addWidget(dialog)
    dialog.show()
    assert "Apache License" in dialog.findChild(QPlainTextEdit, "about_licence").toPlainText()
    table = dialog.findChild(QTableWidget, "about_packages")
    assert table.rowCount() == 0
    dialog.tabs.setCurrentIndex(3)
    assert table.rowCount() == len(package_licences())
