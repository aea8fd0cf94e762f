"""Where the replicates and the sweep are trained: on this machine, or on a Dask cluster. Not a stage."""

import contextlib
import functools
import os
import sys
from collections.abc import Callable, Iterator

from tqdm import tqdm

from regularization.errors import InputError
from regularization.jobs.engines import connect, local_processes, scheduler_address, train_here, train_on

ENGINES = ("threads", "processes")  # of the environment variable TRAINING_ENGINE
CORES_FOR_THREADS = 4  # up to here threads do not wait for each other
TRAININGS_PER_PROCESS = 500  # its start costs about as much as 200: it imports TensorFlow and compiles for itself


@contextlib.contextmanager
def open_engine(n_trainings: int) -> Iterator[Callable]:
    """What trains shards: at the scheduler that Dask's settings name, or on this machine. `train_here` needs no others.

    Raises `InputError` for an unknown TRAINING_ENGINE, and where the scheduler or its workers are not there.
    """
    cores = os.cpu_count() or 1
    worth_it = cores > CORES_FOR_THREADS and n_trainings >= TRAININGS_PER_PROCESS * cores
    wanted = os.environ.get("TRAINING_ENGINE") or ("processes" if worth_it else "threads")
    if wanted not in ENGINES:
        raise InputError(f"TRAINING_ENGINE: received {wanted!r}; expected one of {', '.join(ENGINES)}, or nothing")
    if scheduler_address():
        with connect(warn=lambda text: print(text, file=sys.stderr)) as client:
            yield functools.partial(train_on, client)
    elif wanted == "processes":
        with local_processes() as client:
            yield functools.partial(train_on, client)
    else:
        yield train_here


@contextlib.contextmanager
def progress_bar(name: str, n_trainings: int) -> Iterator[Callable[[float], object]]:
    """A progress bar that counts whole trainings and takes fractions of one; silent where there is no terminal."""
    done = 0.0
    with tqdm(total=n_trainings, desc=name, unit="training", disable=None) as bar:

        def advance(trainings: float) -> None:
            nonlocal done
            done += trainings
            bar.update(int(done + 1e-6) - bar.n)

        yield advance
