"""Engines give the same bytes: this process, local processes, and a real cluster over TLS that is hurt on the way."""

import os
import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import dask.config
import numpy as np
import pytest
from distributed.security import Security

from regularization.errors import InputError
from regularization.jobs import code_bundle, engines
from regularization.jobs.engines import connect, local_processes, train_here, train_on
from regularization.jobs.work import Shard, Work
from regularization.rounding import OTHER_SETTINGS, SETTINGS

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(120, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.float32)
SPLITS = tuple((X[:n], Y[:n], X[60:80], Y[60:80]) for n in (50, 60))
WORK = Work({"n_features": 4, "hidden_units": (5, 5), "learning_rate": 0.01}, 8, 16, SPLITS)
SHARDS = [Shard(({"l1": 0.01 * n}, {"patience": 2}), ((0, n), (1, n + 50))) for n in range(6)]
OURS = {"PYTHONPATH", *SETTINGS, *OTHER_SETTINGS}  # which a worker on another machine would not have
NO_PROGRESS = lambda _: None  # noqa: E731


def scheduler_at(address: str, monkeypatch) -> list[str]:
    monkeypatch.setattr(engines, "SECONDS_TO_CONNECT", 0.5)
    monkeypatch.setattr(engines, "SECONDS_FOR_A_WORKER", 2)
    said = []
    with dask.config.set({"scheduler-address": address}), connect(warn=said.append):
        pass
    return said


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://here"])
def test_no_scheduler_at_the_address(monkeypatch, address):
    with pytest.raises(InputError, match=r"DASK_SCHEDULER_ADDRESS: received .*, where no scheduler answers"):
        scheduler_at(address, monkeypatch)


@pytest.mark.parametrize(
    ("certificate", "problem"), [(None, "no certificate is named"), ("missing.pem", "cannot be read .*No such file")]
)
def test_an_address_over_tls_without_a_certificate_says_which_settings_are_missing(monkeypatch, certificate, problem):
    settings = {f"distributed.comm.tls.{name}": certificate for name in ("ca-file", "client.cert", "client.key")}
    with dask.config.set(settings), pytest.raises(InputError, match=rf"tls://127.0.0.1:9, but .*{problem}.*CA_FILE"):
        scheduler_at("tls://127.0.0.1:9", monkeypatch)


class Cluster:
    """A scheduler and workers in processes of their own, in a folder that is not the repository's, over TLS."""

    def __init__(self, folder: Path):
        self.folder, self.processes = folder, []
        security = Security.temporary()
        for name, content in (("ca", security.tls_ca_file), ("key", security.tls_client_key)):
            (folder / f"{name}.pem").write_text(str(content), encoding="utf-8")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"tls://127.0.0.1:{port}"
        self.start("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard", "--protocol", "tls")

    def start(self, kind: str, *options: str) -> subprocess.Popen:
        ca, key = self.folder / "ca.pem", self.folder / "key.pem"
        tls = ["--tls-ca-file", str(ca), "--tls-cert", str(ca), "--tls-key", str(key)]
        environment = {name: value for name, value in os.environ.items() if name not in OURS}
        with (self.folder / f"{kind}{len(self.processes)}.log").open("w") as log:
            command = [sys.executable, "-m", "dask", kind, *options, *tls]
            started = subprocess.Popen(command, cwd=self.folder, env=environment, stdout=log, stderr=log)
        self.processes.append(started)
        return started

    def add_worker(self) -> subprocess.Popen:
        """Without a nanny, so that killing the process kills the worker for good."""
        return self.start("worker", self.address, "--nthreads", "1", "--no-nanny", "--no-dashboard")

    def config(self) -> dict:
        ca, key = str(self.folder / "ca.pem"), str(self.folder / "key.pem")
        tls = {"ca-file": ca, "client.cert": ca, "client.key": key}
        its_config = {f"distributed.comm.tls.{name}": path for name, path in tls.items()}
        return its_config | {"scheduler-address": self.address}

    def stop(self) -> None:
        for process in reversed(self.processes):
            process.kill()
            process.wait()


@pytest.fixture
def running(tmp_path):
    its_cluster = Cluster(tmp_path)
    with dask.config.set(its_cluster.config()):
        yield its_cluster
    its_cluster.stop()


