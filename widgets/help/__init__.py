"""Help that is read beside the work: the sheet of all keys. It is given its rows and knows no action itself."""

from emotalker.widgets.help.cheat_sheet import CheatSheet

__all__ = ["CheatSheet"]
