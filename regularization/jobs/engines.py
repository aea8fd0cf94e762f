"""Where the shards of a job are trained: on this process' threads, on local processes, or on any Dask cluster.

The result is the same wherever, by however many workers and in whatever order they finish. Dask is imported only where
a cluster is asked for.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Sequence

from regularization.errors import InputError
from regularization.jobs.code_bundle import (
    LIBRARIES,
    CodeBundle,
    computing_environment,
    differences,
    digest_of,
    make_plugin,
    make_task,
    make_version_check,
    pack,
)
from regularization.jobs.work import Progress, Shard, Trained, Work

SECONDS_TO_CONNECT = 15
SECONDS_FOR_A_WORKER = 40  # for the first to join, and for one to come back after all have gone
TASKS_AT_ONCE = 1000  # at the scheduler: it gets the next ones as these are done
ADVICE = "start the workers with the pinned requirements and the settings of docs/scaling.md"


def train_here(work: Work, shards: Sequence[Shard], *, on_progress: Progress) -> Iterator[tuple[int, Trained]]:
    """Each shard's number and its result, trained one after another by this process' threads."""
    from regularization.jobs.training import train_shard

    for number, shard in enumerate(shards):
        yield number, train_shard(work, shard, on_progress=on_progress)


def scheduler_address() -> str | None:
    """Where Dask's own settings (`DASK_SCHEDULER_ADDRESS`, or a file) say that a scheduler is."""
    import dask.config

    return dask.config.get("scheduler-address", None)


@contextlib.contextmanager
def connect(*, warn: Callable[[str], object]) -> Iterator:
    """A client of the cluster at `scheduler_address`, with one worker or more. Raises `InputError` without them."""
    from distributed import Client
    from distributed.security import Security

    address = str(scheduler_address())
    if address.startswith("tls://"):
        _check_certificate(address, Security())
    else:
        warn(f"warning: {address} is not tls://: anyone on that network can read the work and run code on the workers")
    try:
        client = Client(address, timeout=SECONDS_TO_CONNECT, set_as_default=False)
    except (OSError, ValueError, TypeError, RuntimeError) as error:
        raise InputError(
            f"DASK_SCHEDULER_ADDRESS: received {address}, where no scheduler answers ({_first_line(error)}); "
            "start `dask scheduler` there, or unset it to train on this machine"
        ) from None
    with client:
        yield _with_workers(client)


def _check_certificate(address: str, security) -> None:
    """Raise `InputError` where Dask's settings name no certificate, or one that cannot be read."""
    try:
        problem = "" if security.get_connection_args("client")["ssl_context"] else "no certificate is named"
    except OSError as error:  # an ssl.SSLError is one
        problem = f"the certificate that Dask's settings name cannot be read ({_first_line(error)})"
    if problem:
        raise InputError(
            f"DASK_SCHEDULER_ADDRESS: received {address}, but {problem}; set DASK_DISTRIBUTED__COMM__TLS__CA_FILE, "
            "DASK_DISTRIBUTED__COMM__TLS__CLIENT__CERT and DASK_DISTRIBUTED__COMM__TLS__CLIENT__KEY, as in "
            "docs/scaling.md"
        )


def _with_workers(client):
    try:
        client.wait_for_workers(1, timeout=SECONDS_FOR_A_WORKER)
    except TimeoutError:
        raise InputError(
            f"the scheduler at {client.scheduler.address} got no worker in {SECONDS_FOR_A_WORKER} seconds; "
            "start `dask worker` with its address"
        ) from None
    return client


@contextlib.contextmanager
def local_processes(n_workers: int | None = None) -> Iterator:
    """A client of a cluster on this machine: one process of one thread per core, spoken to over TLS."""
    from distributed import Client, LocalCluster

    options = {"threads_per_worker": 1, "memory_limit": None, "dashboard_address": None, "security": True}
    options["silence_logs"] = "ERROR"  # TensorFlow takes longer to end than Dask waits in silence
    with (
        LocalCluster(n_workers=n_workers or os.cpu_count(), worker_dashboard_address=None, **options) as cluster,
        Client(cluster, set_as_default=False) as client,
    ):
        yield _with_workers(client)


