"""The table: reading, checking, duplicates, splits and scaling."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import pandas as pd
import pandera.pandas as pa
from sklearn.model_selection import GroupShuffleSplit, train_test_split
from sklearn.preprocessing import StandardScaler

from regularization.errors import InputError

SHOWN_ROWS = 5  # how many offending rows a message names


class Rows(NamedTuple):
    """Which rows of the table are trained on, validated on and tested on: three arrays of row numbers from 0."""

    train: np.ndarray
    val: np.ndarray
    test: np.ndarray


class Arrays(NamedTuple):
    """A split table as the networks take it: scaled features `(rows, features)`, labels 0 or 1 `(rows,)`."""

    X_train: np.ndarray
    y_train: np.ndarray
    X_val: np.ndarray
    y_val: np.ndarray
    X_test: np.ndarray
    y_test: np.ndarray


def read_table(source: str | Path | IO[bytes], *, delimiter: str) -> pd.DataFrame:
    """The CSV at `source`, unchecked. Raises `InputError` where it is empty or its lines differ in length."""
    try:
        with warnings.catch_warnings(action="error", category=pd.errors.ParserWarning):  # a field too many is dropped
            return pd.read_csv(source, sep=delimiter, index_col=False)
    except pd.errors.EmptyDataError:
        raise InputError(f"{source}: the file is empty; expected a header line and rows") from None
    except (pd.errors.ParserError, pd.errors.ParserWarning, UnicodeDecodeError) as error:
        raise InputError(f"{source}: not readable as CSV: {' '.join(str(error).split())}") from None


def check_table(
    table: pd.DataFrame, *, columns: Mapping[str, tuple[float, float]], target: str, threshold: float
) -> pd.DataFrame:
    """The table with every value a float, once it holds what `columns` says: each name in order with its range.

    Raises `InputError`, with a line per failed rule: the column, the rows (1 is the first below the header), the rule.
    A table whose `target` lies on one side of `threshold` alone fails too: there would be nothing to learn.
    """
    _check_columns(list(table.columns), list(columns))
    if table.empty:
        raise InputError("the table has a header and no rows; expected at least one row of each class")
    schema = pa.DataFrameSchema(
        {name: pa.Column(float, pa.Check.in_range(*limits), coerce=True) for name, limits in columns.items()}
    )
    try:
        checked = schema.validate(table.reset_index(drop=True), lazy=True)
    except pa.errors.SchemaErrors as errors:
        raise InputError("\n".join(_failures(errors.failure_cases, columns))) from None
    if len(np.unique(binarize(checked[target], threshold))) < 2:
        raise InputError(
            f"column {target!r}: every row is on one side of data.threshold {threshold:g} "
            f"(values {checked[target].min():g} to {checked[target].max():g}); choose one with rows on both sides"
        )
    return checked


def _check_columns(received: list[str], expected: list[str]) -> None:
    if received == expected:
        return
    missing = [name for name in expected if name not in received]
    unknown = [name for name in received if name not in expected]
    if len(received) == 1 and len(expected) > 1:
        detail = f"the whole header is one column, {received[0]!r}: is data.delimiter the right one?"
    elif missing or unknown:
        detail = f"missing: {missing or 'none'}; not expected: {unknown or 'none'}"
    else:
        detail = f"expected in the order {expected}, received {received}"
    raise InputError(f"the columns of the table are not those of data.columns; {detail}")


def _failures(cases: pd.DataFrame, columns: Mapping[str, tuple[float, float]]) -> list[str]:
    """A line per column and rule out of pandera's failure cases, which hold a row per failing value."""
    described = pd.DataFrame({"column": cases["column"], "value": cases["failure_case"], "row": cases["index"]})
    described = described[described["row"].notna()]
    described["rule"] = [_rule(case, columns) for case in described.itertuples()]
    described = described.drop_duplicates(["column", "row"])
    return [
        f"column {column!r}, {_row_list(failed)}: {rule}"
        for (column, rule), failed in described.groupby(["column", "rule"], sort=False)
    ]


