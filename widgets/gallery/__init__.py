"""All twins of the user as cards: open, make, rename, duplicate, throw away.

The page shows the cards that it is given and asks for everything by signals. Covers and sizes are read in a thread.
"""

from emotalker.widgets.gallery.card import TwinCard
from emotalker.widgets.gallery.page import GalleryPage

__all__ = ["GalleryPage", "TwinCard"]
