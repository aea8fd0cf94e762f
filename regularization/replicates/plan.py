"""Which trainings the replicates are made of, and how they are shared out. Needs no TensorFlow."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from regularization.jobs.work import BUNCH_BYTES, Shard
from regularization.table import Arrays, PlannedSplit, Table, plan_splits
from regularization.variants import splits_of

SPLITS_KEPT_TOGETHER = 65  # of one protocol: further splits leave the earlier ones as they are


Chunk = list[PlannedSplit]


class Run(NamedTuple):
    """One training: the columns that name it in the table of replicates."""

    variant: str
    protocol: str
    split: int
    seed: int


def plan_group(group: str, params, table: Table) -> list[PlannedSplit]:
    """Return the splits that the variants of one group of replicates are trained on; see `variants.splits_of`."""
    return plan_splits(
        table,
        test_size=params.split.test_size,
        validation_split=params.split.validation_split,
        random_state=params.split.random_state,
        seed=params.seed,
        seeds=params.replicate.seeds,
        splits=splits_of(group, params),
        leaky_twins=params.replicate.leaky_twins if group in params.headline else 0,
    )


def plan_chunks(splits: Sequence[PlannedSplit]) -> list[Chunk]:
    """Return the splits of each protocol in their order, cut into what is kept in one piece."""
    chunks = []
    for protocol in dict.fromkeys(split.protocol for split in splits):
        alike = [split for split in splits if split.protocol == protocol]
        chunks += [alike[i : i + SPLITS_KEPT_TOGETHER] for i in range(0, len(alike), SPLITS_KEPT_TOGETHER)]
    return chunks


def n_runs(chunk: Chunk) -> int:
    return sum(len(split.seeds) for split in chunk)


def plan_bunches(chunks: Sequence[Chunk], table: Table) -> list[list[Chunk]]:
    """Return the chunks in their order, as many at a time as `BUNCH_BYTES` allow: rows are in memory four times.

    A network's result does not depend on the others trained with it, so the bunches change no result.
    """
    bunches, free = [], 0
    for chunk in chunks:
        of_run = 48 * table.head.units  # scores and outputs of a row
        needed = sum(len(table.y) * (16 * table.n_inputs + 12 + of_run * len(split.seeds)) for split in chunk)
        if needed > free:
            bunches.append([])
            free = BUNCH_BYTES
        bunches[-1].append(chunk)
        free -= needed
    return bunches


def plan_shards(variants: Sequence[dict], splits: Sequence[PlannedSplit], *, runs_per_shard: int | None) -> list[Shard]:
    """Return every variant with every seed of every split: `runs_per_shard` of these at a time, or all at once."""
    runs = tuple((number, seed) for number, split in enumerate(splits) for seed in split.seeds)
    size = runs_per_shard or len(runs)
    return [Shard(tuple(variants), runs[first : first + size]) for first in range(0, len(runs), size)]


def in_32_bits(arrays: Arrays) -> Arrays:
    """Return the numbers that the networks compute with, in half the memory."""
    return arrays._replace(
        **{name: part.astype(np.float32) for name, part in arrays._asdict().items() if name[0] == "X"}
    )
