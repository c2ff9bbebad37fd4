"""The clips of the open project: labels, checks, what is held out, how much there is, and the consent.

The page shows the manifest that it is given and asks for changes by signals. Pictures are read in a thread.
"""

from emotalker.widgets.clips.page import ClipsPage

__all__ = ["ClipsPage"]
