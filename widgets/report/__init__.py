"""How good the twin is, in words first: findings, tables and pictures of a report.

The widgets take a report as plain data and the folder with its pictures; who judges the twin is not known here.
"""

from emotalker.widgets.report.page import ReportPage, ReportState

__all__ = ["ReportPage", "ReportState"]
