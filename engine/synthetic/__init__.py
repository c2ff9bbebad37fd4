"""The built-in sample person: rendered from the head model with known expressions, hence also ground truth for tests.

Skin, hair, eyes and lips are procedural; no one's face and no recorded data are used.
Clips leave as ordinary video files, so that the rest of the program treats them like anyone's.
"""
