"""How true, how steady and how fast tracking is.

    python tests/benchmarks/tracking.py [--films DIR] [--out DIR] [--real] [--size 512] [--json F]

Films the sample person (truth known in every frame), runs the real tracking stage on the films and compares; with
`--real` also tracks every clip under ../shared/data and says how well or why not. `--films` keeps the films for the
next run, `--out` the tracks. Run it alone: frames a second are wall time; the load of the machine is printed as well.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from emotalker.engine.clip import ClipInput
from emotalker.engine.errors import UserError
from emotalker.engine.head.default import load_default_head
from emotalker.engine.jobs import Event, Notice, Progress, StopToken, run
from emotalker.engine.synthetic.sample import SampleClip, SampleConfig
from emotalker.engine.synthetic.trial import drifting, frozen, noisy, resting, swaying, talking, trial_film
from emotalker.engine.tracking.accuracy import REFERENCE, at_rest, compare, mesh_landmarks, shake
from emotalker.engine.tracking.observing.observe import OBSERVED, Observed
from emotalker.engine.tracking.stage import TrackConfig, clip_folder, track
from emotalker.engine.tracking.track import Subject, Track

DATA = Path(__file__).parents[3] / "shared" / "data"
TALK = ("neutral", "happy", "sway")


def films(folder: Path, size: int) -> list[SampleClip]:
    """Three talking films, then one drifting, one at rest and one frozen, these with a camera's noise; made once."""
    long, short = SampleConfig(size=size, seconds=6.0), SampleConfig(size=size, seconds=4.0)
    neutral, happy, rest = talking(long, 0), talking(long, 1, "happy", 2.0), resting(short)
    plans = {
        "neutral": (neutral, long, None),
        "happy": (happy, long, None),
        "sway": (swaying(talking(long, 2), long.fps), long, None),
        "drifting": (drifting(short), short, noisy),
        "rest": (rest, short, noisy),
        "still": (frozen(rest, 10, 75), short, noisy),
    }
    out = []
    for name, (performance, config, change) in plans.items():
        truth, subject = folder / "truth" / f"{name}.safetensors", folder / "truth" / "subject.safetensors"
        if truth.exists() and subject.exists():
            out.append(SampleClip(ClipInput(name, folder / f"{name}.mp4", "neutral", 0.0), truth, subject))
            continue
        out.append(trial_film(folder, name, performance, config, change))
    return out


def timed_track(clips: Sequence[ClipInput], out: Path, size: int) -> tuple[dict[str, float], list[str]]:
    """Run the tracking stage; seconds of its three parts, and what it warned of."""
    marks: dict[str, float] = {}
    warnings: list[str] = []

    def listen(event: Event) -> None:
        if isinstance(event, Notice) and event.text.startswith("Fitting the head"):
            marks["subject"] = time.perf_counter()
        elif isinstance(event, Notice):
            warnings.append(event.text)
        if isinstance(event, Progress) and event.unit == "clips fitted":
            marks.setdefault("fit", time.perf_counter())

    start, cpu = time.perf_counter(), time.process_time()
    run(track(clips, out, TrackConfig(size=size), StopToken()), listen)
    end = time.perf_counter()
    frames = sum(len(Track.load(clip_folder(out, c.id) / "track.safetensors")) for c in clips)
    return {
        "frames": frames,
        "look_fps": frames / (marks["subject"] - start),
        "subject_seconds": marks["fit"] - marks["subject"],
        "fit_fps": frames / (end - marks["fit"]),
        "whole_fps": frames / (end - start),
        "cpu_ms_per_frame": 1000 * (time.process_time() - cpu) / frames,
        "load": os.getloadavg()[0],
    }, warnings


def loaded(out: Path, clip: str) -> tuple[Observed, Track]:
    """What was seen of a clip and what was fitted to it."""
    folder = clip_folder(out, clip)
    return Observed.load(folder / OBSERVED), Track.load(folder / "track.safetensors")


