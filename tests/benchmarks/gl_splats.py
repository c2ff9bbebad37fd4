"""Frames per second of the renderers for cards: OpenGL without a window (EGL), and gsplat where CUDA works.

Run: python tests/benchmarks/gl_splats.py [--count 50000] [--size 512] [--frames 200]. Every frame has new Gaussians, so
sorting, uploading and drawing are all in the figure; "drawing alone" waits for the card to finish one prepared frame.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable

import moderngl
import numpy as np
import torch

from emotalker.engine.bench.scene import head_blob
from emotalker.engine.gaussians.cpu import PlaybackRenderer
from emotalker.engine.gaussians.cpu.playback import arrays_of
from emotalker.engine.gaussians.cuda import probe_cuda, rasterize_cuda
from emotalker.engine.gaussians.packing import QuadPacker
from emotalker.widgets.viewport.gl_splats import GLSplats

WARM = 5


def milliseconds(work: Callable[[], object], frames: int) -> float:
    """Median time of one call."""
    times = []
    for index in range(frames + WARM):
        before = time.perf_counter()
        work()
        if index >= WARM:
            times.append(time.perf_counter() - before)
    return float(np.median(times)) * 1e3


def measure_gl(count: int, size: int, frames: int) -> dict[str, object]:
    """OpenGL by EGL, and how near it comes to the processor's picture."""
    gaussians, camera = head_blob(count, size)
    arrays, background = arrays_of(gaussians), np.full((size, size, 3), 128, np.uint8)
    try:
        context = moderngl.create_context(standalone=True, require=330, backend="egl")
    except Exception as error:
        return {"error": f"no OpenGL by EGL: {error}"}
    splats, packer = GLSplats(context), QuadPacker()

    def frame() -> None:
        splats.prepare(arrays, camera, background)
        context.finish()

    pack = milliseconds(lambda: packer.pack(arrays, camera), frames)
    whole = milliseconds(frame, frames)
    error = np.mean((splats.image().astype(float) - PlaybackRenderer().render(arrays, camera, background)) ** 2)
    result = {
        "renderer": context.info["GL_RENDERER"],
        "fps": round(1e3 / whole, 1),
        "frame_ms": round(whole, 2),
        "pack_ms": round(pack, 2),
        "psnr_to_cpu": round(float(10 * np.log10(255**2 / max(error, 1e-9))), 1),
    }
    splats.release()
    context.release()
    return result


def measure_gsplat(count: int, size: int, frames: int) -> dict[str, object]:
    """Gsplat to bytes in main memory, as the viewport needs them."""
    state = probe_cuda()
    if not state.ok:
        return {"error": state.reason}
    gaussians, camera = head_blob(count, size)
    device, background = gaussians.to("cuda"), torch.full((size, size, 3), 0.5, device="cuda")

    def frame() -> torch.Tensor:
        with torch.inference_mode():
            render = rasterize_cuda(device, camera)
            picture = render.rgb + (1 - render.alpha[..., None]) * background
            return (picture.clamp(0, 1) * 255 + 0.5).to(torch.uint8).cpu()

    whole = milliseconds(frame, frames)
    return {"renderer": state.reason, "fps": round(1e3 / whole, 1), "frame_ms": round(whole, 2)}


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=50_000)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--frames", type=int, default=200)
    asked = parser.parse_args()
    given = asked.count, asked.size, asked.frames
    print(json.dumps({"gaussians": asked.count, "size": asked.size, "gl": measure_gl(*given)}))
    print(json.dumps({"gaussians": asked.count, "size": asked.size, "gsplat": measure_gsplat(*given)}))


if __name__ == "__main__":
    main()
