"""Compile everything that playing needs, once on a machine: set-up does it, so that the first start does not wait."""

from __future__ import annotations


def warm_up() -> None:
    """Play a moment of the sample twin without a window; a minute on a new machine, a second later on.

    An installation without the sample compiles what needs no twin.

    Raises:
        UserError: if the sample is damaged.
    """
    from emotalker.engine.avatar import Avatar
    from emotalker.engine.avatar.sample import load_sample, sample_folder
    from emotalker.engine.emotion.curve import EmotionCurve
    from emotalker.engine.errors import UserError
    from emotalker.engine.gaussians import cpu

    cpu.warm_up()
    try:
        sample_folder()
    except UserError:
        return
    avatar = Avatar.load(load_sample().avatar_dir)
    controls = avatar.controls_from_speech(avatar.quiet(), EmotionCurve.constant("happy", 1.0), n_frames=2)
    cpu.PlaybackRenderer().render(avatar.arrays(controls.frame(0)), avatar.orbit(64))
