"""The train page and the job bar: what a training costs, how it goes, and what the twin looks like meanwhile.

Everything here shows what it is told and emits signals. Words, trends and the reading of earlier runs know no Qt;
pyqtgraph comes only when a plot is first shown.
"""

from emotalker.widgets.training.job_bar import JobBar
from emotalker.widgets.training.log_view import LogView
from emotalker.widgets.training.metric_cards import MetricCards
from emotalker.widgets.training.page import TrainPage
from emotalker.widgets.training.presets import PresetChoice, PresetChooser
from emotalker.widgets.training.previews import PreviewStrip
from emotalker.widgets.training.stage_list import StageList

__all__ = [
    "JobBar",
    "LogView",
    "MetricCards",
    "PresetChoice",
    "PresetChooser",
    "PreviewStrip",
    "StageList",
    "TrainPage",
]
