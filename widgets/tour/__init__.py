"""The short first-run tour: a card with a few words beside one part of the window after the other.

It lies over the window and takes no event that is not its own, so that the twin goes on playing and everything can be
used meanwhile. Texts and targets come from the application.
"""

from emotalker.widgets.tour.place import place_card
from emotalker.widgets.tour.tour import Tour, TourStep

__all__ = ["Tour", "TourStep", "place_card"]
