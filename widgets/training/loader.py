"""Pictures read and decoded in the background, a few of them kept."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path

from PySide6.QtCore import QObject, QRunnable, QThreadPool, Signal
from PySide6.QtGui import QImage, QImageReader

KEPT = 24


class _Results(QObject):
    done = Signal(object, object)


class _Read(QRunnable):
    """Reads one picture; the result travels by a queued signal."""

    def __init__(self, path: Path, results: _Results) -> None:
        super().__init__()
        self._path, self._results = path, results

    def run(self) -> None:
        """Decode; a file that is gone or broken gives a null picture."""
        reader = QImageReader(str(self._path))
        self._results.done.emit(self._path, reader.read())


class PictureLoader(QObject):
    """Gives pictures by signal, at once when they are kept already.

    `loaded` carries the path and the picture; a null picture means that the file is gone or broken.
    """

    loaded = Signal(object, QImage)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._kept: OrderedDict[Path, QImage] = OrderedDict()
        self._asked: set[Path] = set()
        self._results = _Results()
        self._results.done.connect(self._done)
        # its own small pool: destroying it waits for what still reads, so nothing outlives the widget
        self._pool = QThreadPool(self)
        self._pool.setMaxThreadCount(1)

    def ask(self, path: Path) -> QImage | None:
        """The picture if it is kept; else None, and `loaded` follows."""
        if path in self._kept:
            self._kept.move_to_end(path)
            return self._kept[path]
        if path not in self._asked:
            self._asked.add(path)
            self._pool.start(_Read(path, self._results))
        return None

    def forget(self, path: Path) -> None:
        """Read the file anew next time; it was written again."""
        self._kept.pop(path, None)

    def clear(self) -> None:
        """Forget all pictures."""
        self._pool.clear()
        self._asked.clear()
        self._kept.clear()

    def wait(self) -> None:
        """Block until nothing is being read."""
        self._pool.waitForDone()

    def _done(self, path: Path, picture: QImage) -> None:
        self._asked.discard(path)
        if not picture.isNull():
            self._kept[path] = picture
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        self.loaded.emit(path, picture)
