"""How far rendered pictures are from recorded ones, its exact gradient, and what its curvature is about."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from emotalker.engine.camera import Camera
from emotalker.engine.gaussians.blendshapes import GaussianBlendshapes
from emotalker.engine.refining.kernel import difference
from emotalker.engine.refining.pose import Unknowns, world_transforms
from emotalker.engine.render.rasterizer import rasterize
from emotalker.engine.training.loss.losses import compose, relight

TOLERANCE = 0.1
"""Difference of colours beyond which a pixel counts as something the twin cannot show, and pulls less."""
PROBE_PSI = 0.03
PROBE_POSE = [0.006] * 3 + [0.01] * 4 + [0.004] * 3 + [5e-4, 5e-4, 2e-3] + [0.01] * 3
"""How far an unknown is moved when the curvature is measured: about half a pixel."""


@dataclass(frozen=True)
class Recorded:
    """What one frame shows, at the size of the camera.

    Attributes:
        image: [S, S, 3] in [0, 1].
        importance: weight of each pixel [S, S].
    """

    image: Tensor
    importance: Tensor

    def halved(self) -> Recorded:
        """The same at half the size."""
        return Recorded(_halved(self.image), _halved(self.importance[..., None])[..., 0])


class PictureTerm:
    """The difference between the fitted Gaussians over a clip's plate and its recorded frames.

    The Gaussians are fixed: nothing here changes them, whatever clip is looked at.

    Args:
        shapes: the fitted head of stage 1.
        joints: rest joints of the person [6, 3].
        camera: at the size of the pictures.
        plate: background [S, S, 3].
        lighting: colour transform of the clip [3, 4].
        weight: of a squared colour difference of 1 in one pixel of a 256-pixel picture.
    """

    def __init__(
        self, shapes: GaussianBlendshapes, joints: Tensor, camera: Camera, plate: Tensor, lighting: Tensor,
        weight: float,
    ) -> None:  # fmt: skip
        self.shapes, self.joints, self.camera, self.plate, self.lighting = shapes, joints, camera, plate, lighting
        self.given_weight = weight
        self.weight = weight * (256 / camera.width) ** 2
        self._still = torch.eye(3, 4)

    def halved(self) -> PictureTerm:
        """The same at half the size."""
        camera = self.camera.resized(self.camera.width // 2, self.camera.height // 2)
        return PictureTerm(self.shapes, self.joints, camera, _halved(self.plate), self.lighting, self.given_weight)

    def render(self, psi: Tensor, world: Tensor) -> tuple[Tensor, Tensor]:
        """Unlit premultiplied colours [S, S, 3] and alpha [S, S] of an expression [K] under transforms [6, 3, 4]."""
        result = rasterize(self.shapes.posed(psi, world, self._still), self.camera, backend="cpu")
        return result.rgb, result.alpha

    def unlit(self, unknowns: Unknowns, frame: int) -> tuple[Tensor, Tensor]:
        """Premultiplied colours [S, S, 3] and alpha [S, S] of a frame, without the clip's light."""
        with torch.no_grad():
            one = unknowns[frame : frame + 1]
            world = world_transforms(one, one.step(), self.joints, self.camera)[0]
            return self.render(one.head.psi[0], world)

    def picture(self, unknowns: Unknowns, frame: int) -> Tensor:
        """The rendered frame over the plate [S, S, 3]."""
        rgb, alpha = self.unlit(unknowns, frame)
        return compose(relight(rgb, alpha, self.lighting), alpha, self.plate)

    def term(self, unknowns: Unknowns, frame: int, recorded: Recorded) -> tuple[float, Tensor]:
        """Cost of one frame, and half its gradient by a step [K + 16]."""
        one = unknowns[frame : frame + 1]
        k = one.head.psi.shape[1]
        step = one.step().requires_grad_(True)
        psi = one.head.psi[0].clone().requires_grad_(True)
        world = world_transforms(one, step, self.joints, self.camera)[0]
        rgb, alpha = self.render(psi, world)
        light, plate, image, importance = (
            x.numpy() for x in (self.lighting, self.plate, recorded.image, recorded.importance)
        )
        cost, by_rgb, by_alpha = difference(
            rgb.detach().numpy(), alpha.detach().numpy(), light, plate, image, importance, TOLERANCE
        )
        torch.autograd.backward([rgb, alpha], [torch.from_numpy(by_rgb), torch.from_numpy(by_alpha)])
        gradient = torch.zeros(k + 16) if step.grad is None else step.grad[0].clone()
        gradient[:k] += 0 if psi.grad is None else psi.grad
        return self.weight * cost, 0.5 * self.weight * gradient

    def curvature(self, unknowns: Unknowns, frame: int, recorded: Recorded) -> Tensor:
        """J^T J of one frame's weighted picture [K + 16, K + 16], J by differences: K + 17 renders.

        It only steers the steps, so half the size of the pictures does.
        """
        one = unknowns[frame : frame + 1]
        k = one.head.psi.shape[1]
        here = self.picture(one, 0)
        root = (1 + ((here - recorded.image) / TOLERANCE).square()).sqrt()
        pull = (self.weight * recorded.importance[..., None] / root).sqrt()
        columns = []
        for column, width in enumerate([PROBE_PSI] * k + PROBE_POSE):
            step = one.step()
            step[0, column] = width
            columns.append(((self.picture(_shifted(one, step), 0) - here) / width * pull).flatten())
        rows = torch.stack(columns)
        return rows @ rows.T


def _halved(picture: Tensor) -> Tensor:
    """Means of 2 x 2 pixels of [S, S, C]; an odd last row or column is left out."""
    return torch.nn.functional.avg_pool2d(picture.permute(2, 0, 1)[None], 2)[0].permute(1, 2, 0).contiguous()


def _shifted(one: Unknowns, step: Tensor) -> Unknowns:
    """After a step, without the bounds of `moved`."""
    k = one.head.psi.shape[1]
    out = one.moved(step)
    head = replace(out.head, psi=one.head.psi + step[:, :k], jaw=one.head.jaw + step[:, k : k + 3])
    return Unknowns(head, out.trunk)
