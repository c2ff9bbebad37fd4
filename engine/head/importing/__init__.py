"""Heads a user brings: FLAME, GNM Head and ICT-FaceKit, read safely and turned into the program's own `HeadModel`.

Readers make a `RawHead` of a file; `import_head` fits the built-in head to it and takes from there what it lacks.
No file of such a model is shipped with the program, and nothing here fetches one.
"""

from emotalker.engine.head.importing.assemble import ImportedHead
from emotalker.engine.head.importing.reader import import_head
from emotalker.engine.head.importing.retarget import Retarget

__all__ = ["ImportedHead", "Retarget", "import_head"]
