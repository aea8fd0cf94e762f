"""Which trainings the replicates are made of, and how they are shared out. Needs no TensorFlow."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from regularization.jobs.work import BUNCH_BYTES, Shard
from regularization.table import Arrays, PlannedSplit, Table, plan_splits
from regularization.variants import seeds_of, splits_of

MOST_TOGETHER = 65  # splits of one protocol that are kept in one piece: further ones leave the earlier as they are
LEAST_TOGETHER = 15  # of a large table; a program takes 16 networks


Chunk = list[PlannedSplit]


class Run(NamedTuple):
    """One training: the columns that name it in the table of replicates."""

    variant: str
    protocol: str
    split: int
    seed: int


def plan_group(group: str, params, table: Table) -> list[PlannedSplit]:
    """Return the splits that the variants of one group of replicates are trained on; see `variants.splits_of`.

    All groups give a split the same seed, however many seeds they take on the notebook's split.
    """
    notebook, *others = plan_splits(
        table,
        test_size=params.split.test_size,
        validation_split=params.split.validation_split,
        random_state=params.split.random_state,
        seed=params.seed,
        seeds=params.replicate.seeds,
        splits=splits_of(group, params),
        leaky_twins=params.replicate.leaky_twins if group in params.headline else 0,
    )
    seeds = notebook.seeds[: seeds_of(group, params)]
    return [notebook._replace(seeds=seeds), *others] if seeds else others


def plan_chunks(splits: Sequence[PlannedSplit], table: Table) -> list[Chunk]:
    """Return the splits of each protocol in their order, cut into what is kept in one piece, less of a large table."""
    chunks, fitting = [], int(BUNCH_BYTES // _split_bytes(table, n_seeds=1))
    size = min(max(fitting // LEAST_TOGETHER, 1) * LEAST_TOGETHER, MOST_TOGETHER)
    for protocol in dict.fromkeys(split.protocol for split in splits):
        alike = [split for split in splits if split.protocol == protocol]
        chunks += [alike[i : i + size] for i in range(0, len(alike), size)]
    return chunks


def n_runs(chunk: Chunk) -> int:
    return sum(len(split.seeds) for split in chunk)


def plan_bunches(chunks: Sequence[Chunk], table: Table) -> list[list[Chunk]]:
    """Return the chunks in their order, as many at a time as `BUNCH_BYTES` allow, one at least.

    A network's result does not depend on the others trained with it, so the bunches change no result.
    """
    bunches, free = [], 0
    for chunk in chunks:
        needed = sum(_split_bytes(table, n_seeds=len(split.seeds)) for split in chunk)
        if needed > free:
            bunches.append([])
            free = BUNCH_BYTES
        bunches[-1].append(chunk)
        free -= needed
    return bunches


def _split_bytes(table: Table, *, n_seeds: int) -> int:
    """What a split takes in memory: its rows four times, in 32 bits, and the scores and outputs of each network."""
    return len(table.y) * (16 * table.n_inputs + 12 + 48 * table.head.units * n_seeds)


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
