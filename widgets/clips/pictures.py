"""Small pictures of clips and projects; safe to call in any thread."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QRect, QRectF, Qt
from PySide6.QtGui import QImage, QPainter, QPainterPath, QPixmap

PICTURES = (".png", ".jpg", ".jpeg")
_INTO_CLIP = 1 / 3  # people settle in the first moments of a recording


def small_picture(path: Path, side: int) -> QImage | None:
    """A picture file, the render of a preview row, or a frame of a video, its shorter side at most `side` pixels."""
    image = _from_file(path) if path.suffix.lower() in PICTURES else _from_video(path)
    if image is None or image.isNull():
        return None
    if min(image.width(), image.height()) <= side:
        return image
    keep, smooth = Qt.AspectRatioMode.KeepAspectRatioByExpanding, Qt.TransformationMode.SmoothTransformation
    return image.scaled(side, side, keep, smooth)


def paint_covering(painter: QPainter, box: QRectF, pixmap: QPixmap, radius: float) -> None:
    """Paint a picture so that it covers a rounded box; what does not fit is cut off at the sides."""
    path = QPainterPath()
    path.addRoundedRect(box, radius, radius)
    painter.save()
    painter.setRenderHints(QPainter.RenderHint.Antialiasing | QPainter.RenderHint.SmoothPixmapTransform)
    painter.setClipPath(path)
    scale = max(box.width() / pixmap.width(), box.height() / pixmap.height())
    width, height = pixmap.width() * scale, pixmap.height() * scale
    left = box.center().x() - width / 2
    # heads are in the upper half: cut more from below
    top = box.top() + (box.height() - height) * 0.35
    painter.drawPixmap(QRectF(left, top, width, height), pixmap, QRectF(pixmap.rect()))
    painter.restore()


def _from_file(path: Path) -> QImage:
    from emotalker.projects.catalog import is_row
    from emotalker.projects.cover import tile

    image = QImage(str(path))
    if not image.isNull() and is_row(path):
        left, side = tile(image.width(), image.height())
        image = image.copy(QRect(left, 0, side, image.height()))
    return image


def _from_video(path: Path) -> QImage | None:
    # Here: it brings FFmpeg, which a window has no need of to open.
    from emotalker.engine.errors import UserError
    from emotalker.engine.media import FrameSource

    try:
        place = int(len(FrameSource(path)) * _INTO_CLIP)
        for _, rgb in FrameSource(path, start=place, stop=place + 1):
            height, width = rgb.shape[:2]
            return QImage(rgb.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()
    except UserError:
        return None  # its row already says that it cannot be read
    return None
