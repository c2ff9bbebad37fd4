"""The finished twin: one self-contained folder that loads fast and poses at any time, emotion and camera.

Everything needed to play is inside it: head, Gaussians, networks, label embeddings, default background.
Training code does not enter; what trains a twin hands its result over here.
"""
