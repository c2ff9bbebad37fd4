"""Photometric refinement of tracks: the fitted Gaussians are drawn over each frame and the pose moved until they fit.

The fitted head is read and never changed; held-out clips are refined like all others, which is what tracking means.
Whoever wants a clip's best track asks `emotalker.engine.tracking.refined`.
"""
