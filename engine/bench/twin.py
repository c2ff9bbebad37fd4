"""An untrained twin of the sample person: everything a trained one has, without the hours."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from emotalker.engine.a2et.model import A2ET, POSE, A2ETSpec, unpositive
from emotalker.engine.avatar import Avatar
from emotalker.engine.avatar.avatar import RestPose
from emotalker.engine.avatar.controls import METRES_TO_CODE
from emotalker.engine.avatar.emotive import Emotive
from emotalker.engine.avatar.lighting import LightTable
from emotalker.engine.emotion.deformation import DeformationConfig, EmotionalDeformation
from emotalker.engine.emotion.labels import EMOTIONS
from emotalker.engine.emotion.text import TableTextEncoder, label_embeddings
from emotalker.engine.gaussians.blendshapes import GaussianBlendshapes
from emotalker.engine.gaussians.cpu import morton_order
from emotalker.engine.gaussians.initialise import initial_blendshapes
from emotalker.engine.gaussians.surroundings import ReferenceFrame
from emotalker.engine.head.default import load_default_head
from emotalker.engine.synthetic.body import Pose, SampleBody, sample_camera
from emotalker.engine.synthetic.performance import EMOTION_FACES
from emotalker.engine.synthetic.sample import backdrop, sample_identity

SPEECH_WIDTH = 384


def sample_twin(count: int, size: int, speech_width: int = SPEECH_WIDTH, seed: int = 0) -> Avatar:
    """A twin of the sample person with about `count` Gaussians before any training.

    Its A2ET has random weights, but wears the sample's emotions.

    Args:
        count: number of Gaussians.
        size: pixels of the recordings' crop.
        speech_width: features of the speech encoder it would be trained with.
        seed: of Gaussians and network.
    """
    head, identity, camera = load_default_head(), sample_identity(), sample_camera(size)
    body, wall = SampleBody(identity), backdrop(size)
    psi, still, eyes = (np.zeros(n, np.float32) for n in (len(head.expression_names), 3, (2, 3)))
    vertices, _ = body.vertices(Pose(psi, still, still, eyes, still, still))
    image, matte = body.paint(vertices, camera, wall)
    reference = ReferenceFrame(image, matte, _bones_at_rest(), torch.eye(3, 4), torch.from_numpy(psi))
    shapes = initial_blendshapes(head, torch.from_numpy(identity), camera, reference, count, 0, seed)
    shapes = shapes.select(morton_order(shapes.base.means).numpy().astype(np.int64))
    code = np.full(12, 0.05, np.float32)
    return Avatar(
        name="Sample",
        fps=25.0,
        identity=identity,
        camera=camera,
        shapes=shapes,
        a2et=_untrained(head.expression_names, speech_width, seed),
        speech="whisper_tiny_en",
        light=LightTable(np.eye(3, 4, dtype=np.float32)[None], ("neutral",), (0.0,)),
        blink=np.full(2, 0.97, np.float32),
        rest=RestPose(still, eyes, still, still, _code_at_rest(camera.viewmat), code),
        plate=(wall * 255 + 0.5).astype(np.uint8),
        recorded=(("neutral", 0.0),),
    )


def shown(shapes: GaussianBlendshapes, count: int) -> GaussianBlendshapes:
    """Exactly `count` of the Gaussians, evenly spread over them."""
    return shapes.select(np.linspace(0, len(shapes) - 1, count).round().astype(np.int64))


def with_emotion(avatar: Avatar, config: DeformationConfig | None = None, seed: int = 0) -> Avatar:
    """The twin with an untrained stage 2 that moves it a little; the speed is that of a trained one."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        spec = avatar.a2et.spec
        network = EmotionalDeformation(
            config or DeformationConfig(), avatar.shapes, spec.expressions, spec.speech_width
        ).eval()
        with torch.no_grad():
            for parameter in network.regressors.parameters():
                parameter.normal_(std=0.02)
    return replace(avatar, emotive=Emotive(network, label_embeddings(TableTextEncoder())))


def _bones_at_rest() -> torch.Tensor:
    return torch.eye(3, 4).expand(6, 3, 4).clone()


def _code_at_rest(viewmat: np.ndarray) -> np.ndarray:
    code = viewmat[:3].astype(np.float32).copy()
    code[:, 3] *= METRES_TO_CODE
    return code.reshape(12)


def _untrained(names: tuple[str, ...], speech_width: int, seed: int) -> A2ET:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = A2ET(A2ETSpec(speech_width, len(names)))
    offsets = torch.zeros(len(EMOTIONS), len(names) + POSE)
    for e, emotion in enumerate(EMOTIONS):
        for name, amount in EMOTION_FACES[emotion].items():
            for column in (name, name + "Left", name + "Right"):
                if column in names:
                    offsets[e, names.index(column)] = amount
    neutral = torch.cat([unpositive(torch.zeros(len(names))), torch.zeros(POSE)])
    model.start_from(neutral, offsets)
    return model.eval()
