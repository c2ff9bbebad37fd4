"""What is seen in a clip: faces, landmarks, mattes and what disturbs them, each frame cropped and stored.

The networks here only look; nothing is fitted.
"""
