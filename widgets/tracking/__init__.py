"""What the tracker saw: a dialog with the tracked head over every frame of a clip.

It takes pictures from whoever reads tracks, draws nothing of the head itself, and does all reading off the window's
thread.
"""

from emotalker.widgets.tracking.dialog import TrackedClip, TrackingDialog

__all__ = ["TrackedClip", "TrackingDialog"]
