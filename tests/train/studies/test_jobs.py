"""Independent jobs: done once, kept, taken up again when their worker is killed."""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("joblib")

from facekp_train.common.console import UserError
from facekp_train.studies.jobs import StudyJob, Workers, _slots, finished, run_jobs
from tests.support.models import work_for_jobs as work
from tests.support.places import ROOT


def jobs_in(folder: Path, count: int, what=work.square, *arguments) -> list[StudyJob]:
    return [
        StudyJob(f"job {i}", f"key {i}", folder / f"{i}" / "result.json", what, (folder, i, *arguments))
        for i in range(count)
    ]


def completions(folder: Path, count: int) -> list[int]:
    """How often each job's work came to its end."""
    return [len(file.read_text()) if (file := folder / f"{i}.done").exists() else 0 for i in range(count)]


def test_results_come_in_the_order_of_the_jobs(tmp_path: Path) -> None:
    jobs = jobs_in(tmp_path, 3)
    assert run_jobs(jobs[::-1]) == [{"square": 4}, {"square": 1}, {"square": 0}]
    assert finished(jobs[2]) == {"square": 4}


def test_what_is_finished_is_not_computed_again(tmp_path: Path) -> None:
    run_jobs(jobs_in(tmp_path, 2))
    assert run_jobs(jobs_in(tmp_path, 3)) == [{"square": 0}, {"square": 1}, {"square": 4}]
    assert completions(tmp_path, 3) == [1, 1, 1]


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"key": "key 0"}', '{"key": "other", "result": {"square": 9}}']
)
def test_a_file_that_is_not_the_jobs_result_counts_for_nothing(tmp_path: Path, text: str) -> None:
    job = jobs_in(tmp_path, 1)[0]
    job.result.parent.mkdir()
    job.result.write_text(text)
    assert finished(job) is None
    assert run_jobs([job]) == [{"square": 0}]


def test_a_failure_is_named_and_leaves_the_others_to_finish(tmp_path: Path) -> None:
    jobs = jobs_in(tmp_path, 3, work.odd_ones_fail)
    with pytest.raises(UserError, match=r"^1 of 3 jobs failed; job 1: 1 is odd$"):
        run_jobs(jobs)
    assert [finished(job) for job in jobs] == [{"square": 0}, None, {"square": 4}]


def test_a_result_that_json_has_no_word_for_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="job 0"):
        run_jobs(jobs_in(tmp_path, 1, work.not_a_number))


def test_two_jobs_never_share_a_result(tmp_path: Path) -> None:
    job = jobs_in(tmp_path, 1)[0]
    with pytest.raises(ValueError, match="same result file"):
        run_jobs([job, job])


def test_a_job_waits_for_another_process_that_is_at_it(tmp_path: Path) -> None:
    """As after a kill: the old worker goes on for a while, and the new program must not do it twice."""
    job = jobs_in(tmp_path, 1)[0]
    job.result.parent.mkdir()
    child = os.fork()
    if child == 0:
        with work.locked(job.result.parent / ".result.lock"):
            (tmp_path / "locked").touch()
            time.sleep(1)
            job.result.write_text(json.dumps({"key": "key 0", "result": {"square": 100}}))
        os._exit(0)
    wait_for(tmp_path / "locked")
    assert run_jobs([job]) == [{"square": 100}]
    os.waitpid(child, 0)
    assert completions(tmp_path, 1) == [0]


def wait_for(file: Path) -> None:
    for _ in range(12_000):
        if file.exists():
            return
        time.sleep(0.05)
    raise TimeoutError(file)


def kill_the_first(folder: Path) -> None:
    """kill -9 of the worker that takes up the first job, while it is at it."""
    wait_for(folder / "0.pid")
    os.kill(int((folder / "0.pid").read_text()), signal.SIGKILL)


def check_a_kill(tmp_path: Path, workers: Workers) -> None:
    """Every job has its own result, each worked to its end once, and all are kept."""
    jobs = jobs_in(tmp_path, 6, work.until_killed)
    killer = threading.Thread(target=kill_the_first, args=(tmp_path,))
    killer.start()
    results = run_jobs(jobs, workers)
    killer.join()
    assert [r["square"] for r in results] == [0, 1, 4, 9, 16, 25]
    assert completions(tmp_path, 6) == [1] * 6
    assert all(r["worker"] != os.getpid() for r in results), "the jobs did not run in workers"
    assert results[0]["worker"] != int((tmp_path / "0.pid").read_text()), "no worker was killed in the middle"
    assert run_jobs(jobs, workers) == results


@pytest.mark.slow
def test_a_killed_local_worker_loses_no_job(tmp_path: Path) -> None:
    check_a_kill(tmp_path, Workers(2))


@pytest.mark.slow
def test_a_killed_worker_of_a_ray_cluster_loses_no_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("ray", reason="needs Ray: pip install 'facekp[cluster]'")
    # Ray's workers find this file's functions as pytest does.
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), *work.search_path()]))
    check_a_kill(tmp_path, Workers(2, "local"))


@pytest.mark.slow
def test_jobs_that_kill_every_worker_end_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="workers died 3 times"):
        run_jobs(jobs_in(tmp_path, 2, work.deadly), Workers(2))


@pytest.mark.slow
def test_workers_share_the_processor(tmp_path: Path) -> None:
    threads = [r["threads"] for r in run_jobs(jobs_in(tmp_path, 2, work.threads), Workers(2))]
    assert threads == [max(1, work.cpu_count() // 2)] * 2


def test_a_cluster_that_does_not_answer_is_named(tmp_path: Path) -> None:
    pytest.importorskip("ray", reason="needs Ray: pip install 'facekp[cluster]'")
    with pytest.raises(UserError, match="no Ray cluster answers at 'auto'"):
        run_jobs(jobs_in(tmp_path, 1), Workers(2, "auto"))


@pytest.mark.parametrize(
    ("machines", "workers", "expected"),
    [
        ([{"CPU": 8}], Workers(), (2, 4)),
        ([{"CPU": 4}, {"CPU": 16}], Workers(), (2, 8)),
        ([{"CPU": 4}, {"CPU": 8}, {"CPU": 8}], Workers(), (3, 4)),
        ([{"CPU": 4}, {"CPU": 4}], Workers(100), (8, 1)),
        ([{"CPU": 16, "GPU": 1}, {"CPU": 16, "GPU": 1}], Workers(gpu=True), (2, 16)),
        ([{"CPU": 16, "GPU": 4}], Workers(8, gpu=True), (4, 4)),
    ],
)
def test_no_more_is_asked_of_a_cluster_than_it_can_place(machines, workers, expected) -> None:
    count, threads = _slots(machines, workers)
    assert (count, threads) == expected
    assert sum(machine["CPU"] // threads for machine in machines) >= count


@pytest.mark.parametrize(
    ("machines", "gpu"), [([{"CPU": 1}], False), ([{"CPU": 16, "GPU": 1}], True), ([{"CPU": 16}], True)]
)
def test_a_cluster_with_room_for_one_job_is_refused(machines, gpu) -> None:
    with pytest.raises(UserError, match="leave --cluster out"):
        _slots(machines, Workers(gpu=gpu))
