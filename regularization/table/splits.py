"""Rows into parts: the splits, the groups of duplicates that they may keep together, and the three protocols."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from regularization.errors import InputError
from regularization.heads import Head, head_of
from regularization.table.blocks import TEST, TRAIN, VALIDATION, deal_blocks, divide_blocks
from regularization.table.preprocessing import Preprocessor, TargetScale, count_inputs, fit_on, fit_target


class Rows(NamedTuple):
    """Which rows of the table are trained on, validated on and tested on: three arrays of row numbers from 0."""

    train: np.ndarray
    val: np.ndarray
    test: np.ndarray


class Table(NamedTuple):
    """A checked table as the splits take it."""

    X: np.ndarray  # (rows, features), unscaled; a text is its number in the column's categories, NaN is missing
    y: np.ndarray  # (rows,), 0 and 1, or 0 to n_classes - 1, or numbers
    groups: np.ndarray  # (rows,), the same number for rows with the same features
    n_categories: np.ndarray | None = None  # (features,), 0 for a column of numbers; None: all are
    n_classes: int = 2  # of the target; 0: it is a number

    @property
    def n_inputs(self) -> int:
        """How many inputs a network on this table has; the same on every split of it."""
        return count_inputs(*_kinds(self))

    @property
    def head(self) -> Head:
        """The head of a network on this table."""
        return head_of(int(self.n_classes))

    @property
    def classes(self) -> np.ndarray:
        """The classes by which folds are made alike, `(rows,)`; of a number there is one."""
        return self.y if self.n_classes else np.zeros(len(self.y), int)


class Arrays(NamedTuple):
    """A split table as the networks take it: their inputs `(rows, inputs)`, and labels or numbers `(rows,)`.

    A number is standardized by `target`, its mean and standard deviation on the training rows; labels have none.
    """

    X_train: np.ndarray
    y_train: np.ndarray
    X_val: np.ndarray
    y_val: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray
    target: np.ndarray | None = None  # (2,)

    def restored(self, outputs: np.ndarray) -> np.ndarray:
        """What a network gives, with a number in its own units."""
        return outputs if self.target is None else TargetScale(*self.target).restore(outputs)


def duplicate_groups(features: pd.DataFrame) -> np.ndarray:
    """A number per row, `(rows,)`, the same for rows whose features are identical."""
    return features.groupby(list(features.columns), sort=False, dropna=False).ngroup().to_numpy()


def split_rows(groups: np.ndarray, *, test_size: float, validation_split: float, random_state: int) -> Rows:
    """The notebook's split: shuffled regardless of `groups`, the last training rows validated on.

    Those last rows are the ones Keras' `validation_split` takes: it trains on the first `floor(rows * (1 - share))`.
    Raises `InputError` where a part would be empty.
    """
    with _too_small(len(groups), "rows"):
        train, test = train_test_split(np.arange(len(groups)), test_size=test_size, random_state=random_state)
    n_fit = int(np.floor(len(train) * (1 - validation_split)))
    return _none_empty(Rows(train[:n_fit], train[n_fit:], test))


def split_rows_by_group(groups: np.ndarray, *, test_size: float, validation_split: float, random_state: int) -> Rows:
    """A split that keeps the rows of a group (see `duplicate_groups`) together, in all three parts.

    Shares are of the groups, so the numbers of rows come out a little off. Raises `InputError` where a part would be
    empty.
    """
    if len(np.unique(groups)) < 3:
        raise InputError(
            f"{len(np.unique(groups))} distinct rows; expected at least 3 to split them by groups of duplicates"
        )
    rows = np.arange(len(groups))
    rest, test = _split_groups(rows, groups, share=test_size, random_state=random_state)
    train, val = _split_groups(rest, groups, share=validation_split, random_state=random_state)
    return _none_empty(Rows(train, val, test))


def _split_groups(rows: np.ndarray, groups: np.ndarray, *, share: float, random_state: int):
    splitter = GroupShuffleSplit(n_splits=1, test_size=share, random_state=random_state)
    with _too_small(len(np.unique(groups[rows])), "distinct rows"):
        kept, taken = next(splitter.split(rows, groups=groups[rows]))
    order = np.random.RandomState(random_state)  # the splitter gives rows in the table's order
    return order.permutation(rows[kept]), order.permutation(rows[taken])


@contextlib.contextmanager
def _too_small(number: int, what: str) -> Iterator[None]:
    """scikit-learn raises a ValueError where a part would be empty."""
    try:
        yield
    except ValueError:
        raise InputError(
            f"the table is too small for this split: {number} {what}; add rows, or change split.test_size or "
            "split.validation_split"
        ) from None


def _none_empty(rows: Rows) -> Rows:
    sizes = {part: len(numbers) for part, numbers in rows._asdict().items()}
    if 0 in sizes.values():
        raise InputError(f"the table is too small for this split: {sizes} rows; add rows or change split.test_size")
    return rows


def leaked_rows(groups: np.ndarray, rows: Rows) -> int:
    """How many test rows are identical to a row that was trained or validated on."""
    return int(np.isin(groups[rows.test], groups[np.concatenate([rows.train, rows.val])]).sum())


def fit_preprocessor(table: Table, rows: Rows, *, fit_scaler_on: str) -> Preprocessor:
    """What fills in, encodes and scales the table's columns, fitted on `all` rows or the `train` rows.

    Which columns have missing values, and which categories there are, is told from the whole table: the networks of
    all splits then have the same inputs.
    """
    n_categories, may_miss = _kinds(table)
    X = table.X if fit_scaler_on == "all" else table.X[rows.train]
    return fit_on(X, n_categories=n_categories, may_miss=may_miss)


def _kinds(table: Table) -> tuple[np.ndarray, np.ndarray]:
    """How many categories each column has, and whether it has missing values: `(features,)` each."""
    n_categories = np.zeros(table.X.shape[1], int) if table.n_categories is None else np.asarray(table.n_categories)
    return n_categories, np.asarray(np.isnan(table.X).any(axis=0))


def to_arrays(table: Table, rows: Rows, preprocessor: Preprocessor) -> Arrays:
    """The parts of the split as the networks take them: 64-bit floats."""
    X, y, target = preprocessor.transform(table.X), table.y, None
    if not table.n_classes:
        target = fit_target(y[rows.train])
        y = target.standardize(y)
    parts = (part for numbers in rows for part in (X[numbers], y[numbers]))
    return Arrays(*parts, target=None if target is None else np.array(target))


def describe(table: Table, rows: Rows, labels: Sequence[str] = ()) -> dict:
    """The figures of metrics/data.json: rows and target of the whole and of each part, duplicates, leaks.

    And what the constant predictor of the training rows is worth on the test rows. `labels` name the classes.
    """
    y, groups, head = table.y, table.groups, table.head
    parts = {"all": np.arange(len(y)), "train": rows.train, "validation": rows.val, "test": rows.test}
    return {
        "rows": {part: len(numbers) for part, numbers in parts.items()},
        **head.describe(y, parts, labels),
        "duplicate_rows": len(groups) - len(np.unique(groups)),
        "test_rows_also_in_training": leaked_rows(groups, rows),
        head.constant_key: head.constant_scores(y[rows.train], y[rows.test]),
    }


class PlannedSplit(NamedTuple):
    """One split under one protocol, and the seeds of the networks to train on it."""

    protocol: str
    number: int
    rows: Rows
    fit_scaler_on: str
    seeds: tuple[int, ...]
    blocks: np.ndarray | None = None  # (rows of the table,), the block of each row, where blocks were divided

    def arrays(self, table: Table) -> Arrays:
        """Its parts of the `table`, as the networks take them."""
        preprocessor = fit_preprocessor(table, self.rows, fit_scaler_on=self.fit_scaler_on)
        return to_arrays(table, self.rows, preprocessor)


def plan_splits(
    table: Table,
    *,
    test_size: float,
    validation_split: float,
    random_state: int,
    seed: int,
    seeds: int,
    splits: int,
    leaky_twins: int,
) -> list[PlannedSplit]:
    """Every split to train on, under three protocols.

    notebook: its one split, by `test_size` and `validation_split`, and its scaler, fitted on all rows; `seeds`
    networks.
    honest: `splits` divisions of blocks that keep identical rows together (see blocks.py), the scaler fitted on
    training rows; one network each, with a seed of its own.
    leaky: for the first `leaky_twins` honest splits, where the table has duplicates, one of the same sizes that
    shuffles rows regardless of duplicates, with the seed of its honest twin. So identical rows stand on both sides, and
    there are more distinct rows to train on.

    No seed is used for two splits of one protocol. Raises `InputError` where the table is too small.
    """
    notebook_rows = split_rows(
        table.groups, test_size=test_size, validation_split=validation_split, random_state=random_state
    )
    planned = [PlannedSplit("notebook", 0, notebook_rows, "all", _seeds(seed, 0, seeds))]
    # Of two classes each block has its share. More of them, and numbers, are dealt as they come: blocks that are alike
    # by design would hide how much the classes' shares, and extreme values, differ from table to table.
    dealt_by = table.y if table.n_classes == 2 else np.zeros(len(table.y))
    blocks = deal_blocks(table.groups, dealt_by, random_state=random_state)
    has_duplicates = len(np.unique(table.groups)) < len(table.groups)
    for split, division in enumerate(divide_blocks(splits, random_state=random_state)):
        part_of_row, its_seed = division[blocks], _seeds(seed, seeds + split, 1)
        rows = Rows(*(np.flatnonzero(part_of_row == part) for part in (TRAIN, VALIDATION, TEST)))
        planned.append(PlannedSplit("honest", split, rows, "train", its_seed, blocks))
        if split < leaky_twins and has_duplicates:
            twin = shuffled_twin(rows, random_state=random_state + 1 + split)
            planned.append(PlannedSplit("leaky", split, twin, "train", its_seed))
    return planned


def shuffled_twin(rows: Rows, *, random_state: int) -> Rows:
    """A split into parts of the same sizes, of the same rows, at random."""
    shuffled = np.random.RandomState(random_state).permutation(np.concatenate(rows))
    return Rows(*np.split(shuffled, np.cumsum([len(rows.train), len(rows.val)])))


def _seeds(seed: int, first: int, number: int) -> tuple[int, ...]:
    """`seed` itself is the headline models'; replicates go on from there."""
    return tuple(range(seed + 1 + first, seed + 1 + first + number))
