"""The dialog behind "New twin": the person, their clips, their consent.

It describes a project and makes none; what it says is checked while it is typed.
"""

from emotalker.widgets.newproject.dialog import NewProjectDialog
from emotalker.widgets.newproject.wanted import NewClip, NewProject

__all__ = ["NewClip", "NewProject", "NewProjectDialog"]
