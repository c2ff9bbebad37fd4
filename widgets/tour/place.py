"""Where the card of a tour step goes."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QRect, QSize


def place_card(size: QSize, target: QRect, area: QRect, gap: int) -> QPoint:
    """Upper left corner of a card that points at a widget.

    Below, above, to the right or to the left of it, whichever first has the room; else inside it, at its lower edge.

    Args:
        size: of the card.
        target: the widget, or an empty rectangle when there is none (the card then takes the middle).
        area: where the card must stay.
        gap: between card and target, pixels.
    """
    if target.isEmpty():
        return _kept(area.center() - QPoint(size.width() // 2, size.height() // 2), size, area)
    middle_x = target.center().x() - size.width() // 2
    middle_y = target.center().y() - size.height() // 2
    below, above = target.bottom() + 1 + gap, target.top() - gap - size.height()
    right, left = target.right() + 1 + gap, target.left() - gap - size.width()
    if below + size.height() <= area.bottom() + 1:
        return _kept(QPoint(middle_x, below), size, area)
    if above >= area.top():
        return _kept(QPoint(middle_x, above), size, area)
    if right + size.width() <= area.right() + 1:
        return _kept(QPoint(right, middle_y), size, area)
    if left >= area.left():
        return _kept(QPoint(left, middle_y), size, area)
    return _kept(QPoint(middle_x, target.bottom() - gap - size.height()), size, area)


def _kept(corner: QPoint, size: QSize, area: QRect) -> QPoint:
    x = min(max(corner.x(), area.left()), max(area.right() + 1 - size.width(), area.left()))
    y = min(max(corner.y(), area.top()), max(area.bottom() + 1 - size.height(), area.top()))
    return QPoint(x, y)
