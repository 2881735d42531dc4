"""Independent jobs through joblib: local processes, or its Ray backend on a cluster.

A job leaves its result in a file, written aside and renamed. What is there already is not computed
again, so a killed program, started once more, goes on with what is missing. A worker that dies
takes no job with it: those without a result are handed out again, and since a job has one file it
is never counted twice. On several machines the folder of the results must be shared by all.
"""

from __future__ import annotations

import json
import logging
import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from facekp_train.common.console import UserError, require, say
from facekp_train.common.files import write_text
from facekp_train.common.locks import locked

# Workers may die so often in a row without one job getting done before we give up.
_FRUITLESS_ROUNDS = 3


@dataclass(frozen=True)
class StudyJob:
    """One unit of work: `work(*arguments)` gives plain data for JSON.

    name: for people. key: names everything that decides the result; a file with another key is not
    this job's. result: the file. work: a function of a module, so that it can travel to a worker.
    What it began and was killed in, it should take up again when called once more.
    """

    name: str
    key: str
    result: Path
    work: Callable[..., dict[str, Any]]
    arguments: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Workers:
    """Where jobs run. count: how many at a time; None: one here, on a cluster one for each machine.

    cluster: a Ray address, such as `auto`, `HOST:6379`, `ray://HOST:10001`, or `local`, which
    starts Ray on this machine. gpu: every job of a cluster has a GPU of its own.
    """

    count: int | None = None
    cluster: str | None = None
    gpu: bool = False


