"""Live: a microphone or a growing file drives a twin while somebody speaks.

Sound and looks enter; frames leave through a callback. No window enters, and importing this package loads neither torch
nor a sound library.
"""
