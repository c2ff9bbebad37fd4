"""A fitted head drawn over its frame, to be looked at by people."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from emotalker.engine.camera import Camera
from emotalker.engine.head.model import HeadModel, axis_angle_to_matrix
from emotalker.engine.render.mesh import render_shaded
from emotalker.engine.tracking.track import Subject, Track

U8 = NDArray[np.uint8]
SEEN, FITTED = (0, 230, 60), (255, 40, 40)


def posed_vertices(head: HeadModel, subject: Subject, track: Track, frame: int) -> NDArray[np.float32]:
    """Vertices [V, 3] of the tracked head in world space, metres."""
    one = slice(frame, frame + 1)
    arrays = (track.psi, track.jaw, track.neck, track.eyes)
    with torch.no_grad():
        local = head.forward(torch.from_numpy(subject.identity), *(torch.from_numpy(a[one].copy()) for a in arrays))[0]
        turn = axis_angle_to_matrix(torch.from_numpy(track.root_rotation[frame].copy()))
        world = local @ turn.T + torch.from_numpy(track.root_translation[frame].copy())
    return np.asarray(world.numpy(), np.float32)


def draw(head: HeadModel, subject: Subject, track: Track, frame: int, rgb: U8) -> U8:
    """The frame with landmarks (seen green, fitted red) beside the frame with the mesh half transparent.

    Args:
        head: the head model.
        subject: the person.
        track: the clip.
        frame: index into the track.
        rgb: its crop u8 [S, S, 3].

    Returns:
        u8 [S, 2 S, 3].
    """
    side = rgb.shape[0]
    camera: Camera = subject.camera.resized(side, side)
    world = posed_vertices(head, subject, track, frame)
    colours = np.full((len(world), 3), 0.8, np.float32)
    colours[head.regions["ears"]] = (0.5, 0.8, 0.95)
    colours[head.regions["lips"]] = (0.95, 0.5, 0.5)
    colours[head.regions["eyes"]] = (0.95, 0.95, 0.6)
    picture, seen = render_shaded(world, head.triangles, colours, camera)
    blend = rgb.astype(np.float32)
    blend[seen.mask] = 0.45 * blend[seen.mask] + 0.55 * 255 * picture[seen.mask]
    dots = rgb.copy()
    corners = world[head.triangles[head.landmark_triangles]]
    fitted = camera.project((corners * head.landmark_barycentrics[..., None]).sum(1))
    for points, colour in ((track.landmarks[frame] * (side / track.size), SEEN), (fitted, FITTED)):
        for x, y in points:
            cv2.circle(dots, (round(float(x) - 0.5), round(float(y) - 0.5)), 1, colour, -1, cv2.LINE_AA)
    return np.concatenate([dots, blend.clip(0, 255).astype(np.uint8)], 1)
