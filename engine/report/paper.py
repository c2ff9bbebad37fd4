"""The published figures ours stand beside, and what keeps them from being compared one to one."""

from __future__ import annotations

SOURCE = "GaussianEmoTalker, tables I and IV, as published (MEAD, self-driven, 512x512, RTX 3090)"
COLUMNS = ("FID", "FVD", "PSNR", "SSIM", "LPIPS", "CPBD", "M-LD", "M-LVD", "F-LD", "F-LVD", "SyncNet", "FPS")
BETTER = ("down", "down", "up", "up", "down", "up", "down", "down", "down", "down", "up", "up")
"""Which way is better, column by column."""

TABLE: tuple[tuple[str, tuple[float | None, ...]], ...] = (
    ("SadTalker", (49.53, 344.19, 26.56, 0.65, 0.37, 0.33, 2.66, 2.45, 3.23, 3.01, 2.56, 2.2)),
    ("EAT", (54.22, 389.74, 28.39, 0.72, 0.36, 0.41, 2.90, 2.66, 3.67, 3.33, 3.27, 2.0)),
    ("EDTalk", (64.76, 432.90, 23.43, 0.61, 0.43, 0.29, 3.11, 2.88, 3.99, 3.56, 2.93, 4.8)),
    ("GaussianBlendshapes", (32.33, 169.32, 30.78, 0.75, 0.27, 0.41, 2.57, 2.10, 3.18, 2.56, 4.34, 51.0)),
    ("EmoTaG", (27.95, 136.82, 32.22, 0.82, 0.19, 0.44, 2.41, 1.78, 3.02, 1.88, 5.08, 33.0)),
    ("paper, without A2ET", (28.54, 147.75, 31.32, 0.77, 0.25, 0.41, 2.47, 1.89, 3.13, 1.94, 4.80, None)),
    ("paper, without EGD", (32.40, 165.54, 30.90, 0.75, 0.25, 0.42, 2.45, 1.80, 3.08, 1.90, 4.46, None)),
    ("paper, without null vector", (28.51, 140.32, 32.11, 0.81, 0.23, 0.44, 2.38, 1.79, 3.01, 1.88, 4.96, None)),
    ("paper, Combine", (27.77, 134.46, 32.35, 0.82, 0.17, 0.43, 2.37, 1.77, 3.04, 1.86, 5.19, None)),
    ("GaussianEmoTalker (paper)", (26.36, 132.34, 32.40, 0.84, 0.18, 0.46, 2.35, 1.75, 2.98, 1.83, 5.23, 40.0)),
)

KEYS = (None, None, "psnr", "ssim", "lpips", "cpbd", "m_ld", "m_lvd", "f_ld", "f_lvd", None, None)
"""Our figure for each column; None where there is none, or where it is no figure of a group."""

DIFFERENCES = (
    "Data: the paper trains on MEAD, some dozens of clips of each actor in eight emotions and three levels, and tests "
    "on one clip in ten. This project has the clips listed above, most often far fewer; the figures hold for this "
    "person, camera and light alone.",
    "Protocol: as in the paper, whole clips are held out and the twin is driven by their sound, label and level, with "
    "the head motion, camera code and blinks of the recording. The head stands before the clip's own still background.",
    "Landmarks: the paper does not name its detector. Ours is the 478-point face landmarker, run on recorded and "
    "rendered pictures alike; M-LD counts 40 points of the lips, F-LD the 468 of the face without the irises. Pixels "
    "at 512x512. A detector's own noise is in these figures: see what the recording gets for trembling. Published "
    "distances of mouths are not all alike: some lay the mouths' mean points on each other first (LMD, which stands "
    "beside M-LD in our own table); the paper does not say whether it does.",
    "The paper's second column headed M-LVD is taken to be F-LVD, as its caption suggests.",
    "LPIPS: with the VGG network and its published weights. The paper does not name its network.",
    "CPBD: our own implementation of the published method, on the whole frame; a blurred background lowers it.",
    "Lip-sync: SyncNet's confidence and our score are different quantities; neither can be read off the other.",
    "Action units: the paper's AUE comes from another detector and scale, and is not shown beside ours.",
    "Speed: the paper's on an RTX 3090; ours on the computer that made this report, without the speech encoder.",
)

ABSENT = (
    (
        "FID",
        "needs the Inception weights it is defined by, which are not part of this program; other features would give "
        "another number under the same name.",
    ),
    ("FVD", "needs the I3D weights it is defined by, which are not part of this program."),
    (
        "SyncNet confidence",
        "needs SyncNet's own weights, which are not part of this program; our lip-sync score does not stand in for it.",
    ),
    ("User study", "nobody was asked."),
)
