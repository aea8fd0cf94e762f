"""The measurements of all trainings of some variants, as the tables that a stage writes."""

import math
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import pandas as pd

from regularization.heads import Head
from regularization.replicates.curves import curve_bands
from regularization.replicates.measuring import Measured
from regularization.replicates.plan import Chunk, Run
from regularization.table import PlannedSplit, Table
from regularization.table.block_scores import pack_blocks


class Replicates(NamedTuple):
    """The measurements of all trainings of some variants, as tables."""

    trainings: pd.DataFrame  # one row per training: its scores on each part of its split
    blocks: pd.DataFrame  # one row per variant and block, with the scores of every honest training (block_scores.py)
    curves: pd.DataFrame  # see `curve_bands`
    calibration: pd.DataFrame  # see `Head.picture_table`; over the test rows of the honest trainings


def make_tables(
    measured: Mapping[str, Sequence[Measured]], chunks: Sequence[Chunk], splits: Sequence[PlannedSplit], table: Table
) -> Replicates:
    """Return the tables of all variants from the measurements of each on the `chunks` of the `splits`."""
    runs, in_chunks = _runs(splits), {run: number for number, run in enumerate(_runs(chain(*chunks)))}
    of_row = next(split.blocks for split in splits if split.blocks is not None)
    shared = {
        "runs": pd.DataFrame(runs, columns=["protocol", "split", "seed"]),
        "order": [in_chunks[run] for run in runs],
        "blocks": np.bincount(of_row),
        "facts": {name: _sums(of_row, values) for name, values in table.head.facts(table.y).items()},
        "head": table.head,
    }
    tables = [_tables(name, parts, **shared) for name, parts in measured.items()]
    return Replicates(*(pd.concat(of_variants, ignore_index=True) for of_variants in zip(*tables, strict=True)))


def _sums(blocks: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Of each block; counts stay whole numbers."""
    sums = np.bincount(blocks, values)
    return sums.astype(int) if np.issubdtype(values.dtype, np.integer) else sums


def _tables(
    name: str,
    parts: Sequence[Measured],
    runs: pd.DataFrame,
    order: Sequence[int],
    blocks: np.ndarray,
    facts: Mapping[str, np.ndarray],
    head: Head,
) -> tuple[pd.DataFrame, ...]:
    """Return the tables of a variant, in the order of `Replicates`, from the measurements of its chunks.

    `order` leads from the chunks' order to that of the `runs`; `blocks` holds the rows of each block, and `facts` what
    is known of them.
    """
    trainings, sums, curves, calibration = zip(*parts, strict=True)
    rows = pd.DataFrame(np.concatenate(trainings)).iloc[list(order)].reset_index(drop=True)
    columns = dict(zip(head.columns, np.concatenate(sums, axis=1), strict=True))
    counts = np.concatenate(calibration)
    # exact sums, so that the order of the trainings changes nothing
    cells = counts.reshape(len(counts), math.prod(counts.shape[1:])).T
    summed = np.array([math.fsum(cell) for cell in cells]).reshape(counts.shape[1:])
    picture = head.picture_table(summed)
    picture.insert(0, "variant", name)
    return (
        pd.concat([runs.assign(variant=name)[list(Run._fields)], rows], axis=1),
        pack_blocks(name, blocks, columns, facts=facts),
        curve_bands(name, np.concatenate(curves, axis=1), head),
        picture,
    )


def _runs(splits: Iterable[PlannedSplit]) -> list[tuple[str, int, int]]:
    return [(split.protocol, split.number, seed) for split in splits for seed in split.seeds]