def _rule(case, columns: Mapping[str, tuple[float, float]]) -> str:
    if pd.isna(case.value):
        return "a value is missing; expected a number"
    if pd.isna(pd.to_numeric(str(case.value), errors="coerce")):
        return "not a number"
    smallest, largest = columns[case.column]
    return f"outside the plausible range {smallest:g} to {largest:g} of data.columns"


def _row_list(failed: pd.DataFrame) -> str:
    """`rows 3 ('abc'), 17 ('x')`: row 1 is the first below the header."""
    named = [f"{int(row) + 1} ({value})" for row, value in zip(failed["row"], failed["value"], strict=True)]
    more = f" and {len(named) - SHOWN_ROWS} more" if len(named) > SHOWN_ROWS else ""
    return f"row{'s' if len(named) > 1 else ''} {', '.join(named[:SHOWN_ROWS])}{more}"


def binarize(target: pd.Series, threshold: float) -> np.ndarray:
    """1 where `target` is at least `threshold`, else 0: `(rows,)` integers."""
    return (target >= threshold).to_numpy().astype(np.int64)


def duplicate_groups(features: pd.DataFrame) -> np.ndarray:
    """A number per row, `(rows,)`, the same for rows whose features are identical."""
    return features.groupby(list(features.columns), sort=False).ngroup().to_numpy()


def split_rows(groups: np.ndarray, *, test_size: float, validation_split: float, random_state: int) -> Rows:
    """The notebook's split: shuffled regardless of `groups`, the last training rows validated on.

    Those last rows are the ones Keras' `validation_split` takes: it trains on the first `floor(rows * (1 - share))`.
    Raises `InputError` where a part would be empty.
    """
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
    kept, taken = next(splitter.split(rows, groups=groups[rows]))
    order = np.random.RandomState(random_state)  # the splitter gives rows in the table's order
    return order.permutation(rows[kept]), order.permutation(rows[taken])


def _none_empty(rows: Rows) -> Rows:
    sizes = {part: len(numbers) for part, numbers in rows._asdict().items()}
    if 0 in sizes.values():
        raise InputError(f"the table is too small for this split: {sizes} rows; add rows or change split.test_size")
    return rows


def leaked_rows(groups: np.ndarray, rows: Rows) -> int:
    """How many test rows are identical to a row that was trained or validated on."""
    return int(np.isin(groups[rows.test], groups[np.concatenate([rows.train, rows.val])]).sum())


def fit_scaler(X: np.ndarray, rows: Rows, *, fit_scaler_on: str) -> StandardScaler:
    """Mean and standard deviation per column of `X` `(rows, features)`: over `all` rows or the `train` rows."""
    return StandardScaler().fit(X if fit_scaler_on == "all" else X[rows.train])


def to_arrays(X: np.ndarray, y: np.ndarray, rows: Rows, scaler: StandardScaler) -> Arrays:
    """The parts of the split, features scaled: 64-bit floats, as scikit-learn gives them."""
    X = scaler.transform(X)
    return Arrays(*(part for numbers in rows for part in (X[numbers], y[numbers])))


def describe(y: np.ndarray, groups: np.ndarray, rows: Rows) -> dict:
    """The figures of metrics/data.json: rows and share of class 1 of the whole and of each part, duplicates, leaks."""
    parts = {"all": np.arange(len(y)), "train": rows.train, "validation": rows.val, "test": rows.test}
    return {
        "rows": {part: len(numbers) for part, numbers in parts.items()},
        "share_of_class_1": {part: round(float(y[numbers].mean()), 4) for part, numbers in parts.items()},
        "duplicate_rows": len(groups) - len(np.unique(groups)),
        "test_rows_also_in_training": leaked_rows(groups, rows),
    }