def synthetic(folder: Path, out: Path, size: int) -> dict[str, Any]:
    """Errors against the truth, and shaking of the still and the resting film."""
    head, clips = load_default_head(), films(folder, size)
    run(track([clips[-1].clip], out / "warm", TrackConfig(size=size), StopToken()))
    times, warnings = timed_track([c.clip for c in clips], out / "synthetic", size)
    subject = Subject.load(out / "synthetic" / "subject.safetensors")
    true_subject = Subject.load(clips[0].subject)
    report: dict[str, Any] = {"times": times, "warnings": warnings}
    for sample in clips:
        seen, found = loaded(out / "synthetic", sample.clip.id)
        truth = Track.load(sample.truth)
        if sample.clip.id in TALK:
            report[sample.clip.id] = compare(head, true_subject, truth, subject, found)
            continue
        # blinks and glances are motion, not shaking; what the truth itself does there is taken off
        calm = np.convolve(truth.au45 > 0.02, np.ones(9), "same") == 0
        calm &= np.convolve(np.abs(np.gradient(truth.eyes[:, 0], axis=0)).sum(1) > 1e-4, np.ones(9), "same") == 0
        calm[:4] = calm[-4:] = False
        per_pixel = REFERENCE / size
        real = truth.landmarks * per_pixel
        report[sample.clip.id] = {
            "seen": shake(seen.landmarks * per_pixel - real, calm),
            "filtered": shake(found.landmarks * per_pixel - real, calm),
            "mesh": shake(mesh_landmarks(head, subject, found) - real, calm),
            "frames": int(calm.sum()),
        }
    # the bar: a person at rest, tracked, shakes no more than a face that stands still, tracked in the same way
    for name in ("filtered", "mesh"):
        report[f"rest_to_still_{name}"] = report["rest"][name] / report["still"][name]
    talks = [report[name] for name in TALK]
    report["mean"] = {key: float(np.mean([t[key] for t in talks])) for key in talks[0]}
    return report


def real_groups() -> dict[str, list[Path]]:
    """The clips under ../shared/data, by person and framing."""
    return {
        "subject_a": sorted((DATA / "subject_a").glob("*_level*.mp4")),
        "subject_a views": sorted((DATA / "subject_a").glob("view_*.mp4")),
        **{p.stem: [p] for d in ("neutral_talk", "tracking") for p in sorted((DATA / d).glob("*.mp4"))},
    }


def real(out: Path, size: int) -> dict[str, Any]:
    """Every real clip: tracked, with its fit and shaking, or the reason it was refused."""
    head, report = load_default_head(), {}
    for group, paths in real_groups().items():
        clips = [ClipInput(p.stem, p, "neutral", 0.0) for p in paths]
        place = out / group.replace(" ", "_")
        shutil.rmtree(place, ignore_errors=True)
        try:
            times, warnings = timed_track(clips, place, size)
        except UserError as error:
            report[group] = {"refused": str(error)}
            continue
        subject = Subject.load(place / "subject.safetensors")
        report[group] = {"times": times, "warnings": warnings}
        for clip in clips:
            seen, found = loaded(place, clip.id)
            filtered = found.landmarks * (REFERENCE / size)
            mesh, calm = mesh_landmarks(head, subject, found), at_rest(filtered)
            report[group][clip.id] = {
                "frames": len(found),
                "lost": int((found.confidence <= 0).sum()),
                "reprojection_percent": 100 * float(found.reprojection[found.confidence > 0].mean()),
                "jaw_p95_degrees": float(np.degrees(np.percentile(found.jaw[:, 0], 95))),
                "seen": shake(seen.landmarks * (REFERENCE / size), calm),
                "filtered": shake(filtered, calm),
                "mesh": shake(mesh, calm),
            }
    return report


def show(name: str, values: Any) -> None:
    """Print figures, nested ones on lines of their own."""
    if not isinstance(values, dict):
        print(f"{name}: {values}")
        return
    plain = {k: v for k, v in values.items() if not isinstance(v, dict)}
    if plain:
        print(f"{name}: " + "  ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in plain.items()))
    for key, value in values.items():
        if isinstance(value, dict):
            show(f"{name} {key}", value)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=Path, metavar="DIR")
    parser.add_argument("--out", type=Path, metavar="DIR")
    parser.add_argument("--real", action="store_true")
    parser.add_argument("--no-synthetic", action="store_true")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--json", type=Path, metavar="F")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        out = options.out or Path(name) / "tracks"
        shutil.rmtree(out, ignore_errors=True)
        report: dict[str, Any] = {}
        if not options.no_synthetic:
            report["synthetic"] = synthetic(options.films or Path(name) / "films", out, options.size)
        if options.real:
            if not DATA.exists():
                parser.error(f"there are no real clips at {DATA}")
            report["real"] = real(out / "real", options.size)
    for key, value in report.items():
        show(key, value)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
