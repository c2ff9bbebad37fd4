"""Settings of the two Gaussian stages; each is written into its run folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from emotalker.engine.emotion.deformation import DeformationConfig
from emotalker.engine.refining.config import RefineConfig


@dataclass(frozen=True)
class Stage1Config:
    """How the neutral head is fitted.

    Attributes:
        steps: optimiser steps, one frame each.
        count: Gaussians at the start.
        most: Gaussians densification may grow to.
        more_on_cuda: factor of `count` and `most` on a CUDA card.
        size: side of the training image in pixels.
        degree: degree of the spherical harmonics; one viewpoint needs none.
        seed: seed of everything random.
        lr_means: step of positions at the start, metres; falls a hundredfold.
        lr_sh: step of colours.
        lr_opacity: step of logit opacities.
        lr_scale: step of log-scales.
        lr_quats: step of quaternions.
        lr_delta_means: step of the learned position deltas, metres.
        lr_delta: step of the other learned deltas, relative to the base ones.
        lr_lighting: step of the clips' colour transforms.
        weight_ssim: share of D-SSIM in the picture loss.
        weight_matte: weight of (alpha - matte)^2.
        weight_mouth: how much more a pixel of the mouth counts.
        weight_teeth: pull of teeth Gaussians to where they were sampled, per square millimetre.
        weight_home: the same of all others.
        weight_colour: pull of colours to the first ones, per squared SH coefficient.
        weight_scale: penalty on Gaussians longer than their neighbours are apart, per squared log-scale.
        densify_from: first step that adds Gaussians, as a share of the steps.
        densify_until: last one.
        densify_every: steps between.
        densify_share: largest share of the Gaussians doubled at a time.
        densify_gradient: smallest screen-space gradient (of normalised coordinates) that asks for more detail.
        prune_opacity: Gaussians fainter than this are removed.
        learned_bases: learn this many mixtures of expressions instead of a delta for each (see `bases`); None for each.
        correct: which parts of the tracks the fit may correct on its training frames (see `corrections.GROUPS`).
        correct_from: first step that does, as a share of the steps.
        weight_correct: weight of the corrections' regulariser.
        hardest: most that a frame is learned from, as a multiple of an even share; 1 takes all equally often.
        refine_at: share of the steps after which the training tracks are refined, where `refine` refines at all.
        refine: how the tracks of all clips are refined with the fitted head at the end.
        checkpoint_seconds: seconds between checkpoints.
        preview_every: steps between preview pictures.
    """

    steps: int = 6000
    count: int = 10_000
    most: int = 12_000
    more_on_cuda: float = 1.0
    size: int = 256
    degree: int = 0
    seed: int = 0
    lr_means: float = 1.6e-4
    lr_sh: float = 5e-3
    lr_opacity: float = 0.03
    lr_scale: float = 5e-3
    lr_quats: float = 2e-3
    lr_delta_means: float = 5e-6
    lr_delta: float = 0.3
    lr_lighting: float = 1e-3
    weight_ssim: float = 0.2
    weight_matte: float = 1.0
    weight_mouth: float = 2.0
    weight_teeth: float = 0.01
    weight_home: float = 1e-3
    weight_scale: float = 1e-2
    weight_colour: float = 1e-2
    densify_from: float = 0.1
    densify_until: float = 0.6
    densify_every: int = 300
    densify_share: float = 0.05
    densify_gradient: float = 2e-4
    prune_opacity: float = 0.005
    learned_bases: int | None = None
    correct: tuple[str, ...] = ("neck", "root_rotation", "root_translation")
    correct_from: float = 0.1
    weight_correct: float = 1e-4
    hardest: float = 3.0
    refine_at: float = 0.5
    refine: RefineConfig = field(default_factory=RefineConfig)
    checkpoint_seconds: float = 60.0
    preview_every: int = 1000


@dataclass(frozen=True)
class Stage2Config:
    """How the emotional deformation is trained.

    Attributes:
        steps: optimiser steps.
        batch: frames per step.
        size: side of the training image in pixels.
        seed: seed of everything random.
        lr: learning rate at the start; it falls tenfold (paper: 1e-4 to 1e-5).
        weight_rgb: weight of the L1 picture loss (Eq. 13).
        weight_dssim: weight of 1 - SSIM.
        weight_vgg: weight of the VGG feature loss (Eq. 14).
        weight_flame: weight of the head-model loss (Eqs. 15-16).
        weight_mouth: how much more a pixel of the mouth counts.
        vgg_crop: side of the face crop the VGG loss sees, pixels.
        vgg_every: steps between VGG losses, whose weight is raised by as much.
        weight_steady: weight of the change of offsets from one frame to the next, in shares of their limits, squared.
        steady_every: steps between looks at the next frame, whose weight is raised by as much.
        driven: share of the frames whose expression comes from the audio instead of the tracker, so that the network
            learns to repair what A2ET gives it.
        blank_labels: share of the frames that are shown without emotion and level, so that the network knows what to do
            for emotions that were never recorded.
        deformation: the network.
        without_egd: ablation, stage 1 alone.
        without_a2et: ablation, tracked expression instead of A2ET's.
        without_ngi: ablation, grey Gaussians as sampled on the head instead of stage 1's; all they learn are offsets.
        grey_count: how many of those.
        checkpoint_seconds: seconds between checkpoints.
        preview_every: steps between preview pictures.
    """

    steps: int = 2000
    batch: int = 1
    size: int = 256
    seed: int = 0
    lr: float = 1e-3
    weight_rgb: float = 1.0
    weight_dssim: float = 0.25
    weight_vgg: float = 0.1
    weight_flame: float = 1.0
    weight_mouth: float = 2.0
    vgg_crop: int = 128
    vgg_every: int = 4
    weight_steady: float = 1.0
    steady_every: int = 4
    driven: float = 0.5
    blank_labels: float = 0.15
    deformation: DeformationConfig = field(default_factory=DeformationConfig)
    without_egd: bool = False
    without_a2et: bool = False
    without_ngi: bool = False
    grey_count: int = 10_000
    checkpoint_seconds: float = 60.0
    preview_every: int = 500


PARTS = ("egd", "a2et", "null", "ngi")
"""What an ablation can leave out of stage 2, by the paper's names."""


def without(config: Stage2Config, parts: Iterable[str]) -> Stage2Config:
    """The settings with some of `PARTS` left out.

    Raises:
        KeyError: if there is no such part.
    """
    for part in parts:
        if part == "null":
            config = replace(config, deformation=replace(config.deformation, mask_null=True))
        elif part == "egd":
            config = replace(config, without_egd=True)
        elif part == "a2et":
            config = replace(config, without_a2et=True)
        elif part == "ngi":
            config = replace(config, without_ngi=True)
        else:
            raise KeyError(part)
    return config
