"""The dialog in which a report is read before it is saved. It is given texts and collects nothing itself."""

from emotalker.widgets.problem.dialog import ProblemDialog

__all__ = ["ProblemDialog"]
