"""The trainers of stage 1 and stage 2 and what they share: losses, checkpoints, densification.

Each trainer is one readable function that yields events, stops when asked and resumes to the same numbers.
Neither viewers nor project files enter: frames, a head and an output folder do.
"""
