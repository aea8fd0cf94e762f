"""The pilot: a few early-stopped trainings of the baseline, which say how long the others should go on.

Needs TensorFlow.
"""

import numpy as np

from regularization.errors import InputError
from regularization.jobs.training import train_shard
from regularization.jobs.work import BUNCH_BYTES, Shard, Work
from regularization.replicates.plan import in_32_bits
from regularization.table import PlannedSplit, Table

RUNS = 15  # a program takes 16
LEAST_RUNS = 3
PATIENCE, ROWS_FOR_PATIENCE = 20, 10**6  # a larger table has a smoother loss, and its epochs take longer
EPOCHS = 500


def best_epoch(splits: list[PlannedSplit], table: Table, *, network: dict, batch_size: int) -> int:
    """Return the median epoch, from 1, of the lowest validation loss on the first honest `splits` of the `table`.

    `network` are the settings of `build_model` that all networks share. Raises `InputError` where all diverged.
    """
    n_runs = int(np.clip(BUNCH_BYTES // (16 * len(table.y) * table.n_inputs), LEAST_RUNS, RUNS))
    first = [split for split in splits if split.protocol == "honest"][:n_runs]
    parts = tuple(in_32_bits(split.arrays(table))[:4] for split in first)
    runs = tuple((number, seed) for number, split in enumerate(first) for seed in split.seeds)
    patience = min(PATIENCE, 3 + ROWS_FOR_PATIENCE // len(table.y))
    trained = train_shard(Work(network, EPOCHS, batch_size, parts), Shard(({"patience": patience},), runs))
    epochs = trained.best_epochs[~trained.diverged]
    if not len(epochs):
        raise InputError("every training of the pilot diverged; lower learning_rate")
    return int(np.median(epochs))
