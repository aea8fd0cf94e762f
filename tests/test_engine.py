"""Which engine the replicates and the sweep get. tests/jobs/ tests the engines themselves."""

import contextlib
import io

import pytest

from regularization.errors import InputError
from stages import _engine
from stages._engine import open_engine, progress_bar


def test_an_engine_of_another_name(monkeypatch):
    monkeypatch.setenv("TRAINING_ENGINE", "gpu")
    with (
        pytest.raises(InputError, match="TRAINING_ENGINE: received 'gpu'; expected one of threads, processes"),
        open_engine(1),
    ):
        pass


@pytest.mark.parametrize(
    ("cores", "trainings", "expected"), [(2, 10**6, "threads"), (16, 1620, "threads"), (16, 8000, "processes")]
)
def test_processes_are_started_where_they_are_worth_it(monkeypatch, cores, trainings, expected):
    @contextlib.contextmanager
    def started():
        yield "processes"

    monkeypatch.delenv("TRAINING_ENGINE", raising=False)
    monkeypatch.setattr(_engine.os, "cpu_count", lambda: cores)
    monkeypatch.setattr(_engine, "local_processes", started)
    monkeypatch.setattr(_engine, "train_on", lambda client: client)
    with open_engine(trainings) as engine:
        assert (engine is _engine.train_here) == (expected == "threads")


def test_the_bar_counts_whole_trainings(monkeypatch):
    seen = []

    class Bar(_engine.tqdm):
        def __init__(self, **options):
            super().__init__(**options | {"disable": False, "file": io.StringIO()})

        def update(self, n=1):
            seen.append(n)
            super().update(n)

    monkeypatch.setattr(_engine, "tqdm", Bar)
    with progress_bar("sweep", 2) as advance:
        for _ in range(20):
            advance(0.1)
    assert sum(seen) == 2
    assert all(isinstance(n, int) for n in seen)


def test_no_bar_where_there_is_no_terminal(capsys):
    with progress_bar("sweep", 2) as advance:
        advance(2)
    assert capsys.readouterr().err == ""
