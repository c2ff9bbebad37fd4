"""The window onto the twin: `Viewport` shows frames by a plain picture or by OpenGL and lets the hand move the camera.

Canvases, the overlay over them, navigation and the probing of backends live here. It renders no twin: frames come in,
wishes for views and sizes go out. moderngl and the engine's kernels are loaded only when OpenGL is used.
"""

from emotalker.widgets.viewport.backends import (
    Backend,
    BackendChoice,
    best_backend,
    probe_backends,
    probe_cuda_choice,
    probe_gl,
)
from emotalker.widgets.viewport.viewport import Viewport

__all__ = [
    "Backend",
    "BackendChoice",
    "Viewport",
    "best_backend",
    "probe_backends",
    "probe_cuda_choice",
    "probe_gl",
]
