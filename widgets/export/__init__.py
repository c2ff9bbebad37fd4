"""Films: the dialog that asks what a film shall be like, and the page with those being written and written before.

These widgets know formats and sizes; whether a film may be written at all, and the writing, is the application's.
"""

from emotalker.widgets.export.dialog import ExportDialog
from emotalker.widgets.export.page import ExportPage, FilmRow
from emotalker.widgets.export.settings import ExportFacts, ExportSettings

__all__ = ["ExportDialog", "ExportFacts", "ExportPage", "ExportSettings", "FilmRow"]
