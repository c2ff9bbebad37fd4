"""Small widgets that every page uses: toasts, cards, sliders, lights, questions.

Each is made from plain values, emits signals, and knows nothing of projects. What only one page needs lives with it.
"""

from emotalker.widgets.common.busy import Busy
from emotalker.widgets.common.buttons import IconButton, close_buttons
from emotalker.widgets.common.cards import Card, EmptyState
from emotalker.widgets.common.confirm import confirm
from emotalker.widgets.common.errors import ErrorDialog
from emotalker.widgets.common.flow import FlowLayout
from emotalker.widgets.common.labels import IconLabel, TrafficLight, WrapLabel
from emotalker.widgets.common.slider import LabelledSlider
from emotalker.widgets.common.toasts import Toast, ToastStack

__all__ = [
    "Busy",
    "Card",
    "EmptyState",
    "ErrorDialog",
    "FlowLayout",
    "IconButton",
    "IconLabel",
    "LabelledSlider",
    "Toast",
    "ToastStack",
    "TrafficLight",
    "WrapLabel",
    "close_buttons",
    "confirm",
]
