"""A real stage of training in a real child process, stopped on the way and brought to its end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from emotalker.engine.jobs import Metric, Notice, Preview
from emotalker.projects.jobstate import Phase

SIZE, STEPS = 96, 400


@pytest.fixture(scope="module")
def tracked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A clip of the sample person and the folder of its true track."""
    from emotalker.engine.synthetic.sample import SampleConfig, make_sample
    from emotalker.engine.synthetic.truth import true_tracks

    folder = tmp_path_factory.mktemp("person")
    config = SampleConfig(size=SIZE, seconds=1.0, emotions=("neutral",), levels=(2.0,))
    film = make_sample(folder / "film", config)[:1]
    true_tracks(film, folder / "track")
    return film[0].clip.path, folder / "track"


@pytest.mark.slow
def test_a_fit_is_stopped_and_goes_on_to_its_end(watched: Any, tracked: tuple[Path, Path], tmp_path: Path) -> None:
    """Stopped through the queue it keeps a checkpoint; the same job again goes on from that step and finishes."""
    from worker_jobs import Fit

    job = Fit(*tracked, tmp_path / "fit", STEPS)
    id_ = watched.submit(job, "train")
    watched.until(lambda: 60 <= watched.state(id_).done < STEPS, 30)
    watched.queue.pause(id_)
    watched.phase(id_, Phase.PAUSED)
    watched.queue.stop(id_)
    assert watched.end(id_).phase is Phase.STOPPED
    assert (tmp_path / "fit" / "checkpoint.safetensors").is_file()
    assert not (tmp_path / "fit" / "done.json").exists()
    reached = watched.said(id_, Metric)[-1].step
    again = watched.submit(job, "train")
    assert watched.end(again, 40).phase is Phase.FINISHED
    (notice,) = [n for n in watched.said(again, Notice) if n.level == "info"]  # warnings judge the clip
    started = int(notice.text.split()[-1].rstrip("."))
    assert reached <= started < reached + 21
    assert watched.said(again, Metric)[-1].step == STEPS
    assert watched.said(again, Preview)[-1].path.is_file()
    assert (tmp_path / "fit" / "done.json").is_file()
