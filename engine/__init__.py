"""The science: from clips to a talking twin, as functions over plain data and jobs that yield events.

Media, head models, tracking, Gaussians, speech, emotion, training, rendering and metrics live here, one folder each.
No window, no OpenGL, no printing, no project files enter: whatever a person must read is an event or a `UserError`.
"""