@pytest.fixture(scope="module")
def here():
    return dict(train_here(WORK, SHARDS, on_progress=NO_PROGRESS))


def assert_same(found: dict, expected: dict) -> None:
    assert found.keys() == expected.keys()
    for number, trained in expected.items():
        for ours, theirs in zip(found[number], trained, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def never(text: str) -> None:
    raise AssertionError(text)


@pytest.mark.slow
def test_a_worker_killed_in_the_middle_changes_nothing(running, here):
    first = running.add_worker()
    running.add_worker()
    counted, found = [], {}
    with connect(warn=never) as client:
        client.wait_for_workers(2, timeout=60)
        for number, trained in train_on(client, WORK, SHARDS, on_progress=counted.append):
            found[number] = trained
            if len(found) == 1:
                first.kill()
    assert_same(found, here)
    assert sum(counted) == sum(shard.n_trainings for shard in SHARDS)


@pytest.mark.slow
def test_changed_code_reaches_running_workers_and_the_old_code_too(running, here, monkeypatch, tmp_path):
    running.add_worker()
    changed = tmp_path / "changed" / "regularization"
    shutil.copytree(code_bundle.PACKAGE, changed, ignore=shutil.ignore_patterns("__pycache__"))
    file = changed / "jobs" / "training.py"
    text = file.read_text(encoding="utf-8")
    assert "weights.reshape(*shape" in text
    file.write_text(text.replace("weights.reshape(*shape", "1 + weights.reshape(*shape"), encoding="utf-8")
    with connect(warn=never) as client:
        assert_same(dict(train_on(client, WORK, SHARDS[:1], on_progress=NO_PROGRESS)), {0: here[0]})
        with monkeypatch.context() as patch:
            patch.setattr(code_bundle, "PACKAGE", changed)
            ((_, other),) = train_on(client, WORK, SHARDS[:1], on_progress=NO_PROGRESS)
        np.testing.assert_allclose(other.weights, here[0].weights + 1, rtol=1e-6)
        assert_same(dict(train_on(client, WORK, SHARDS[:1], on_progress=NO_PROGRESS)), {0: here[0]})


@pytest.mark.slow
def test_a_cluster_without_workers_and_one_with_other_versions(running, monkeypatch):
    monkeypatch.setattr(engines, "SECONDS_FOR_A_WORKER", 3)
    with pytest.raises(InputError, match="got no worker in 3 seconds; start `dask worker`"), connect(warn=never):
        pass
    running.add_worker()
    monkeypatch.setattr(engines, "SECONDS_FOR_A_WORKER", 60)
    for changed, message in (({"keras": "1.0"}, r"has keras .* \(here 1.0\)"), ({"python": "3.9.1"}, "has Python 3")):
        other = code_bundle.computing_environment() | changed
        monkeypatch.setattr(engines, "computing_environment", lambda other=other: other)
        with connect(warn=never) as client, pytest.raises(InputError, match=message):
            list(train_on(client, WORK, SHARDS, on_progress=NO_PROGRESS))


@pytest.mark.slow
def test_all_workers_gone(running, monkeypatch):
    only = running.add_worker()
    with connect(warn=never) as client:
        monkeypatch.setattr(engines, "SECONDS_FOR_A_WORKER", 5)
        results = train_on(client, WORK, SHARDS, on_progress=NO_PROGRESS)
        next(results)
        only.kill()
        start = time.monotonic()
        with pytest.raises(InputError, match="no worker for 5 seconds"):
            list(results)
        assert time.monotonic() - start < 60


@pytest.mark.slow
def test_the_scheduler_gone(running):
    running.add_worker()
    with connect(warn=never) as client:
        results = train_on(client, WORK, SHARDS, on_progress=NO_PROGRESS)
        next(results)
        running.processes[0].kill()
        start = time.monotonic()
        with pytest.raises(InputError, match=r"the scheduler at .* has gone|no worker for .* seconds at"):
            list(results)
        assert time.monotonic() - start < 60


@pytest.mark.slow
def test_local_processes_give_the_same(here):
    with local_processes(2) as client:
        assert client.scheduler.address.startswith("tls://")
        assert_same(dict(train_on(client, WORK, SHARDS, on_progress=NO_PROGRESS)), here)
