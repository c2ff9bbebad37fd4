"""Data that ships with the program: the head model, presets, texts. Read through `importlib.resources`, never by path.

Code does not enter; what made a file is a script in the room that uses it.
"""
