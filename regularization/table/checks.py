"""Reading the table and checking it: every column that params.yaml names, every value in its plausible range."""

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd
import pandera.pandas as pa

from regularization.errors import InputError

SHOWN_ROWS = 5  # how many offending rows a message names


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
