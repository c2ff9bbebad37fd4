"""Which ways of drawing this computer offers, told in plain sentences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from PySide6.QtGui import QGuiApplication, QOffscreenSurface, QOpenGLContext, QSurfaceFormat

Backend = Literal["cpu", "gl", "cuda"]
BACKENDS: tuple[Backend, ...] = ("cpu", "gl", "cuda")
TITLES: dict[Backend, str] = {"cpu": "Processor", "gl": "Graphics card (OpenGL)", "cuda": "Graphics card (CUDA)"}
SHORT: dict[Backend, str] = {"cpu": "CPU", "gl": "OpenGL", "cuda": "CUDA"}
SOFTWARE = ("llvmpipe", "softpipe", "swiftshader", "gdi generic", "software rasterizer", "basic render", "swr")
GL_RENDERER = 0x1F01
NO_GL = "The system offers no OpenGL 3.3 on this display."


@dataclass(frozen=True)
class BackendChoice:
    """One way of drawing the twin.

    Attributes:
        name: "cpu", "gl" or "cuda".
        title: for menus.
        available: whether it is worth offering; an OpenGL drawn in software still works when it is asked for.
        reason: one plain sentence: what draws, or what is in the way.
        works: whether `Viewport.set_backend` can switch to it at all.
    """

    name: Backend
    title: str
    available: bool
    reason: str
    works: bool = True


def core_format(base: QSurfaceFormat | None = None) -> QSurfaceFormat:
    """`base`, asking for OpenGL 3.3 core without depth or stencil."""
    wanted = QSurfaceFormat(base) if base is not None else QSurfaceFormat()
    wanted.setRenderableType(QSurfaceFormat.RenderableType.OpenGL)
    wanted.setVersion(3, 3)
    wanted.setProfile(QSurfaceFormat.OpenGLContextProfile.CoreProfile)
    wanted.setDepthBufferSize(0)
    wanted.setStencilBufferSize(0)
    return wanted


def gl_renderer() -> str | None:
    """What OpenGL 3.3 calls its renderer here; None when there is none. Only from the GUI thread."""
    if QGuiApplication.platformName() in ("offscreen", "minimal", "vnc"):
        return None
    context = QOpenGLContext()
    context.setFormat(core_format())
    if not context.create():
        return None
    surface = QOffscreenSurface()
    surface.setFormat(context.format())
    surface.create()
    if not context.makeCurrent(surface):
        surface.destroy()
        return None
    got = context.format()
    name = str(context.functions().glGetString(GL_RENDERER) or "unknown")
    context.doneCurrent()
    surface.destroy()
    return name if (got.majorVersion(), got.minorVersion()) >= (3, 3) and not context.isOpenGLES() else None


def probe_gl() -> BackendChoice:
    """Whether a graphics card draws OpenGL here. Only from the GUI thread."""
    return judge_gl(gl_renderer())


def judge_gl(renderer: str | None) -> BackendChoice:
    """What a renderer's name means."""
    if renderer is None:
        return BackendChoice("gl", TITLES["gl"], False, NO_GL, works=False)
    if any(name in renderer.lower() for name in SOFTWARE):
        why = f"OpenGL is drawn in software here ({renderer}), which is slower than the program's own renderer."
        return BackendChoice("gl", TITLES["gl"], False, why)
    return BackendChoice("gl", TITLES["gl"], True, f"{renderer} draws the twin.")


def probe_cuda_choice() -> BackendChoice:
    """Whether CUDA renders here; imports torch and may compile, so not from the GUI thread."""
    from emotalker.engine.gaussians.cuda import probe_cuda

    found = probe_cuda()
    reason = f"{found.reason} draws the twin." if found.ok else found.reason
    return BackendChoice("cuda", TITLES["cuda"], found.ok, reason, works=found.ok)


def probe_backends(with_cuda: bool = False) -> list[BackendChoice]:
    """Every way of drawing, the safest first. Only from the GUI thread.

    Args:
        with_cuda: also try CUDA, which takes seconds.
    """
    cpu = BackendChoice("cpu", TITLES["cpu"], True, "The program's own renderer works on every computer.")
    unasked = BackendChoice("cuda", TITLES["cuda"], False, "Not looked for yet.", works=False)
    return [cpu, probe_gl(), probe_cuda_choice() if with_cuda else unasked]


def best_backend(choices: Sequence[BackendChoice]) -> Backend:
    """What to use when nobody chose: OpenGL on a real card, else CUDA, else the processor."""
    available = {choice.name for choice in choices if choice.available}
    order: tuple[Backend, ...] = ("gl", "cuda")
    return next((name for name in order if name in available), "cpu")
