"""What each figure of the report means and how it is measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def how_measured(report: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Names of figures and their definitions, with the settings of this report."""
    settings = report.get("settings", {})
    size = settings.get("size", "?")
    seconds = settings.get("passage_seconds", 10)
    lpips = f"every {settings.get('lpips_every', 10)}th frame"
    items = [
        (
            "What drives the twin",
            "The track: expression and head pose as tracked in the held-out clip (how well the face can be drawn). "
            "The voice: the clip's sound, its emotion and level; only head motion, camera and blinks are the "
            "recording's (what the twin does when it speaks).",
        ),
        ("PSNR, SSIM", f"Every frame (at most {settings.get('most_frames', 400)} of a clip), {size}x{size}, over the "
                       "clip's own background. Face, mouth and head: inside the outlines of the recorded frame."),
        ("LPIPS", f"VGG network with its published weights, {lpips}." if settings.get("lpips", True) else
                  "Left out: its weights are not on this computer."),
        ("CPBD", "Cumulative probability of blur detection (Narvekar and Karam), every tenth frame at 512x512."),
        ("M-LD, F-LD", f"Mean distance of landmarks of mouth and face from the recording's, on up to {seconds:g} "
                       "seconds of consecutive frames, in pixels at 512x512. M-LVD, F-LVD: of their motion from "
                       "frame to frame."),
        (
            "Lip-sync score",
            "Curves of the lips seen in the picture (opening, closure, rounding, by landmarks) are correlated with "
            f"those of the sound: {settings.get('listener_text', 'not recorded which')}. What changes over more than "
            "a second is taken off, the lag within 0.2 s that fits best is taken, and the correlations of the "
            "channels are averaged. The same score is given for the recording itself, and for sound that does not "
            "belong to the picture (its own sound shifted, and other clips'): chance is not zero, because the lag is "
            "free. The share in words takes that off both. It is not SyncNet's confidence.",
        ),
        (
            "AU error",
            "Mean difference of the activations (52 ARKit blendshapes) that the face landmarker sees in render and "
            "recording, in percent of their scale; upper face: brows, lids, cheeks, nose; lower face: jaw and mouth.",
        ),
        (
            "Trembling",
            "Root mean square distance of landmarks from the middle of the frames before and after, in pixels at "
            "512x512. The detector's own noise is in it, so the recording's figure is the one to reach.",
        ),
        (
            "Displacement",
            "Landmarks are laid over each other by eye corners, nose bridge and temples, which takes the head's own "
            "motion off; then the mean face at a level is compared with that at level 0.",
        ),
        ("Baselines", "Mean of the training frames of the same emotion; the training frame with the highest PSNR, "
                      "chosen by looking; the one nearest in tracked expression and pose; the tracked mesh with the "
                      "mean texture of the training frames."),
    ]  # fmt: skip
    speed = report.get("twin", {}).get("speed", {})
    if speed:
        text = (
            f"Median time between frames of the full playback path (expression, deformation, skinning, rasterization) "
            f"at {speed['size']}x{speed['size']} with {speed['gaussians']:,} Gaussians; sound heard beforehand."
        )
        items.append(("Pictures a second", text))
    lost = settings.get("frames_without_face", 0)
    if lost:
        items.append(("Left out", f"No face was found on {lost} pictures; they do not count in the figures of motion."))
    return items
