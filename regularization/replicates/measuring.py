"""Measurements of each model of the replicates: its scores on the parts of its split and on blocks of unseen rows."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from regularization.metrics import BINARY_CROSSENTROPY, METRICS, score_classes, score_rows
from regularization.networks.evaluation import (
    CALIBRATION_BINS,
    calibration_sums,
    expected_calibration_error,
)
from regularization.replicates.blocks import sum_blocks
from regularization.table import Arrays, PlannedSplit, Rows, Table

OF_ROWS, OF_CLASSES = (
    [metric.name for metric in METRICS.values() if metric.needs_both_classes == both] for both in (False, True)
)
OF_ROWS.insert(OF_ROWS.index(BINARY_CROSSENTROPY.name) + 1, "loss")  # Keras' own, with the penalties
SCORES = (  # of one training, in the order of their columns
    *(f"train_{name}" for name in OF_ROWS),
    *(f"{part}_{name}" for part in ("val", "test") for name in (*OF_ROWS, *OF_CLASSES)),
    *("test_predicted_1", "test_ece", "near_zero_weights", "weight_norm", "best_epoch"),
)


class Measured(NamedTuple):
    """The measurements of one variant's trainings on some splits."""

    trainings: np.ndarray  # (trainings,), a record each, in the order of the splits and their seeds
    sums: np.ndarray  # (metrics, honest trainings, blocks)
    curves: np.ndarray  # (curves, honest trainings, points)
    calibration: np.ndarray  # (honest trainings that did not diverge, bins, 3)


class ScaledTable(NamedTuple):
    """All rows of the table as one split scales them."""

    X: np.ndarray  # (rows, inputs), 32-bit
    shares: np.ndarray  # (3, rows): by which share a row counts in the train, val and test part


def scale_table(split: PlannedSplit, arrays: Arrays, n_rows: int) -> ScaledTable:
    """The parts of the split put back where their rows stand in the table."""
    scaled = ScaledTable(np.empty((n_rows, arrays.X_train.shape[1]), np.float32), np.zeros((3, n_rows), np.float32))
    parts = arrays.X_train, arrays.X_val, arrays.X_test
    for number, (rows, part) in enumerate(zip(split.rows, parts, strict=True)):
        scaled.X[rows] = part
        scaled.shares[number, rows] = 1 / len(rows)
    return scaled


def measure_runs(
    logits: np.ndarray,
    splits: Sequence[PlannedSplit],
    table: Table,
    *,
    validated: bool,
    curves: np.ndarray,
    diverged: np.ndarray | None = None,
    penalties: np.ndarray | None = None,
    described: Sequence[Mapping[str, float]] | None = None,
) -> Measured:
    """Return the scores of one variant's models, one per split and seed, by their `logits` of all rows `(runs, rows)`.

    `validated` says that the trainings were stopped on their validation rows, which they have seen then. `curves` are
    `(curves, runs, points)`. Of networks, `diverged` `(runs,)` says which have no scores, `penalties` `(runs, 3)` are
    added to the loss of each part, and `described` holds what else is known of each.
    """
    split_of_run = [split for split in splits for _ in split.seeds]
    n_runs = len(split_of_run)
    diverged = np.zeros(n_runs, bool) if diverged is None else diverged
    penalties = np.zeros((n_runs, 3)) if penalties is None else penalties
    scores = score_rows(table.y, logits)
    rows = []
    for number, split in enumerate(split_of_run):
        row = _sizes(split.rows, table.groups) | dict.fromkeys(SCORES, np.nan)
        if not diverged[number]:
            row |= _measure(table.y, split, number, logits, scores, penalties)
            row |= described[number] if described else {}
        rows.append(row)
    honest = np.array([split.protocol == "honest" for split in split_of_run])
    return Measured(
        _records(pd.DataFrame(rows)),
        sum_blocks(split_of_run, scores, diverged, logits, table.y, validated=validated),
        curves[:, honest],
        _calibration(table.y, split_of_run, logits, diverged),
    )


def _records(table: pd.DataFrame) -> np.ndarray:
    """Return the rows of the table as a plain structured array, which a file gives back as it was."""
    records = table.to_records(index=False)
    return np.array(records.tolist(), dtype=records.dtype.descr)


def _sizes(rows: Rows, groups: np.ndarray) -> dict[str, int]:
    n_distinct = len(np.unique(groups[rows.train]))
    return {"n_train": len(rows.train), "n_distinct_train": n_distinct, "n_test": len(rows.test)}


def _measure(y, split: PlannedSplit, number: int, logits, scores: dict, penalties) -> dict[str, float]:
    """Return the scores of network `number` on each part."""
    measured = {}
    for part, rows, penalty in zip(("train", "val", "test"), split.rows, penalties[number], strict=True):
        means = {name: float(values[number, rows].mean()) for name, values in scores.items()}
        means["loss"] = means[BINARY_CROSSENTROPY.name] + float(penalty)
        measured |= {f"{part}_{name}": value for name, value in means.items()}
        if part != "train":
            classes = score_classes(y[rows], logits[number : number + 1, rows])
            measured |= {f"{part}_{name}": float(values[0]) for name, values in classes.items()}
    measured["test_predicted_1"] = float((logits[number, split.rows.test] > 0).mean())
    measured["test_ece"] = expected_calibration_error(y[split.rows.test], _test_probability(split, logits[number]))
    return measured


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
