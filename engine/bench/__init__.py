"""Speed figures of the engine, each beside a fair torch implementation of the same work in the same run.

One small file per part, each with a `measure()` that returns its figures; `bench` walks through them. Nothing here is
imported by the rest of the engine.
"""

from emotalker.engine.bench.run import bench

__all__ = ["bench"]
