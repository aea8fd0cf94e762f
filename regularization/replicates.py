"""Train every variant under every protocol, and measure each network."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from regularization.block_scores import pack_blocks
from regularization.errors import InputError
from regularization.evaluation import (
    CALIBRATION_BINS,
    calibration_sums,
    calibration_table,
    describe_kernels,
    expected_calibration_error,
    score_classes,
    score_rows,
)
from regularization.metrics import METRICS
from regularization.models import build_model, initial_weights
from regularization.population import (
    Network,
    PopulationHistory,
    predict_networks,
    read_network,
    train_networks,
)
from regularization.table import Arrays, PlannedSplit, Rows, Table
from regularization.variants import split_settings

CURVES = ("val_accuracy", "val_binary_crossentropy")
BUNCH_BYTES = 10**9  # what the rows of the splits in work may take
EPOCHS_PER_POINT = 5  # of the curves: 100 points out of 500 epochs draw the same line


class Replicates(NamedTuple):
    """What the trainings of some variants give, as tables."""

    trainings: pd.DataFrame  # one row per training: its scores on each part of its split
    blocks: pd.DataFrame  # one row per variant and block, with the scores of every honest training (block_scores.py)
    curves: pd.DataFrame  # see `curve_bands`
    calibration: pd.DataFrame  # see `evaluation.calibration_table`; over the test rows of the honest trainings


class Run(NamedTuple):
    """One training: the columns that name it in the table of replicates."""

    variant: str
    protocol: str
    split: int
    seed: int


def train_replicates(
    variants: Mapping[str, dict],
    splits: Sequence[PlannedSplit],
    table: Table,
    *,
    network: dict,
    epochs: int,
    batch_size: int,
    on_progress: Callable[[int], object] | None = None,
) -> Replicates:
    """One network per variant, split and seed, on the `table`; in bunches, so that memory stays flat.

    A variant is the settings of `build_model` and of training that make it, `network` those that all share unless a
    variant has its own. A training that diverged has no figures in its row, and none in the blocks. Raises `InputError`
    where all did.
    """
    templates, trained_by = {}, {}
    for name, settings in variants.items():
        built_by, trained_by[name] = split_settings(settings)
        templates[name] = read_network(build_model(**network | built_by, seed=0, name=name))
    training = {"epochs": epochs, "batch_size": batch_size, "on_progress": on_progress}
    parts = {name: [] for name in variants}
    for bunch in _bunches(splits, table):
        arrays = {(split.protocol, split.number): _in_32_bits(split.arrays(table)) for split in bunch}
        for name, template in templates.items():
            parts[name].append(_train_bunch(template, bunch, arrays, table, **training, **trained_by[name]))
    found = [_join(name, its_parts, splits, table.y) for name, its_parts in parts.items()]
    tables = Replicates(*(pd.concat(of_variants, ignore_index=True) for of_variants in zip(*found, strict=True)))
    trainings = tables.trainings
    if "test_loss" not in trainings or trainings["test_loss"].isna().all():
        raise InputError(f"every training of {', '.join(variants)} diverged; lower learning_rate or the penalties")
    return tables


def _bunches(splits: Sequence[PlannedSplit], table: Table) -> list[list[PlannedSplit]]:
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


class _Bunch(NamedTuple):
    """What one variant's trainings on some of the splits gave."""

    trainings: pd.DataFrame
    history: PopulationHistory
    sums: dict[str, np.ndarray]  # by column, (honest trainings, blocks)
    calibration: np.ndarray  # (honest trainings that did not diverge, bins, 3)


def _join(
    name: str, bunches: Sequence[_Bunch], splits: Sequence[PlannedSplit], y: np.ndarray
) -> tuple[pd.DataFrame, ...]:
    """The tables of a variant, in the order of `Replicates`."""
    trainings = pd.concat([bunch.trainings for bunch in bunches], ignore_index=True)
    arrays = zip(*(bunch.history[:-1] for bunch in bunches), strict=True)
    history = PopulationHistory(*(np.concatenate(array) for array in arrays), diverged=())
    of_row = next(split.blocks for split in splits if split.blocks is not None)
    honest = [bunch.sums for bunch in bunches if bunch.sums]
    sums = {column: np.concatenate([its_sums[column] for its_sums in honest]) for column in honest[0]}
    rows, class_1 = np.bincount(of_row), np.bincount(of_row, y).astype(int)
    blocks = pack_blocks(name, rows, sums, class_1=class_1)
    calibration = calibration_table(name, np.concatenate([bunch.calibration for bunch in bunches]))
    return trainings, blocks, curve_bands(trainings, history), calibration


