"""What a project takes on the disk, and the choice of what to delete.

The page shows items and asks for deletion by a signal; it deletes nothing itself.
"""

from emotalker.widgets.storage.page import StoragePage

__all__ = ["StoragePage"]
