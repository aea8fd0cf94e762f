"""The time and the memory that trainings will take on this machine, estimated before they start."""

import functools
import os
import time
from typing import NamedTuple

import numpy as np

from regularization.errors import InputError, check_addresses

# Measured on one core of an Intel Sapphire Rapids with networks of 2 to 500 inputs and up to 64 units: 1.4e-10 to
# 1.9e-10 seconds for a row, an epoch and a weight; 5e-10 with 4 units, where the optimizer weighs more. Dropout adds a
# third.
SECONDS_PER_WEIGHT = 1.7e-10
PROBE_SECONDS = 0.00056  # what `_probe` takes there
CORES_THERE = 2
TRIES = 200  # a fifth of a second, as others may be at work on the same machine
BYTES_PER_WEIGHT = 20  # a weight, Adam's two moments of it, its average and its best value so far
BYTES_PER_EPOCH = 24  # the six figures of a history
LIBRARY_BYTES = 0.9e9  # TensorFlow, Keras and one compiled program
LIBRARY_ADDRESSES = 2e9  # that it reserves beside the memory that it uses
PROGRAM_BYTES = 6e7  # each further program


class Cost(NamedTuple):
    """Seconds of one core of the measured machine, and bytes; a factor of two either way is not unusual."""

    serial: float  # seconds that one core works alone
    shared: float  # seconds that all cores share
    memory: float

    @property
    def seconds(self) -> float:
        """How long it takes on this machine."""
        return this_machine() * (self.serial + self.shared / (os.cpu_count() or 1))

    @property
    def seconds_there(self) -> float:
        """How long it takes on the machine on which the figures were measured."""
        return self.serial + self.shared / CORES_THERE

    def __str__(self) -> str:
        return f"about {duration(self.seconds)} and {self.memory / 1e9:.1f} GB of memory"


def duration(seconds: float) -> str:
    """Return `1 second`, `42 seconds`, `1 minute`, `12 minutes`, `1.6 hours`."""
    minutes = seconds / 60
    if minutes >= 90:
        return f"{minutes / 60:.1f} hours"
    number, unit = (round(seconds), "second") if round(seconds) < 60 else (round(minutes), "minute")
    return f"{number} {unit}{'' if number == 1 else 's'}"


@functools.lru_cache(maxsize=1)
def this_machine() -> float:
    """Return how many times as long one core takes here as one of the machine on which the figures were measured."""
    return _probe() / PROBE_SECONDS


def check_memory(cost: Cost, machine: float | None = None) -> None:
    """Raise `InputError` where the cost is more memory than the `machine` has, in bytes: Linux kills without a word.

    And where it is more than `ulimit -v` allows, under which TensorFlow aborts.
    """
    machine = machine or os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    check_addresses(cost.memory + LIBRARY_ADDRESSES)
    if cost.memory > machine:
        raise InputError(
            f"this takes {cost}, and this machine has {machine / 1e9:.1f} GB; take narrower hidden_units, fewer "
            "epochs, or fewer seeds and splits"
        )


def _probe() -> float:
    """Seconds of a fixed piece of arithmetic, the median of many tries: how fast this processor is."""
    values, factor = np.full(2**14, 0.5, np.float32), np.full(2**14, 1.0001, np.float32)
    tries = []
    for _ in range(TRIES):
        start = time.process_time()
        for _ in range(200):
            np.multiply(factor, values, out=values)
            np.add(factor, values, out=values)
        tries.append(time.process_time() - start)
    return float(np.median(tries))