def _train_bunch(
    template: Network,
    splits: Sequence[PlannedSplit],
    arrays: Mapping[tuple[str, int], Arrays],
    table: Table,
    patience: int | None = None,
    **training,
) -> _Bunch:
    runs = [Run(template.name, split.protocol, split.number, seed) for split in splits for seed in split.seeds]
    split_of_run = [split for split in splits for _ in split.seeds]
    networks = [
        template._replace(name=str(number), weights=_initial_weights(template, run.seed))
        for number, run in enumerate(runs)
    ]
    data = [arrays[run.protocol, run.split] for run in runs]
    weights, history = train_networks(networks, data, seeds=[run.seed for run in runs], patience=patience, **training)
    logits, penalties = _predict(networks, weights, split_of_run, arrays, table)
    scores = score_rows(table.y, logits)
    diverged = np.isin([network.name for network in networks], history.diverged)
    measured = []
    for number, split in enumerate(split_of_run):
        measured.append(_sizes(split.rows, table.groups))
        if not diverged[number]:
            measured[number].update(_measure(table.y, split, number, logits, scores, penalties))
    kernels = [_describe(template, its_weights) for its_weights in weights]
    described = pd.DataFrame(kernels).assign(best_epoch=_best_epochs(history))
    described[diverged] = np.nan
    trainings = pd.concat([pd.DataFrame(runs), pd.DataFrame(measured), described], axis=1)
    sums = _block_sums(split_of_run, scores, diverged, logits, table.y, validated=patience is not None)
    calibration = _calibration(table.y, split_of_run, logits, diverged)
    return _Bunch(trainings, history if patience is None else _held(history), sums, calibration)


def _initial_weights(template: Network, seed: int) -> np.ndarray:
    architecture = template.architecture
    return initial_weights(seed, architecture.units, batch_normalization=any(architecture.normalizes))


def _predict(networks, weights, split_of_run, arrays, table) -> tuple[np.ndarray, np.ndarray]:
    """Every network on every row of the table, scaled as its split has it; penalties per part of its split."""
    X, shares = {}, {}
    for split in split_of_run:
        key = (split.protocol, split.number)
        if key not in X:
            its_arrays = arrays[key]
            X[key] = np.empty((len(table.y), its_arrays.X_train.shape[1]), np.float32)
            shares[key] = np.zeros((3, len(table.y)), np.float32)
            parts = (its_arrays.X_train, its_arrays.X_val, its_arrays.X_test)
            for number, (rows, part) in enumerate(zip(split.rows, parts, strict=True)):
                X[key][rows] = part
                shares[key][number, rows] = 1 / len(rows)
    keys = [(split.protocol, split.number) for split in split_of_run]
    return predict_networks(networks, weights, [X[key] for key in keys], [shares[key] for key in keys])


def _sizes(rows: Rows, groups: np.ndarray) -> dict[str, int]:
    n_distinct = len(np.unique(groups[rows.train]))
    return {"n_train": len(rows.train), "n_distinct_train": n_distinct, "n_test": len(rows.test)}


def _measure(y, split: PlannedSplit, number: int, logits, scores: dict, penalties) -> dict[str, float]:
    """The scores of network `number` on each part; `<part>_loss` is Keras' own, with the penalties."""
    found = {}
    for part, rows, penalty in zip(("train", "val", "test"), split.rows, penalties[number], strict=True):
        means = {name: float(values[number, rows].mean()) for name, values in scores.items()}
        found |= {f"{part}_accuracy": means["accuracy"], f"{part}_binary_crossentropy": means["binary_crossentropy"]}
        found |= {f"{part}_loss": means["binary_crossentropy"] + float(penalty), f"{part}_brier": means["brier"]}
        if part != "train":
            classes = score_classes(y[rows], logits[number : number + 1, rows])
            found |= {f"{part}_{name}": float(values[0]) for name, values in classes.items()}
    found["test_predicted_1"] = float((logits[number, split.rows.test] > 0).mean())
    found["test_ece"] = expected_calibration_error(y[split.rows.test], _test_probability(split, logits[number]))
    return found


def _test_probability(split: PlannedSplit, logits: np.ndarray) -> np.ndarray:
    """The probability of class 1 that one network gives to the test rows; its `logits` are those of all rows."""
    return 1 / (1 + np.exp(-logits[split.rows.test].astype(float)))


