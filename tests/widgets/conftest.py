"""What the tests of several widgets need."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QWidget

DropFiles = Callable[..., None]


@pytest.fixture
def drop_files() -> DropFiles:
    """Drop files, or addresses, on a widget as the desktop does: they are carried in, then let go."""

    def drop(widget: QWidget, *what: Path | str) -> None:
        data, at = QMimeData(), QPoint(5, 5)
        data.setUrls([QUrl(one) if isinstance(one, str) else QUrl.fromLocalFile(str(one)) for one in what])
        how = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
        for event in (QDragEnterEvent(at, *how), QDropEvent(at.toPointF(), *how)):
            QApplication.sendEvent(widget, event)

    return drop