def train_on(client, work: Work, shards: Sequence[Shard], *, on_progress: Progress) -> Iterator[tuple[int, Trained]]:
    """Each shard's number and its result as they come from the workers of `client`.

    A shard whose worker dies is trained again elsewhere. Raises `InputError` where a worker has other versions, where
    workers die of a shard again and again, and where none is left.
    """
    bundle = pack(work)
    expected = computing_environment()
    _check_versions(client, expected)
    plugin = make_plugin(bundle)
    client.register_plugin(plugin)
    counted = _Counted(on_progress)
    client.subscribe_topic(plugin.name, lambda event: counted.reach(*event[1]))
    try:
        for number, result in _results(client, bundle, expected, shards):
            counted.reach(number, shards[number].n_trainings)
            yield number, Trained(*result)
    finally:
        with contextlib.suppress(Exception):  # the scheduler may be gone
            client.unsubscribe_topic(plugin.name)
            client.unregister_worker_plugin(plugin.name)


def _check_versions(client, expected: dict[str, str]) -> None:
    """Raise `InputError` where a worker has another Python, which could not read our functions, or other libraries."""
    for address, versions in client.get_versions()["workers"].items():
        python = dict(versions["host"])["python"] if versions else "unknown"  # such as 3.11.7.final.0
        if not python.startswith(f"{expected['python']}."):
            raise InputError(f"worker {address} has Python {python}, expected {expected['python']}; {ADVICE}")
    for address, received in client.run(make_version_check(), LIBRARIES).items():
        unlike = differences(expected, received)
        if unlike:
            raise InputError(f"worker {address} has {unlike}; {ADVICE}")


class _Counted:
    """How many trainings each shard has reported; one that is trained again counts once."""

    def __init__(self, on_progress: Progress):
        self.on_progress, self.done = on_progress, {}

    def reach(self, number: int, trainings: float) -> None:
        before = self.done.get(number, 0.0)
        if trainings > before:
            self.done[number] = trainings
            self.on_progress(trainings - before)


def _results(
    client, bundle: CodeBundle, expected: dict[str, str], shards: Sequence[Shard]
) -> Iterator[tuple[int, tuple]]:
    """Numbers and results; every one leaves the cluster as soon as it is here, so that no death can lose it."""
    from distributed import as_completed

    task, waiting, number_of = make_task(), iter(enumerate(shards)), {}
    finished = as_completed(loop=client.loop, with_results=True, raise_errors=False)

    def submit() -> None:
        for number, shard in waiting:
            key = f"shard-{digest_of(bundle.digest, expected, shard)}"
            future = client.submit(task, bundle.digest, expected, number, tuple(shard), key=key)
            number_of[future.key] = number, future
            finished.add(future)
            if len(number_of) >= TASKS_AT_ONCE:
                return

    submit()
    guard = _Guard(client)
    while number_of:
        guard.check()
        for future, result in finished.next_batch(block=False):
            if future.status != "finished":
                raise InputError(_failure(result, client))
            number, _ = number_of.pop(future.key)
            future.release()
            submit()
            yield number, result
        time.sleep(0.05)


def _failure(result, client) -> str:
    if not isinstance(result, tuple):  # cancelled: by the client itself, which has lost the scheduler
        return f"the scheduler at {client.scheduler.address} has gone; run this again: finished shards are kept"
    error = result[1]
    if type(error).__name__ == "KilledWorker":
        return "workers died again and again of the same shard; look at their logs (memory?) and run this again"
    return f"a worker failed: {_first_line(error)}; {ADVICE}"


class _Guard:
    """Notices that the scheduler or all workers have gone, of which Dask itself would say nothing."""

    def __init__(self, client):
        self.client, self.last_seen, self.next_look = client, time.monotonic(), 0.0

    def check(self) -> None:
        now = time.monotonic()
        if now < self.next_look:
            return
        self.next_look = now + 1
        if self.client.status == "running" and self.client.nthreads():
            self.last_seen = now
        if now - self.last_seen > SECONDS_FOR_A_WORKER:
            raise InputError(
                f"no worker for {SECONDS_FOR_A_WORKER} seconds at {self.client.scheduler.address}; start some, and run "
                "this again: finished shards are kept"
            )


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
