"""Emotion: its names and levels, its curve over time, words turned into vectors, and stage 2's deformation.

An emotion is weights over the fixed labels (or a text) with a continuous level from 0 to 3, never just a label.
Speech enters as features made elsewhere; rendering and files do not enter.
"""
