"""Train every variant under every protocol, and measure each network."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from regularization.block_scores import pack_blocks
from regularization.cluster.engines import train_here
from regularization.cluster.work import Progress
from regularization.errors import InputError
from regularization.evaluation import calibration_table
from regularization.population import PopulationHistory
from regularization.replicates.curves import best_epochs, curve_bands, held_at_best
from regularization.replicates.measuring import Measured, measure_runs, scale_table
from regularization.replicates.runs import Run, Trained, Work, in_32_bits, plan_bunches, plan_shards
from regularization.replicates.shard_training import read_variant
from regularization.table import PlannedSplit, Table


class Replicates(NamedTuple):
    """What the trainings of some variants give, as tables."""

    trainings: pd.DataFrame  # one row per training: its scores on each part of its split
    blocks: pd.DataFrame  # one row per variant and block, with the scores of every honest training (block_scores.py)
    curves: pd.DataFrame  # see `curve_bands`
    calibration: pd.DataFrame  # see `evaluation.calibration_table`; over the test rows of the honest trainings


def train_replicates(
    variants: Mapping[str, dict],
    splits: Sequence[PlannedSplit],
    table: Table,
    *,
    network: dict,
    epochs: int,
    batch_size: int,
    train_shards: Callable[..., Iterator[tuple[int, Trained]]] = train_here,
    runs_per_shard: int | None = None,
    on_progress: Progress | None = None,
) -> Replicates:
    """One network per variant, split and seed, on the `table`; in bunches, so that memory stays flat.

    A variant is the settings of `build_model` and of training that make it, `network` those that all share unless a
    variant has its own. `train_shards(work, shards, on_progress=...)` trains (see `cluster/engines.py`), by default
    here, and `runs_per_shard` is for several processes to share the work; neither changes the result. A training that
    diverged has no figures in its row, and none in the blocks. Raises `InputError` where all did.
    """
    templates = {name: read_variant(network, settings) for name, settings in variants.items()}
    parts = {name: [] for name in variants}
    for bunch in plan_bunches(splits, table):
        arrays = [in_32_bits(split.arrays(table)) for split in bunch]
        work = Work(network, epochs, batch_size, tuple(its_arrays[:4] for its_arrays in arrays))
        shards = plan_shards(list(variants.values()), bunch, runs_per_shard=runs_per_shard)
        trained = dict(train_shards(work, shards, on_progress=on_progress or (lambda _: None)))
        weights, history, diverged = _join_shards([trained[number] for number in range(len(shards))])
        tables = [scale_table(split, its, len(table.y)) for split, its in zip(bunch, arrays, strict=True)]
        for number, (name, (template, patience)) in enumerate(templates.items()):
            curves = PopulationHistory(*history[:, number], diverged=())
            measured = measure_runs(
                template,
                weights[number, :, : template.architecture.n_parameters],
                diverged[number],
                best_epochs(curves),
                bunch,
                tables,
                table,
                validated=patience is not None,
            )
            parts[name].append((measured, curves if patience is None else held_at_best(curves)))
    found = [_tables(name, its_parts, splits, table.y) for name, its_parts in parts.items()]
    replicates = Replicates(*(pd.concat(of_variants, ignore_index=True) for of_variants in zip(*found, strict=True)))
    if "test_loss" not in replicates.trainings or replicates.trainings["test_loss"].isna().all():
        raise InputError(f"every training of {', '.join(variants)} diverged; lower learning_rate or the penalties")
    return replicates


def _join_shards(shards: Sequence[Trained]) -> Trained:
    """The runs of all `shards`, one after another."""
    if len(shards) == 1:
        return shards[0]  # a copy would take as much memory again
    weights, history, diverged = zip(*shards, strict=True)
    return Trained(np.concatenate(weights, axis=1), np.concatenate(history, axis=2), np.concatenate(diverged, axis=1))


def _tables(
    name: str,
    parts: Sequence[tuple[Measured, PopulationHistory]],
    splits: Sequence[PlannedSplit],
    y: np.ndarray,
) -> tuple[pd.DataFrame, ...]:
    """The tables of a variant, in the order of `Replicates`, from what its bunches of splits gave."""
    measured, curves = zip(*parts, strict=True)
    runs = pd.DataFrame([Run(name, split.protocol, split.number, seed) for split in splits for seed in split.seeds])
    trainings = pd.concat([bunch.trainings for bunch in measured], ignore_index=True)
    arrays = (np.concatenate(array) for array in zip(*(bunch[:-1] for bunch in curves), strict=True))
    history = PopulationHistory(*arrays, diverged=())
    of_row = next(split.blocks for split in splits if split.blocks is not None)
    honest = [bunch.sums for bunch in measured if bunch.sums]
    sums = {column: np.concatenate([its_sums[column] for its_sums in honest]) for column in honest[0]}
    rows, class_1 = np.bincount(of_row), np.bincount(of_row, y).astype(int)
    blocks = pack_blocks(name, rows, sums, class_1=class_1)
    calibration = calibration_table(name, np.concatenate([bunch.calibration for bunch in measured]))
    trainings = pd.concat([runs, trainings], axis=1)
    return trainings, blocks, curve_bands(trainings, history), calibration