def finished(job: StudyJob) -> dict[str, Any] | None:
    """The job's result, where its file holds one; None for a file of another job or a damaged one."""
    try:
        document = json.loads(job.result.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    known = isinstance(document, dict) and document.get("key") == job.key
    result = document.get("result") if known else None
    return result if isinstance(result, dict) else None


def run_jobs(jobs: Sequence[StudyJob], workers: Workers = Workers()) -> list[dict[str, Any]]:
    """The results of all jobs, in order; only those without one are computed.

    A job that fails (UserError, ValueError, OSError, MemoryError, RuntimeError, which is torch's word for
    a lack of memory too) leaves the others to finish.
    Raises UserError then, naming it, and where workers die again and again.
    """
    shared = [str(path) for path, count in Counter(job.result for job in jobs).items() if count > 1]
    if shared:
        raise ValueError(f"two jobs have the same result file {shared[0]}")
    missing = _missing(jobs)
    if missing:
        with _pool(workers, len(missing)) as pool:
            _run_rounds(missing, pool)
    results = [finished(job) for job in jobs]
    return [result for result in results if result is not None]


@dataclass(frozen=True)
class _Pool:
    """joblib's settings, the threads that a job may use, and what a dead worker looks like."""

    settings: dict[str, Any]
    threads: int
    lost: tuple[type[BaseException], ...]


def _run_rounds(missing: list[StudyJob], pool: _Pool) -> None:
    """Hand out what has no result until everything has one."""
    from joblib import Parallel, delayed, parallel_config

    fruitless = 0
    while missing:
        died = False
        reasons: list[str | None] = []
        try:
            with parallel_config(**pool.settings):
                tasks = (delayed(_run_one)(job, pool.threads) for job in missing)
                # Not several in a row to one worker, which they would keep while others are idle.
                parallel = Parallel(batch_size=1, pre_dispatch="n_jobs")  # type: ignore[arg-type]
                reasons = list(parallel(tasks))
        except pool.lost:
            died = True
        failures = [f"{job.name}: {reason}" for job, reason in zip(missing, reasons, strict=False) if reason]
        if failures:
            raise UserError(f"{len(failures)} of {len(missing)} jobs failed; {'; '.join(failures[:3])}")
        before, missing = len(missing), _missing(missing)
        if missing and not died:
            raise UserError(
                f"{missing[0].name} is done but its result is not in {missing[0].result.parent}; "
                "give a folder that all machines of the cluster share"
            )
        fruitless = fruitless + 1 if len(missing) == before else 0
        if fruitless == _FRUITLESS_ROUNDS:
            raise UserError(
                f"workers died {fruitless} times in a row and finished nothing, {missing[0].name} is next; "
                "memory may be short: run the same command again with fewer --workers"
            )
        if missing:
            say(f"a worker died; {len(missing)} jobs without a result are started again")


def _missing(jobs: Sequence[StudyJob]) -> list[StudyJob]:
    return [job for job in jobs if finished(job) is None]


def _run_one(job: StudyJob, threads: int) -> str | None:
    """In a worker: leave the job's result in its file. Returns why it failed, None where it did not."""
    import torch

    torch.set_num_threads(threads)
    with _alone(job):
        if finished(job) is None:
            try:
                result = job.work(*job.arguments)
                text = json.dumps({"key": job.key, "result": result}, allow_nan=False)
            except (UserError, ValueError, OSError, MemoryError, RuntimeError) as error:
                return " ".join(str(error).split()) or type(error).__name__
            write_text(job.result, text)
    return None


@contextmanager
def _alone(job: StudyJob) -> Iterator[None]:
    """Wait while another process runs this job: a worker outlives a killed program for a while."""
    job.result.parent.mkdir(parents=True, exist_ok=True)

    def waiting() -> None:
        say(f"{job.name}: another process is running it; waiting")

    with locked(job.result.parent / f".{job.result.stem}.lock", waiting):
        yield


@contextmanager
def _pool(workers: Workers, jobs: int) -> Iterator[_Pool]:
    require("train", "joblib")
    with _on_ray(workers) if workers.cluster else nullcontext(_local(workers, jobs)) as pool:
        yield pool


def _local(workers: Workers, jobs: int) -> _Pool:
    import torch
    from joblib import cpu_count
    from joblib.externals.loky.process_executor import BrokenProcessPool

    count = min(workers.count or 1, jobs)
    # As many as the cores allow, and OMP_NUM_THREADS where somebody bounded it.
    threads = max(1, min(cpu_count() // count, torch.get_num_threads()))
    settings = {"backend": "loky", "n_jobs": count, "inner_max_num_threads": threads}
    return _Pool(settings, threads, (BrokenProcessPool,))


@contextmanager
def _on_ray(workers: Workers) -> Iterator[_Pool]:
    """joblib's Ray backend, connected to a cluster for as long as this lasts."""
    require("cluster", "ray")
    import ray
    from ray.exceptions import NodeDiedError, OutOfMemoryError, RayActorError, WorkerCrashedError
    from ray.util.joblib import register_ray

    # Ray reports its use to its makers unless it is told not to.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    connected = ray.is_initialized()
    try:
        if not connected:
            ray.init(address=workers.cluster, logging_level=logging.WARNING)
    except (ConnectionError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"no Ray cluster answers at '{workers.cluster}' ({reason}); start one with: ray start --head"
        ) from None
    try:
        register_ray()
        machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        count, threads = _slots(machines, workers)
        resources = {"num_cpus": threads} | ({"num_gpus": 1} if workers.gpu else {})
        settings = {"backend": "ray", "n_jobs": count, "ray_remote_args": resources}
        yield _Pool(settings, threads, (RayActorError, WorkerCrashedError, NodeDiedError, OutOfMemoryError))
    finally:
        if not connected:
            ray.shutdown()


def _slots(machines: Sequence[dict[str, float]], workers: Workers) -> tuple[int, int]:
    """How many jobs a cluster runs at a time, and the processors of each: what Ray can place at once.

    It waits for ever for what it cannot place. Raises UserError where one job alone has room, since
    joblib then keeps it in its own process.
    """
    cpus = [int(machine.get("CPU", 0)) for machine in machines]
    gpus = [
        int(machine.get("GPU", 0)) if workers.gpu else cpu
        for machine, cpu in zip(machines, cpus, strict=True)
    ]
    room = sum(map(min, cpus, gpus))
    count = min(max(2, workers.count or len(machines)), room)
    if count < 2:
        what = "GPU" if workers.gpu else "processor"
        raise UserError(
            f"the cluster has a free {what} for {room} job at a time; leave --cluster out, or add machines"
        )
    threads = max(cpus)
    while sum(min(cpu // threads, gpu) for cpu, gpu in zip(cpus, gpus, strict=True)) < count:
        threads -= 1
    return count, threads
