"""The about dialog: version, what the program is, and the licences of everything in it."""

from emotalker.widgets.about.dialog import AboutDialog
from emotalker.widgets.about.licences import Licence, model_licences, package_licences, texts

__all__ = ["AboutDialog", "Licence", "model_licences", "package_licences", "texts"]