def _calibration(y, splits: Sequence[PlannedSplit], logits: np.ndarray, diverged: np.ndarray) -> np.ndarray:
    """`calibration_sums` over the test rows of each honest training that did not diverge."""
    sums = [
        calibration_sums(y[split.rows.test], _test_probability(split, its_logits))
        for split, its_logits, is_lost in zip(splits, logits, diverged, strict=True)
        if split.protocol == "honest" and not is_lost
    ]
    return np.array(sums).reshape(-1, CALIBRATION_BINS, 3)


def _describe(template: Network, weights: np.ndarray) -> dict[str, float]:
    kernels, start = [], 0
    for shape in template.architecture.shapes:
        size = int(np.prod(shape))
        if len(shape) == 2:
            kernels.append(weights[start : start + size])
        start += size
    return describe_kernels(kernels)


def _block_sums(
    splits: Sequence[PlannedSplit],
    scores: dict,
    diverged: np.ndarray,
    logits: np.ndarray,
    y: np.ndarray,
    *,
    validated: bool,
) -> dict[str, np.ndarray]:
    """Each score of the honest trainings summed over the rows of every block that the training has not seen.

    A training that was stopped on its validation rows (`validated`) has seen those too. By column,
    `(honest trainings, blocks)`, NaN for a block that it has seen; nothing where no split is honest. What needs both
    classes is NaN for a block of one class, and elsewhere the block's own value times its rows.
    """
    honest = [number for number, split in enumerate(splits) if split.blocks is not None]
    if not honest:
        return {}
    blocks = np.asarray(splits[honest[0]].blocks)
    rows = np.bincount(blocks)
    unseen = np.ones((len(honest), len(rows)), bool)
    for place, number in enumerate(honest):
        rows_of = splits[number].rows
        unseen[place, np.unique(blocks[rows_of.train])] = False
        if validated:
            unseen[place, np.unique(blocks[rows_of.val])] = False
        unseen[place] &= not diverged[number]
    sums = {}
    of_honest = logits[honest]
    by_classes = [score_classes(y[blocks == block], of_honest[:, blocks == block]) for block in range(len(rows))]
    for name, metric in METRICS.items():
        if metric.needs_both_classes:
            values = np.stack([of_block[name] for of_block in by_classes], axis=1)
            sums[metric.block_column] = np.where(unseen, values * rows, np.nan)
            continue
        of_block = [np.bincount(blocks, scores[name][number], minlength=len(rows)) for number in honest]
        sums[metric.block_column] = np.where(unseen, of_block, np.nan)
    return sums


def _in_32_bits(arrays: Arrays) -> Arrays:
    """The numbers that the networks compute with, in half the memory."""
    return Arrays(*(part.astype(np.float32) if part.ndim == 2 else part for part in arrays))


def _best_epochs(history: PopulationHistory) -> np.ndarray:
    """The epoch, from 1, of each model's lowest validation loss: `(n_models,)`."""
    return np.where(np.isnan(history.val_loss), np.inf, history.val_loss).argmin(axis=1) + 1


def _held(history: PopulationHistory) -> PopulationHistory:
    """The curves with each value after an early stop that of the best epoch, whose weights the network keeps."""
    best = _best_epochs(history)[:, None] - 1
    curves = (np.where(np.isnan(curve), np.take_along_axis(curve, best, axis=1), curve) for curve in history[:-1])
    return PopulationHistory(*curves, diverged=history.diverged)


def curve_bands(replicates: pd.DataFrame, history: PopulationHistory) -> pd.DataFrame:
    """Per variant and epoch, over the honest protocol's trainings: the mean of a curve and where 95% of them lie.

    Columns: variant, epoch, and `<curve>`, `<curve>_low`, `<curve>_high` of each of `CURVES`.
    """
    epochs = np.arange(0, history.val_loss.shape[1], EPOCHS_PER_POINT)
    bands = []
    for variant, rows in replicates[replicates["protocol"] == "honest"].groupby("variant", sort=False):
        band = {"variant": variant, "epoch": epochs + 1}
        for curve in CURVES:
            values = pd.DataFrame(getattr(history, curve)[np.ix_(rows.index, epochs)])
            limits = {f"{curve}_low": values.quantile(0.025), f"{curve}_high": values.quantile(0.975)}
            band |= {curve: values.mean()} | limits
        bands.append(pd.DataFrame(band))
    return pd.concat(bands, ignore_index=True)
