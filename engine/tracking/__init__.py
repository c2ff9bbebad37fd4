"""From frames to a `Track`: face, landmarks, matte, then identity, camera, expression and pose per frame.

Also the check of clips before any long work, and the background plate. Frames are streamed, never all in memory.
The networks here only look; everything fitted is fitted with the head model.
"""
