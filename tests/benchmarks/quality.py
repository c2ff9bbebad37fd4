"""How good tracking and stage 1 are on real clips, beside plain predictors.

    python tests/benchmarks/quality.py OUT CLIP [CLIP ...] --hold-out NAME [--preset standard] [--size 512] [--json F]
    python tests/benchmarks/quality.py OUT CLIP --hold-out-last 4 ...

Tracks the clips, fits stage 1 without the held-out one, and draws the held-out frames from their tracked expression and
pose with stage 1 alone. `--hold-out-last S` cuts the last S seconds off the only clip and holds them out. OUT keeps the
project; run again, what is up to date is not repeated and its time is that of the first run. Clips need labels in their
names (happy_level2); the two parts of one that is cut are taken as neutral.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from emotalker.engine.avatar.fitted import FittedRenderer
from emotalker.engine.clip import ClipInput
from emotalker.engine.jobs import Notice, StopToken
from emotalker.engine.media import probe
from emotalker.engine.metrics.evaluate import evaluate
from emotalker.engine.tracking.observing.landmarker import FaceLandmarker
from emotalker.engine.tracking.track import Track
from emotalker.projects.project import Project

ORBIT = 20.0
STAGES = ("track", "fit")


def cut(clip: Path, seconds: float, folder: Path) -> list[Path]:
    """The clip without its last seconds, and those seconds, as neutral clips; coded anew, all but lossless."""
    total = probe(clip).duration
    out = [folder / "neutral_first.mp4", folder / "neutral_last.mp4"]
    for path, span in zip(out, (["-t", str(total - seconds)], ["-ss", str(total - seconds)])):
        command = ["ffmpeg", "-y", "-v", "error", "-i", str(clip), *span, "-crf", "8", "-preset", "fast", str(path)]
        subprocess.run(command, check=True)
    return out


def command_line(*words: str) -> None:
    """Run `emotalker-cli` as a user would."""
    subprocess.run([sys.executable, "-m", "emotalker.app.cli", *words], check=True, stdout=subprocess.DEVNULL)


def train(folder: Path, preset: str, held_out: str) -> dict[str, float]:
    """Seconds of tracking and stage 1; those of an earlier run where nothing is new."""
    note = folder / "seconds.json"
    seconds: dict[str, float] = json.loads(note.read_text()) if note.exists() else {}
    for stage in STAGES:
        record = folder / "runs" / stage / "stage.json"
        before = record.read_text() if record.exists() else ""
        began = time.perf_counter()
        command_line("train", str(folder), "--preset", preset, "--hold-out", held_out, "--only", stage)
        if record.read_text() != before:
            seconds[stage] = time.perf_counter() - began
    note.write_text(json.dumps(seconds))
    return seconds


def judge(folder: Path, clips: list[ClipInput], size: int, tracks: Path | None) -> dict[str, Any]:
    """All figures of stage 1 on the held-out clips."""
    track_dir, fit_dir = folder / "runs" / "track", folder / "runs" / "fit"
    out = folder / f"quality_{size}{'' if tracks is None else '_refined'}"
    job = evaluate(
        clips, track_dir, fit_dir, out, StopToken(), size,
        renderer=lambda path: FittedRenderer(path, track_dir, clips, tracks),
        detect=FaceLandmarker().detect, drives=("tracked",),
    )  # fmt: skip
    for event in job:
        if isinstance(event, Notice):
            print(event.text, file=sys.stderr)
    return dict(json.loads((out / "report.json").read_text()))


def orbit_sheet(folder: Path, clips: list[ClipInput], path: Path, tracks: Path | None) -> None:
    """Held-out frames from the left, from the front and from the right, for the eye."""
    renderer = FittedRenderer(folder / "runs" / "fit", folder / "runs" / "track", clips, tracks)
    held = next(c for c in clips if c.held_out)
    count = len(Track.load(folder / "runs" / "track" / "clips" / held.id / "track.safetensors"))
    rows = []
    for yaw in (-ORBIT, 0.0, ORBIT):
        frames = np.linspace(0, count - 1, 4).astype(int)
        rows.append(np.concatenate([renderer.tracked(held.id, int(i), 384, (np.radians(yaw), 0.0)) for i in frames], 1))
    cv2.imwrite(str(path), cv2.cvtColor(np.concatenate(rows), cv2.COLOR_RGB2BGR))


def main() -> None:
    """Train what is not trained yet, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--hold-out")
    parser.add_argument("--hold-out-last", type=float, metavar="S")
    parser.add_argument("--preset", default="standard")
    parser.add_argument("--size", type=int, nargs="+", default=[512, 256])
    parser.add_argument("--json", type=Path, metavar="F")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    folder = options.out / "project"
    files, held_out = options.clips, options.hold_out
    if options.hold_out_last:
        if shutil.which("ffmpeg") is None or len(files) != 1:
            parser.error("--hold-out-last needs ffmpeg and exactly one clip")
        if not (folder / "project.json").exists():
            files = cut(files[0], options.hold_out_last, options.out)
        held_out = "neutral_last"
    if held_out is None:
        parser.error("say what to hold out")
    if not (folder / "project.json").exists():
        command_line("new", str(folder), "--name", "benchmark")
        command_line("add", str(folder), *map(str, files))
    seconds = train(folder, options.preset, held_out)
    clips = Project.open(folder).clip_inputs()
    refined = folder / "runs" / "fit" / "tracks"
    report: dict[str, Any] = {"preset": options.preset, "held_out": held_out, "seconds": seconds}
    for size in options.size:
        report[str(size)] = judge(folder, clips, size, None)
        if refined.exists():
            report[f"{size} refined"] = judge(folder, clips, size, refined)
    orbit_sheet(folder, clips, folder / "orbit.png", refined if refined.exists() else None)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1))
    print(f"{options.preset}, held out {held_out}: " + ", ".join(f"{k} {v:.0f} s" for k, v in seconds.items()))
    for size, figures in ((k, v) for k, v in report.items() if isinstance(v, dict) and "tracked" in v):
        for group in ("tracked", "baseline_nearest", "baseline_expression", "baseline_mesh", "baseline_mean"):
            values = "  ".join(f"{k} {v:.3f}" for k, v in sorted(figures.get(group, {}).items()))
            print(f"{size:>12} {group:<20} {values}")


if __name__ == "__main__":
    main()
