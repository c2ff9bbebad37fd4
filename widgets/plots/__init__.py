"""Curves of a training: bounded series, and the widget that draws them.

This is the only place that imports pyqtgraph, and only when a plot is first shown (`canvas` is imported by
`LossPlot` then). Plots are given numbers and draw them; they know no job, no project and no file.
"""

from emotalker.widgets.plots.loss_plot import LossPlot
from emotalker.widgets.plots.series import Series, smoothed
from emotalker.widgets.plots.terms import Term, term

__all__ = ["LossPlot", "Series", "Term", "smoothed", "term"]
