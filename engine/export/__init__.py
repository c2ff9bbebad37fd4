"""Films of a performance: what they are like, how large they get, and the job that writes them.

The viewport's picture and the film's come from the same controls, view and background; a film only takes its time.
No window and no project enters: a job here is plain data that another process can run.
"""

from emotalker.engine.export.camera_move import MOVES, moved
from emotalker.engine.export.film import FilmJob
from emotalker.engine.export.format import FORMATS, QUALITIES, FilmFormat, Quality, film_bytes, format_named

__all__ = [
    "FORMATS",
    "MOVES",
    "QUALITIES",
    "FilmFormat",
    "FilmJob",
    "Quality",
    "film_bytes",
    "format_named",
    "moved",
]
