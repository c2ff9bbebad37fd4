"""Pictures of the twin out of the window, as shown and see-through."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PySide6.QtGui import QImage

from emotalker.app.wiring import shell

if TYPE_CHECKING:
    from pytestqt.qtbot import QtBot

    from emotalker.app.main import Application
    from emotalker.engine.errors import UserError


@pytest.mark.parametrize("kind", [shell.SEE_THROUGH, "PNG as shown (*.png)"])
def test_a_picture_is_saved(
    qtbot: QtBot, launch: Callable[..., Application], failures: list[UserError], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, kind: str,
) -> None:  # fmt: skip
    """See-through means: corners empty, the face opaque; as shown means the wall is in it."""
    target = tmp_path / "Bild ä.png"
    monkeypatch.setattr(shell, "choose_target_and_kind", lambda *_: (target, kind))
    application = launch()
    view = application.window.perform.viewport
    application.projects.open_sample()
    qtbot.waitUntil(lambda: application.performing.voice is not None, timeout=120_000)
    with qtbot.waitSignal(view.presented, timeout=30_000, raising=False):
        application.performing.seek(1.0)
    qtbot.waitUntil(lambda: not view.screenshot().isNull(), timeout=10_000)
    application.shell.save_picture()
    assert failures == []
    picture = QImage(str(target))
    assert not picture.isNull()
    middle = picture.pixelColor(picture.width() // 2, picture.height() // 2)
    corner = picture.pixelColor(3, 3)
    assert middle.alpha() > 250
    assert corner.alpha() == (0 if kind == shell.SEE_THROUGH else 255)
