"""The queue with real child processes: every way a job can go and end."""

from __future__ import annotations

import logging
import os
import signal
from pathlib import Path
from typing import Any

import psutil
import pytest

from emotalker.engine.errors import UserError
from emotalker.engine.jobs import Metric, Notice, Progress
from emotalker.projects.jobstate import Phase


def test_a_job_runs_to_its_end(watched: Any) -> None:
    """Events come in order, states end with FINISHED at share 1, and the end is told once."""
    from worker_jobs import Count

    id_ = watched.submit(Count(40, 0.02))
    assert watched.end(id_).phase is Phase.FINISHED
    assert [m.step for m in watched.said(id_, Metric)] == list(range(1, 41))
    assert watched.said(id_, Progress)[-1].done == 40
    phases = list(dict.fromkeys(s.phase for s in watched.states))
    assert phases == [Phase.QUEUED, Phase.STARTING, Phase.RUNNING, Phase.FINISHED]
    shares = [s.share for s in watched.states]
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    assert watched.states[-2].rate == pytest.approx(1 / 0.0205, rel=0.5)
    assert watched.states[-1].elapsed >= 0.8


def test_ten_thousand_events_arrive_in_few_batches(watched: Any) -> None:
    """Every metric arrives; progress is thinned out, so the window does not drown."""
    from worker_jobs import Count

    id_ = watched.submit(Count(10_000))
    assert watched.end(id_).phase is Phase.FINISHED
    assert [m.step for m in watched.said(id_, Metric)] == list(range(1, 10_001))
    progress = watched.said(id_, Progress)
    assert progress[-1].done == 10_000
    assert len(progress) < 60
    assert len(watched.states) < 150


def test_errors_of_a_job_are_told_as_they_are(watched: Any) -> None:
    """A user error arrives with its three parts; the queue goes on with the next job."""
    from worker_jobs import Count, Raise, trouble

    first, second = watched.submit(Raise(trouble())), watched.submit(Count(2))
    end = watched.end(first)
    assert end.phase is Phase.FAILED
    assert end.error is not None
    assert (end.error.what, end.error.why, end.error.what_to_do) == ("No face.", "None was found.", "Film one.")
    assert watched.end(second).phase is Phase.FINISHED


def test_unexpected_errors_bring_their_traceback(watched: Any) -> None:
    """A bug is said in plain words, with the traceback for the log."""
    from worker_jobs import Raise

    end = watched.end(watched.submit(Raise(ZeroDivisionError("by nought"))))
    assert isinstance(end.error, UserError)
    assert "by nought" in end.error.why
    assert "Traceback" in end.details
    assert "worker_jobs.py" in end.details


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"),
        RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB"),
    ],
)
def test_lack_of_memory_brings_advice(watched: Any, error: Exception) -> None:
    """However memory runs out, the user is told what helps and that the checkpoint is kept."""
    from worker_jobs import Raise

    end = watched.end(watched.submit(Raise(error)))
    assert end.error is not None
    assert "memory" in end.error.what
    assert "smaller preset" in end.error.what_to_do
    assert "checkpoint" in end.error.what_to_do


def test_a_killed_process_is_a_failure_with_advice(watched: Any) -> None:
    """SIGKILL from outside ends the job, and the next one runs."""
    from worker_jobs import Count, Hang

    id_, after = watched.submit(Hang()), watched.submit(Count(1))
    watched.until(lambda: watched.state(id_).done == 1)
    os.kill(watched.pid(id_), signal.SIGKILL)
    end = watched.end(id_)
    assert end.error is not None
    assert end.error.what == "The engine was ended by the system."
    assert "checkpoint" in end.error.what_to_do
    assert watched.end(after).phase is Phase.FINISHED


def test_a_crash_is_told_with_where_it_was(watched: Any) -> None:
    """A fault in native code leaves its stack in the details."""
    from worker_jobs import Die

    end = watched.end(watched.submit(Die(signal.SIGSEGV)))
    assert end.error is not None
    assert "SIGSEGV" in end.error.why
    assert "worker_jobs.py" in end.details


def test_stop_keeps_the_checkpoint_and_a_new_job_goes_on(watched: Any, tmp_path: Path) -> None:
    """Stop ends a job at its next event; the same job again starts from there."""
    from worker_jobs import Count

    count = Count(100, 0.02, tmp_path / "checkpoint")
    id_ = watched.submit(count)
    watched.until(lambda: watched.state(id_).done >= 10)
    watched.queue.stop(id_)
    assert watched.state(id_).phase is Phase.STOPPING
    assert watched.end(id_).phase is Phase.STOPPED
    reached = int((tmp_path / "checkpoint").read_text())
    again = watched.submit(count)
    assert watched.end(again).phase is Phase.FINISHED
    assert watched.said(again, Metric)[0].step == reached + 1


def test_pause_holds_a_job_and_resume_lets_it_go_on(watched: Any) -> None:
    """While paused nothing happens in the same living process, and the time does not count."""
    from worker_jobs import Count

    id_ = watched.submit(Count(60, 0.02))
    watched.until(lambda: watched.state(id_).done >= 5)
    pid = watched.pid(id_)
    watched.queue.pause(id_)
    assert "as soon as" in watched.state(id_).message
    watched.phase(id_, Phase.PAUSED)
    done, elapsed = watched.state(id_).done, watched.state(id_).elapsed
    watched.qtbot.wait(700)
    assert watched.state(id_).done == done
    assert watched.state(id_).elapsed == pytest.approx(elapsed, abs=0.2)
    watched.queue.resume(id_)
    assert watched.end(id_).phase is Phase.FINISHED
    assert len(watched.said(id_, Metric)) == 60
    assert not psutil.pid_exists(pid)


