"""The document: one folder per person, holding the manifest, its backups and the runs of every stage.

Here live what a project is (clips, labels, consent, split), how it is saved without ever losing anything, and which
stage must run next and why. Nothing here draws, prints or computes a twin: the science is the engine's.
"""

from emotalker.projects.document import CheckSummary, ClipEntry, Consent, Manifest, Performance, RunRecord
from emotalker.projects.labels import LabelGuess, guess_label
from emotalker.projects.pipeline import STAGES, StageJob, StageState, StageStatus, bind, statuses
from emotalker.projects.project import AddResult, Project

__all__ = [
    "STAGES",
    "AddResult",
    "CheckSummary",
    "ClipEntry",
    "Consent",
    "LabelGuess",
    "Manifest",
    "Performance",
    "Project",
    "RunRecord",
    "StageJob",
    "StageState",
    "StageStatus",
    "bind",
    "guess_label",
    "statuses",
]
