"""Which trainings the replicates are made of, and how they are shared out. Needs no TensorFlow."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from regularization.table import Arrays, PlannedSplit, Table

BUNCH_BYTES = 10**9  # what the rows of the splits in work may take


class Run(NamedTuple):
    """One training: the columns that name it in the table of replicates."""

    variant: str
    protocol: str
    split: int
    seed: int


class Shard(NamedTuple):
    """One population: some variants, each trained once in every run."""

    variants: tuple[dict[str, Any], ...]  # settings of `build_model` and of training
    runs: tuple[tuple[int, int], ...]  # which split of the work, and the seed

    @property
    def n_trainings(self) -> int:
        return len(self.variants) * len(self.runs)


class Trained(NamedTuple):
    """What the trainings of a shard gave."""

    weights: np.ndarray  # (variants, runs, parameters); a smaller network's end in 0
    history: np.ndarray  # (6, variants, runs, epochs), as in `PopulationHistory`
    diverged: np.ndarray  # (variants, runs), true where the loss ceased to be a finite number


class Work(NamedTuple):
    """What all shards have in common: the rows of each split and how long to train on them."""

    network: dict[str, Any]  # settings of `build_model` that all variants share, unless one has its own
    epochs: int
    batch_size: int
    splits: tuple[tuple[np.ndarray, ...], ...]  # of each, X_train, y_train, X_val, y_val, 32-bit

    trainer = "regularization.replicates.shard_training"

    @property
    def shard_type(self) -> type[Shard]:
        return Shard

    @property
    def trained_type(self) -> type[Trained]:
        return Trained


def plan_bunches(splits: Sequence[PlannedSplit], table: Table) -> list[list[PlannedSplit]]:
    """The splits in their order, as many at a time as `BUNCH_BYTES` allow: the rows of each are in memory four times.

    Who else is trained changes no bit of a network, so the bunches change no result.
    """
    bunches, free = [], 0
    for split in splits:
        needed = len(table.y) * (16 * table.n_inputs + 12 + 48 * len(split.seeds))
        if needed > free:
            bunches.append([])
            free = BUNCH_BYTES
        bunches[-1].append(split)
        free -= needed
    return bunches


def plan_shards(variants: Sequence[dict], splits: Sequence[PlannedSplit], *, runs_per_shard: int | None) -> list[Shard]:
    """Every variant with every seed of every split, `runs_per_shard` of these at a time; with None, all at once."""
    runs = tuple((number, seed) for number, split in enumerate(splits) for seed in split.seeds)
    size = runs_per_shard or len(runs)
    return [Shard(tuple(variants), runs[first : first + size]) for first in range(0, len(runs), size)]


def in_32_bits(arrays: Arrays) -> Arrays:
    """The numbers that the networks compute with, in half the memory."""
    return Arrays(*(part.astype(np.float32) if part.ndim == 2 else part for part in arrays))
