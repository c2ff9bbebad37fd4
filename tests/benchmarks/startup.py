"""How long the window and the talking sample twin take to appear, from the start of the process.

    python tests/benchmarks/startup.py [--runs 5] [--json F]

Every run has settings of its own, as the first start of the program on this computer; the medians count.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

LONGEST = 60.0


def one_start(folder: Path) -> dict[str, float]:
    """Seconds to window and voice of one first start, then the program is ended."""
    trace = folder / "trace.json"
    environment = {
        **os.environ,
        "EMOTALKER_CONFIG": str(folder / "config"),
        "EMOTALKER_LOGS": str(folder / "logs"),
        "EMOTALKER_TRACE_START": str(trace),
        "XDG_DOCUMENTS_DIR": str(folder),
    }
    began = time.time()
    process = subprocess.Popen([sys.executable, "-m", "emotalker.app"], env=environment)
    found: dict[str, float] = {}
    try:
        while time.time() - began < LONGEST and "talking" not in found:
            time.sleep(0.05)
            if trace.is_file() and trace.stat().st_size:
                found = json.loads(trace.read_text())
    finally:
        process.terminate()
        process.wait(30)
    return {name: moment - began for name, moment in found.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    if not os.environ.get("DISPLAY") and sys.platform == "linux" and shutil.which("xvfb-run"):
        screen = ["xvfb-run", "-a", "-s", "-screen 0 1920x1200x24", sys.executable, *sys.argv]
        sys.exit(subprocess.run(screen, check=False).returncode)
    runs = []
    for _ in range(given.runs):
        with tempfile.TemporaryDirectory() as folder:
            runs.append(one_start(Path(folder)))
            print({name: round(seconds, 2) for name, seconds in runs[-1].items()}, flush=True)
    medians = {name: statistics.median(run.get(name, float("inf")) for run in runs) for name in ("window", "talking")}
    print("median", {name: round(seconds, 2) for name, seconds in medians.items()})
    if given.json:
        given.json.write_text(json.dumps({"startup": medians}, indent=2))


if __name__ == "__main__":
    main()
