"""The measurements of all trainings of some variants, as the tables that a stage writes."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
import pandas as pd

from regularization.metrics import METRICS
from regularization.networks.evaluation import calibration_table
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
    calibration: pd.DataFrame  # see `evaluation.calibration_table`; over the test rows of the honest trainings


def make_tables(
    measured: Mapping[str, Sequence[Measured]], chunks: Sequence[Chunk], splits: Sequence[PlannedSplit], table: Table
) -> Replicates:
    """Return the tables of all variants from the measurements of each on the `chunks` of the `splits`."""
    runs, in_chunks = _runs(splits), {run: number for number, run in enumerate(_runs(chain(*chunks)))}
    of_row = next(split.blocks for split in splits if split.blocks is not None)
    shared = {
        "runs": pd.DataFrame(runs, columns=["protocol", "split", "seed"]),
        "order": [in_chunks[run] for run in runs],
        "blocks": (np.bincount(of_row), np.bincount(of_row, table.y).astype(int)),
    }
    tables = [_tables(name, parts, **shared) for name, parts in measured.items()]
    return Replicates(*(pd.concat(of_variants, ignore_index=True) for of_variants in zip(*tables, strict=True)))


def _tables(
    name: str,
    parts: Sequence[Measured],
    runs: pd.DataFrame,
    order: Sequence[int],
    blocks: tuple[np.ndarray, np.ndarray],
) -> tuple[pd.DataFrame, ...]:
    """Return the tables of a variant, in the order of `Replicates`, from the measurements of its chunks.

    `order` leads from the chunks' order to that of the `runs`; `blocks` holds the rows of each block, and those of
    class 1.
    """
    trainings, sums, curves, calibration = zip(*parts, strict=True)
    rows = pd.DataFrame(np.concatenate(trainings)).iloc[list(order)].reset_index(drop=True)
    by_metric = np.concatenate(sums, axis=1)
    columns = {metric.block_column: values for metric, values in zip(METRICS.values(), by_metric, strict=True)}
    return (
        pd.concat([runs.assign(variant=name)[list(Run._fields)], rows], axis=1),
        pack_blocks(name, blocks[0], columns, class_1=blocks[1]),
        curve_bands(name, np.concatenate(curves, axis=1)),
        calibration_table(name, np.concatenate(calibration)),
    )


def _runs(splits: Iterable[PlannedSplit]) -> list[tuple[str, int, int]]:
    return [(split.protocol, split.number, seed) for split in splits for seed in split.seeds]
