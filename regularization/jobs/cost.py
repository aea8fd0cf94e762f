"""The time and the memory that trainings will take on this machine, estimated before they start."""

import os
import time
from typing import NamedTuple

import numpy as np

from regularization.errors import InputError
from regularization.jobs.work import BUNCH_BYTES

# Measured on one core of an Intel Sapphire Rapids with networks of 2 to 500 inputs and up to 64 units: 1.4e-10 to
# 1.9e-10 seconds for a row, an epoch and a weight; 5e-10 with 4 units, where the optimizer weighs more. Dropout adds a
# third.
SECONDS_PER_WEIGHT = 1.7e-10
PROBE_SECONDS = 0.00056  # what `_probe` takes there
BYTES_PER_WEIGHT = 20  # a weight, Adam's two moments of it, its average and its best value so far
BYTES_PER_EPOCH = 24  # the six figures of a history
SECONDS_TO_COMPILE = 8  # two or three programs
LIBRARY_BYTES = 0.9e9  # TensorFlow, Keras and one compiled program
PROGRAM_BYTES = 6e7  # each further program


class Cost(NamedTuple):
    """About how long, in seconds, and how much memory, in bytes; a factor of two either way is not unusual."""

    seconds: float
    memory: float

    def __str__(self) -> str:
        return f"about {duration(self.seconds)} and {self.memory / 1e9:.1f} GB of memory"


def duration(seconds: float) -> str:
    """Return `1 second`, `42 seconds`, `1 minute`, `12 minutes`, `1.6 hours`."""
    minutes = seconds / 60
    if minutes >= 90:
        return f"{minutes / 60:.1f} hours"
    number, unit = (round(seconds), "second") if round(seconds) < 60 else (round(minutes), "minute")
    return f"{number} {unit}{'' if number == 1 else 's'}"


def estimate_cost(
    *,
    n_trainings: int,
    n_splits: int,
    epochs: int,
    n_rows: int,
    n_inputs: int,
    n_weights: int,
    n_at_once: int = 0,
    n_programs: int = 1,
    workers: int | None = None,
) -> Cost:
    """The cost of `n_trainings` networks of `n_weights` on `n_splits` splits of a table of `n_rows` rows.

    `n_at_once` of them stand in memory together, with their histories. Their techniques make `n_programs`.
    """
    from regularization.population.epoch_blocks import block_bytes  # with TensorFlow

    workers = workers or os.cpu_count() or 1
    programs = LIBRARY_BYTES + PROGRAM_BYTES * (n_programs - 1)
    seconds = SECONDS_TO_COMPILE + estimate_seconds(
        n_trainings=n_trainings, epochs=epochs, n_rows=n_rows, n_weights=n_weights, workers=workers
    )
    block = block_bytes(n_rows, n_inputs + 1, workers=workers)
    splits = min(16 * n_splits * n_rows * n_inputs, BUNCH_BYTES)  # the rows of each, scaled anew
    networks = n_at_once * (BYTES_PER_WEIGHT * n_weights + BYTES_PER_EPOCH * epochs)
    return Cost(seconds, programs + splits + block + networks)


def estimate_seconds(
    *, n_trainings: int, epochs: int, n_rows: int, n_weights: int, workers: int | None = None
) -> float:
    """Return about how long the trainings take on this machine once they are compiled. Needs no TensorFlow."""
    slowness = this_machine() / (workers or os.cpu_count() or 1)
    return n_trainings * epochs * n_rows * n_weights * SECONDS_PER_WEIGHT * slowness


def this_machine() -> float:
    """Return how many times as long one core takes here as one of the machine on which the figures were measured."""
    return _probe() / PROBE_SECONDS


def check_memory(cost: Cost, machine: float | None = None) -> None:
    """Raise `InputError` where the cost is more memory than the `machine` has, in bytes: Linux kills without a word."""
    machine = machine or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if cost.memory > machine:
        raise InputError(
            f"this takes {cost}, and this machine has {machine / 1e9:.1f} GB; take narrower hidden_units, fewer "
            "epochs, or fewer seeds and splits"
        )


def _probe() -> float:
    """Seconds of a fixed piece of arithmetic, the best of 10 tries: how fast this processor is."""
    values, factor = np.full(2**14, 0.5, np.float32), np.full(2**14, 1.0001, np.float32)
    tries = []
    for _ in range(10):
        start = time.process_time()
        for _ in range(200):
            np.multiply(factor, values, out=values)
            np.add(factor, values, out=values)
        tries.append(time.process_time() - start)
    return min(tries)
