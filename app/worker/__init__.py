"""Long work beside the window: a queue of jobs, each in a child process that a thread supervises.

The child knows nothing of Qt and runs the same jobs as the command line (`emotalker.engine.child` is its inner side).
Nothing here computes; what a job says is passed on as signals.
"""

from emotalker.app.worker.queue import JobQueue, JobSpec
from emotalker.app.worker.thread import EngineThread

__all__ = ["EngineThread", "JobQueue", "JobSpec"]
