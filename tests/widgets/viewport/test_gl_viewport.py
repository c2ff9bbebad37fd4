"""OpenGL: the same picture as the processor's, in a window and without one, and a way back when it fails."""

from __future__ import annotations

import ctypes
import ctypes.util
from collections.abc import Callable, Iterator
from pathlib import Path

import moderngl
import numpy as np
import pytest
from PySide6.QtGui import QImage
from pytestqt.qtbot import QtBot

from emotalker.engine.bench.scene import head_blob
from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.cpu.pipeline import GaussianArrays
from emotalker.engine.gaussians.cpu.playback import PlaybackRenderer, arrays_of
from emotalker.engine.playback import Frame
from emotalker.widgets.viewport import Viewport, best_backend, probe_backends
from emotalker.widgets.viewport.backends import BackendChoice, gl_renderer, judge_gl
from emotalker.widgets.viewport.gl_canvas import GLCanvas
from emotalker.widgets.viewport.gl_splats import GLSplats

FrameMaker = Callable[..., Frame]
GOLDEN = Path(__file__).resolve().parents[4] / "shared" / "data" / "golden"


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Decibels between two byte pictures."""
    error = np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def rgb(image: QImage) -> np.ndarray:
    """u8 [H, W, 3] of a QImage."""
    same = image.convertToFormat(QImage.Format.Format_RGBA8888)
    return np.frombuffer(same.constBits(), np.uint8).reshape(same.height(), same.width(), 4)[..., :3].copy()


@pytest.fixture
def splats() -> Iterator[GLSplats]:
    """A renderer on a context without a window."""
    try:
        context = moderngl.create_context(standalone=True, require=330, backend="egl")
    except Exception as error:
        pytest.skip(f"no OpenGL without a window here: {error}")
    made = GLSplats(context)
    yield made
    made.release()
    context.release()
    # the released context stays current in this thread, and windows of other tests could not draw
    ctypes.CDLL(ctypes.util.find_library("EGL")).eglReleaseThread()


@pytest.fixture
def gl_viewport(viewport: Viewport, qtbot: QtBot) -> Viewport:
    """A viewport that draws by OpenGL."""
    if gl_renderer() is None:
        pytest.skip("this display has no OpenGL 3.3")
    viewport.set_backend("gl")
    assert viewport.backend == "gl"
    return viewport


def test_parity_on_a_head(splats: GLSplats) -> None:
    """At least 50 dB against the processor's renderer, over a noisy background, for several sizes in turn."""
    for count, size in ((5000, 200), (300, 64), (6000, 200)):
        gaussians, camera = head_blob(count, size)
        arrays = arrays_of(gaussians)
        background = np.random.default_rng(0).integers(0, 256, (size, size, 3), np.uint8)
        splats.prepare(arrays, camera, background)
        assert psnr(splats.image(), PlaybackRenderer().render(arrays, camera, background)) >= 50


@pytest.mark.data
@pytest.mark.parametrize("case", ["tiny", "basic"])
def test_parity_on_golden_cases(splats: GLSplats, case: str) -> None:
    """Colours that change with the direction and pictures that are not square agree too."""
    file = GOLDEN / f"{case}_case.safetensors"
    if not file.exists():
        pytest.skip(f"{file} is not there")
    from safetensors.numpy import load_file

    data = load_file(file)
    height, width = data["out_img"].shape[:2]
    view = np.eye(4, dtype=np.float32)
    view[:3, 3] = -0.123, -0.456, 8.0
    focal = width / 2
    intrinsics = np.array([[focal, 0, width / 2], [0, focal, height / 2], [0, 0, 1]], np.float32)
    camera = Camera(view, intrinsics, width, height)
    names = ("means", "quats", "scales", "opacities", "coeffs")
    arrays = GaussianArrays(*(np.ascontiguousarray(data[name], np.float32) for name in names))
    black = np.zeros((height, width, 3), np.uint8)
    splats.prepare(arrays, camera, black)
    golden = (data["out_img"][..., :3].clip(0, 1) * 255 + 0.5).astype(np.uint8)
    assert psnr(splats.image(), golden) >= 50


def test_no_gaussians_show_the_background(splats: GLSplats) -> None:
    """Exactly, also where a row of bytes is no multiple of four."""
    _, camera = head_blob(1, 37)
    background = np.random.default_rng(0).integers(0, 256, (37, 37, 3), np.uint8)
    splats.prepare(None, camera, background)
    assert np.array_equal(splats.image(), background)
    with pytest.raises(ValueError, match="background"):
        splats.prepare(None, camera, background[:-1])