def test_a_paused_job_can_be_stopped(watched: Any) -> None:
    """Stop reaches a job that is held."""
    from worker_jobs import Count

    id_ = watched.submit(Count(1000, 0.02))
    watched.queue.pause(id_)
    watched.phase(id_, Phase.PAUSED)
    watched.queue.stop(id_)
    assert watched.end(id_).phase is Phase.STOPPED


@pytest.mark.parametrize("stubborn", [False, True])
def test_a_job_that_hangs_is_made_to_end(watched: Any, stubborn: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the grace the process is terminated, and killed if that does not help."""
    from worker_jobs import Hang

    from emotalker.app.worker import thread

    monkeypatch.setattr(thread, "KILL_AFTER", 0.5)
    id_ = watched.submit(Hang(stubborn))
    watched.until(lambda: watched.state(id_).done == 1)
    pid = watched.pid(id_)
    watched.queue.stop(id_)
    end = watched.end(id_, 10)
    assert end.phase is Phase.FAILED
    assert end.error is not None
    assert "did not stop" in end.error.what
    assert not psutil.pid_exists(pid)


@pytest.mark.parametrize(("kind", "said"), [("train", "checkpoint"), ("export", "begins anew")])
def test_what_is_said_of_a_job_that_was_ended_is_true(watched: Any, kind: str, said: str) -> None:
    """How long it was really waited for, and whether that kind of job goes on or begins anew."""
    from worker_jobs import Hang

    id_ = watched.submit(Hang(False), kind)
    watched.until(lambda: watched.state(id_).done == 1)
    watched.queue.shutdown(0.2)
    end = watched.end(id_, 10)
    assert "0 seconds after" in end.error.why
    assert said in end.error.what_to_do


def test_one_at_a_time_and_checks_first(watched: Any) -> None:
    """Jobs wait for one another; a check jumps ahead; a waiting one can be taken out."""
    from worker_jobs import Count

    first = watched.submit(Count(30, 0.02), "train")
    film, gone, check = (watched.submit(Count(2), kind) for kind in ("export", "export", "check"))
    assert watched.state(film).phase is Phase.QUEUED
    watched.queue.remove(first)
    watched.queue.remove(gone)
    assert watched.end(gone).phase is Phase.STOPPED
    assert watched.end(film).phase is Phase.FINISHED
    assert [i for i, _ in watched.ends] == [gone, first, check, film]
    assert watched.queue.specs() == ()


def test_a_film_is_written_while_a_training_is_paused(watched: Any) -> None:
    """A paused training lets other kinds run; to go on it waits for them."""
    from worker_jobs import Count

    training = watched.submit(Count(60, 0.02), "train")
    second = watched.submit(Count(1), "train")
    watched.queue.pause(training)
    watched.phase(training, Phase.PAUSED)
    assert watched.state(second).phase is Phase.QUEUED
    film = watched.submit(Count(20, 0.02), "export", "Film")
    watched.until(lambda: watched.state(film).phase is Phase.RUNNING)
    watched.queue.resume(training)
    assert watched.state(training).phase is Phase.PAUSED
    assert "Film" in watched.state(training).message
    assert watched.end(second, 30).phase is Phase.FINISHED
    assert [i for i, _ in watched.ends] == [film, training, second]


def test_the_child_is_bare_and_steps_back(watched: Any) -> None:
    """No Qt and no main of this program in it; it is niced; what libraries print does not disturb."""
    from worker_jobs import Say, modules, niceness

    names, nice = watched.submit(Say(modules)), watched.submit(Say(niceness))
    assert watched.end(names).phase is Phase.FINISHED
    imported = watched.said(names, Notice)[0].text.split()
    assert not [name for name in imported if name.startswith(("PySide6", "pytest", "emotalker.app", "torch"))]
    assert watched.end(nice).phase is Phase.FINISHED
    assert int(watched.said(nice, Notice)[0].text) >= 10


def test_log_records_of_the_child_reach_the_log(watched: Any, caplog: pytest.LogCaptureFixture) -> None:
    """The window's process owns the log file, so records travel."""
    from worker_jobs import Say, logged

    with caplog.at_level(logging.INFO, logger="emotalker"):
        logging.getLogger("emotalker").addHandler(caplog.handler)
        try:
            watched.end(watched.submit(Say(logged)))
        finally:
            logging.getLogger("emotalker").removeHandler(caplog.handler)
    assert "from the child" in caplog.text


def test_events_that_cannot_travel_do_not_stop_the_others(watched: Any) -> None:
    """One bad event is logged and left out."""
    from worker_jobs import Unsendable

    id_ = watched.submit(Unsendable())
    assert watched.end(id_).phase is Phase.FINISHED
    assert [n.text for n in watched.said(id_, Notice)] == ["before", "after"]


def test_shutdown_stops_what_runs_and_drops_what_waits(watched: Any, tmp_path: Path) -> None:
    """Closing the window ends all jobs, with their checkpoints, before it returns."""
    from worker_jobs import Count

    first, second = watched.submit(Count(10_000, 0.02, tmp_path / "c")), watched.submit(Count(1))
    watched.until(lambda: watched.state(first).done > 3)
    pid = watched.pid(first)
    watched.queue.shutdown(5.0)
    assert {watched.state(i).phase for i in (first, second)} == {Phase.STOPPED}
    assert (tmp_path / "c").exists()
    assert not psutil.pid_exists(pid)
    with pytest.raises(UserError):
        watched.submit(Count(1))
