"""Measurements of each model of the replicates: its scores on the parts of its split and on blocks of unseen rows."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from regularization.heads import Head
from regularization.replicates.blocks import sum_blocks
from regularization.table import Arrays, PlannedSplit, Rows, Table
from regularization.table.preprocessing import TargetScale


def score_columns(head: Head) -> tuple[str, ...]:
    """The scores of one training, in the order of their columns; `loss` is Keras' own, with the penalties."""
    of_rows, of_classes = (
        [name for name, metric in head.metrics.items() if metric.needs_both_classes == both] for both in (False, True)
    )
    of_rows.insert(of_rows.index(head.loss.name) + 1, "loss")
    return (
        *(f"train_{name}" for name in of_rows),
        *(f"{part}_{name}" for part in ("val", "test") for name in (*of_rows, *of_classes)),
        *(head.predicted_column, "test_ece", "near_zero_weights", "weight_norm", "best_epoch"),
    )


class Measured(NamedTuple):
    """The measurements of one variant's trainings on some splits."""

    trainings: np.ndarray  # (trainings,), a record each, in the order of the splits and their seeds
    sums: np.ndarray  # (columns, honest trainings, blocks)
    curves: np.ndarray  # (curves, honest trainings, points)
    calibration: np.ndarray  # (honest trainings that did not diverge, bins, figures), see `Head.picture_sums`


class ScaledTable(NamedTuple):
    """All rows of the table as one split scales them."""

    X: np.ndarray  # (rows, inputs), 32-bit
    shares: np.ndarray  # (3, rows): by which share a row counts in the train, val and test part
    target: TargetScale | None  # of a number


def scale_table(split: PlannedSplit, arrays: Arrays, n_rows: int) -> ScaledTable:
    """The parts of the split put back where their rows stand in the table."""
    target = None if arrays.target is None else TargetScale(*arrays.target)
    shape = n_rows, arrays.X_train.shape[1]
    scaled = ScaledTable(np.empty(shape, np.float32), np.zeros((3, n_rows), np.float32), target)
    parts = arrays.X_train, arrays.X_val, arrays.X_test
    for number, (rows, part) in enumerate(zip(split.rows, parts, strict=True)):
        scaled.X[rows] = part
        scaled.shares[number, rows] = 1 / len(rows)
    return scaled


def measure_runs(
    outputs: np.ndarray,
    splits: Sequence[PlannedSplit],
    scaled: Sequence[ScaledTable],
    table: Table,
    *,
    validated: bool,
    curves: np.ndarray,
    diverged: np.ndarray | None = None,
    penalties: np.ndarray | None = None,
    described: Sequence[Mapping[str, float]] | None = None,
) -> Measured:
    """Return the scores of one variant's models, one per split and seed, by their `outputs` of all rows.

    `outputs` are `(runs, rows)`, of several classes `(runs, rows, classes)`, a number still standardized; `scaled` are
    the tables of the `splits`. `validated` says that the trainings were stopped on their validation rows, which they
    have seen then. `curves` are `(curves, runs, points)`. Of networks, `diverged` `(runs,)` says which have no scores,
    `penalties` `(runs, 3)` are added to the loss of each part, and `described` holds what else is known of each.
    """
    split_of_run = [split for split in splits for _ in split.seeds]
    scale_of_run = [arrays.target for split, arrays in zip(splits, scaled, strict=True) for _ in split.seeds]
    n_runs, head = len(split_of_run), table.head
    diverged = np.zeros(n_runs, bool) if diverged is None else diverged
    penalties = np.zeros((n_runs, 3)) if penalties is None else penalties
    if not head.n_classes:
        outputs = np.stack([scale.restore(row) for scale, row in zip(scale_of_run, outputs, strict=True) if scale])
    scores, columns = head.score_rows(table.y, outputs), score_columns(head)
    rows = []
    for number, split in enumerate(split_of_run):
        row = _sizes(split.rows, table.groups) | dict.fromkeys(columns, np.nan)
        if not diverged[number]:
            of_run = {name: values[number : number + 1] for name, values in scores.items()}
            of_network = outputs[number : number + 1]
            row |= _measure(table, split, of_network, of_run, penalties[number], scale_of_run[number])
            row |= described[number] if described else {}
        rows.append(row)
    honest = np.array([split.protocol == "honest" for split in split_of_run])
    return Measured(
        _records(pd.DataFrame(rows)),
        sum_blocks(split_of_run, scores, diverged, outputs, table.y, head=head, validated=validated),
        curves[:, honest],
        _picture(table, split_of_run, outputs, diverged),
    )


def _records(table: pd.DataFrame) -> np.ndarray:
    """Return the rows of the table as a plain structured array, which a file gives back as it was."""
    records = table.to_records(index=False)
    return np.array(records.tolist(), dtype=records.dtype.descr)


def _sizes(rows: Rows, groups: np.ndarray) -> dict[str, int]:
    n_distinct = len(np.unique(groups[rows.train]))
    return {"n_train": len(rows.train), "n_distinct_train": n_distinct, "n_test": len(rows.test)}


def _measure(table: Table, split: PlannedSplit, outputs, scores: dict, penalties, scale) -> dict[str, float]:
    """Return the scores of one network on each part; `outputs` and `scores` have a first axis of 1."""
    measured, head = {}, table.head
    for part, rows, penalty in zip(("train", "val", "test"), split.rows, penalties, strict=True):
        values = head.scores_of_sums(table.y[rows], {name: sums[:, rows] for name, sums in scores.items()})
        if part != "train":
            values |= head.scores_of_classes(table.y[rows], outputs[:, rows])
        of_part = {name: float(of_metric[0]) for name, of_metric in values.items()}
        loss = of_part[head.loss.name] if scale is None else (of_part[head.loss.name] / scale.scale) ** 2
        of_part["loss"] = loss + float(penalty)
        measured |= {f"{part}_{name}": value for name, value in of_part.items()}
    tested = split.rows.test
    measured[head.predicted_column] = head.predicted(outputs[0, tested])
    measured["test_ece"] = head.calibration_error(table.y[tested], outputs[0, tested])
    return measured


def _picture(table: Table, splits: Sequence[PlannedSplit], outputs: np.ndarray, diverged: np.ndarray) -> np.ndarray:
    """`Head.picture_sums` over the test rows of each honest training that did not diverge."""
    sums = [
        table.head.picture_sums(table.y[split.rows.test], output[split.rows.test], table.y)
        for split, output, is_lost in zip(splits, outputs, diverged, strict=True)
        if split.protocol == "honest" and not is_lost
    ]
    shape = table.head.picture_sums(table.y[:1], np.zeros_like(outputs[0, :1]), table.y).shape
    return np.array(sums).reshape(-1, *shape)