def test_the_window_shows_what_the_processor_would(gl_viewport: Viewport, frames: FrameMaker, qtbot: QtBot) -> None:
    """The right way up, in its place, reported once; a screenshot gives the frame's own pixels."""
    seen: list[int] = []
    gl_viewport.presented.connect(lambda serial, _: seen.append(serial))
    frame = frames(gl=True, size=240)
    gl_viewport.present(frame)
    qtbot.waitUntil(lambda: seen == [frame.serial])
    expected = PlaybackRenderer().render(frame.arrays, frame.camera, frame.background)
    assert psnr(rgb(gl_viewport.screenshot()), expected) >= 50
    canvas = gl_viewport.findChild(GLCanvas)
    shown = rgb(canvas.grabFramebuffer())
    assert psnr(shown[:, 40:280], expected) >= 50
    assert (shown[:, :40] == shown[0, 0]).all()
    gl_viewport.repaint()
    assert seen == [frame.serial]


def test_switching_keeps_the_picture(gl_viewport: Viewport, frames: FrameMaker, qtbot: QtBot) -> None:
    """Back and forth while frames come, each reported once, the right kind of canvas each time."""
    seen: list[int] = []
    gl_viewport.presented.connect(lambda serial, _: seen.append(serial))
    sent = []
    for backend in ("gl", "cpu", "gl", "cuda"):
        gl_viewport.set_backend(backend)
        frame = frames(gl=backend == "gl")
        sent.append(frame.serial)
        gl_viewport.present(frame)
        qtbot.waitUntil(lambda: seen == sent)
        assert rgb(gl_viewport.screenshot()).shape == (96, 96, 3)
    assert gl_viewport.backend == "cuda"


def test_a_new_context_starts_again(gl_viewport: Viewport, frames: FrameMaker, qtbot: QtBot) -> None:
    """Moved into another window the widget loses its context, and shows the frame again with the next one."""
    from PySide6.QtWidgets import QVBoxLayout, QWidget

    gl_viewport.present(frames(gl=True))
    qtbot.waitUntil(lambda: not gl_viewport.screenshot().isNull())
    other = QWidget()
    qtbot.addWidget(other)
    other.resize(400, 300)
    QVBoxLayout(other).addWidget(gl_viewport)
    with qtbot.waitExposed(other):
        other.show()
    frame = frames(gl=True)
    with qtbot.waitSignal(gl_viewport.presented):
        gl_viewport.present(frame)
    expected = PlaybackRenderer().render(frame.arrays, frame.camera, frame.background)
    assert psnr(rgb(gl_viewport.screenshot()), expected) >= 50
    assert gl_viewport.backend == "gl"
    gl_viewport.release()
    gl_viewport.setParent(None)


def test_when_opengl_fails_the_processor_takes_over(gl_viewport: Viewport, frames: FrameMaker, qtbot: QtBot) -> None:
    """A frame that OpenGL chokes on ends in a sentence and a working picture, not in a black hole."""
    broken = frames(gl=True)
    object.__setattr__(broken, "background", broken.background[:-1])
    with qtbot.waitSignal(gl_viewport.backend_failed) as failed:
        gl_viewport.present(broken)
    assert "processor" in failed.args[0]
    assert gl_viewport.backend == "cpu"
    frame = frames()
    with qtbot.waitSignal(gl_viewport.presented):
        gl_viewport.present(frame)
    assert np.array_equal(rgb(gl_viewport.screenshot()), frame.image)


def test_unknown_backends_are_refused(viewport: Viewport) -> None:
    """A typing mistake in the settings must not end in nothing."""
    with pytest.raises(ValueError, match="metal"):
        viewport.set_backend("metal")


@pytest.mark.parametrize(
    ("renderer", "available"),
    [
        ("llvmpipe (LLVM 15.0.6, 256 bits)", False),
        ("GDI Generic", False),
        ("Google SwiftShader", False),
        (None, False),
        ("NVIDIA GeForce RTX 4070/PCIe/SSE2", True),
        ("AMD Radeon 780M (radeonsi)", True),
        ("Apple M2", True),
    ],
)
def test_software_is_told_from_cards(renderer: str | None, available: bool) -> None:
    """Only a real card is offered by itself, and the reason is a sentence."""
    choice = judge_gl(renderer)
    assert choice.available is available
    assert choice.works is (renderer is not None)
    assert choice.reason.endswith(".")


def test_probing_loads_no_torch_and_finds_the_processor(qapp: object) -> None:
    """The list names all three; without a card the processor is chosen."""
    choices = probe_backends()
    assert [choice.name for choice in choices] == ["cpu", "gl", "cuda"]
    assert choices[0].available
    assert best_backend([c for c in choices if c.name == "cpu"]) == "cpu"
    card = BackendChoice("gl", "", True, "")
    assert best_backend([choices[0], card]) == "gl"


def test_without_opengl_the_processor_goes_on(
    viewport: Viewport, frames: FrameMaker, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked for where there is none, OpenGL is refused in a sentence and the picture stays."""
    monkeypatch.setattr("emotalker.widgets.viewport.viewport.gl_renderer", lambda: None)
    viewport.set_backend("cuda")
    frame = frames()
    viewport.present(frame)
    with qtbot.waitSignal(viewport.backend_failed) as failed:
        viewport.set_backend("gl")
    assert failed.args[0].startswith("The system offers no OpenGL")
    assert viewport.backend == "cpu"
    assert np.array_equal(rgb(viewport.screenshot()), frame.image)
