"""The body of the sample person: the built-in head with a hair cap, shoulders and a shirt, posed and painted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from emotalker.engine.camera import Camera
from emotalker.engine.head.default import load_default_head, load_default_torso
from emotalker.engine.head.model import JOINTS, axis_angle_to_matrix
from emotalker.engine.render.mesh import rasterize_mesh, vertex_normals
from emotalker.engine.synthetic.appearance import (
    CLOTH,
    FALL,
    HAIR,
    SKIN,
    default_lights,
    default_palette,
    shade,
)
from emotalker.engine.synthetic.hair import fitted_to, hair_cap, hair_fall
from emotalker.engine.synthetic.materials import cavity_of, materials_of

F32 = NDArray[np.float32]
SHIRT_GAP = 0.0022
DISTANCE = 1.1
HEAD = JOINTS.index("head")
FIELD = 0.42


@dataclass(frozen=True)
class Pose:
    """One frame of the sample person; see `Track` for the fields' units."""

    psi: F32
    jaw: F32
    neck: F32
    eyes: F32
    root_rotation: F32
    root_translation: F32


def sample_camera(size: int) -> Camera:
    """The fixed camera of the sample clips: 1.1 m in front, head and shoulders in a square picture of `size` pixels."""
    view = np.diag([1.0, -1.0, -1.0, 1.0])
    view[:3, 3] = [0.0, 0.005, DISTANCE]
    focal = size * DISTANCE / FIELD
    K = np.array([[focal, 0, size / 2], [0, focal, size / 2], [0, 0, 1]])
    return Camera(view.astype(np.float32), K.astype(np.float32), size, size)


class SampleBody:
    """A person that exists nowhere, made of the built-in head; poses and paints itself.

    Args:
        identity: coefficients of the built-in head [I].
        palette: colours of skin, iris, hair and cloth [4, 3]; None for the standard ones.
    """

    def __init__(self, identity: F32, palette: F32 | None = None) -> None:
        self.head = load_default_head()
        self.identity = torch.from_numpy(np.asarray(identity, np.float32))
        self.palette = default_palette() if palette is None else palette
        self._lights = default_lights()
        faces = self.head.triangles
        rest = self.head.template.numpy()
        self._hair_source, hair_faces, self._hair_offset = hair_cap(rest, faces, self.head.regions["ears"])
        torso, torso_faces = load_default_torso()
        with torch.no_grad():
            shaped, self._joints = self.head.shape(self.identity)
        ring = np.nonzero(self.head.regions["neck_ring"])[0]
        torso = _follow_ring(torso, rest[ring], shaped.numpy()[ring] - rest[ring])
        shirt = torso + SHIRT_GAP * vertex_normals(torso, torso_faces)
        fall, fall_faces = hair_fall()
        self._fall = fitted_to(fall, rest, shaped.numpy())
        count = len(rest)
        hair_at, fall_at = count, count + len(self._hair_source)
        torso_at = fall_at + len(fall)
        parts: list[NDArray[np.integer]] = [
            faces,
            hair_faces + hair_at,
            fall_faces + fall_at,
            torso_faces + torso_at,
            torso_faces + torso_at + len(torso),
        ]
        self.triangles = np.concatenate(parts).astype(np.int32)
        self._static = np.concatenate([torso, shirt]).astype(np.float32)
        self._rest = np.concatenate([rest, rest[self._hair_source], fall, torso, shirt]).astype(np.float32)
        added = np.repeat(np.array([HAIR, FALL, SKIN, CLOTH], np.int8), [len(p) for p in parts[1:]])
        self._kinds = np.concatenate([materials_of(self.head), added])
        self._cavity = np.concatenate([cavity_of(self.head), np.zeros(len(self._rest) - count, np.float32)])
        self._eyes = self.head.joints[4:].numpy()

    def vertices(self, pose: Pose) -> tuple[F32, F32]:
        """World positions of everything [n, 3], and of the head's own vertices in the world [V, 3], metres."""
        with torch.no_grad():
            tensors = [
                torch.from_numpy(np.asarray(x, np.float32)[None]) for x in (pose.psi, pose.jaw, pose.neck, pose.eyes)
            ]
            head = self.head.forward(self.identity, *tensors)[0].numpy()
            bone = self.head.bone_transforms(self._joints, *tensors[1:])[0, HEAD].numpy()
            turn = axis_angle_to_matrix(torch.from_numpy(np.asarray(pose.root_rotation, np.float32))).numpy()
        normals = vertex_normals(head, self.head.triangles)[self._hair_source]
        hair = head[self._hair_source] + normals * self._hair_offset[:, None]
        fall = self._fall @ bone[:, :3].T + bone[:, 3]
        everything = np.concatenate([head, hair, fall, self._static]) @ turn.T + pose.root_translation
        return everything.astype(np.float32), everything[: len(head)].astype(np.float32)

    def paint(self, vertices: F32, camera: Camera, background: F32, oversample: int = 2) -> tuple[F32, F32]:
        """The picture [H, W, 3] in [0, 1] over `background` [H, W, 3], and the person's coverage [H, W]."""
        fine = camera.resized(camera.width * oversample, camera.height * oversample)
        frame = rasterize_mesh(vertices, self.triangles, fine)
        normals = vertex_normals(vertices, self.triangles)
        image = shade(
            frame, self.triangles, self._kinds, self._rest, normals, self._cavity, self._eyes, self.palette,
            self._lights, np.array(background, np.float32),
        )  # fmt: skip
        blocks = frame.mask.reshape(camera.height, oversample, camera.width, oversample)
        return image, blocks.mean((1, 3), dtype=np.float32)


def _follow_ring(torso: F32, ring: F32, moved: F32) -> F32:
    """The torso with its neck opening moved to a person's collar [r, 3] by `moved` [r, 3], fading over 8 cm."""
    distance, nearest = cKDTree(ring).query(torso, k=3)
    share = 1 / np.maximum(distance, 1e-6)
    step = (moved[nearest] * (share / share.sum(1, keepdims=True))[..., None]).sum(1)
    return (torso + step * np.exp(-((distance[:, :1] / 0.08) ** 2))).astype(np.float32)
