"""Reading the table and checking it: every column that params.yaml names, every value in its plausible range."""

import codecs
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, NamedTuple

import numpy as np
import pandas as pd

from regularization.errors import InputError
from regularization.intake.labels import Target, find_target
from regularization.intake.marks import read_marked
from regularization.table.columns import Column, encode_column, find_column

MISSING_MARKS = ["?"]  # beside the empty field, NA, NaN, null and the like, which pandas takes for missing


class CheckedTable(NamedTuple):
    """A table whose every value has been checked."""

    features: pd.DataFrame  # (rows, features) floats: a text is its number in the column's categories, NaN is missing
    y: np.ndarray  # (rows,): labels 0 and 1, numbers of classes from 0 on, or numbers
    columns: tuple[Column, ...]  # what each feature is
    target: Target


def read_table(
    source: str | Path | IO[bytes],
    *,
    delimiter: str,
    decimal: str = ".",
    thousands: str | None = None,
    encoding: str = "utf-8",
    name: str = "",
) -> pd.DataFrame:
    """The CSV at `source`, unchecked; `name` stands in messages where that has none.

    Numbers may have a mark between `thousands`, and signs of money or per cent (`read_marked`, whose result stands in
    the table's `attrs` under `marked`).
    Raises `InputError` where it is empty, its lines differ in length, or it is no CSV in that encoding at all.
    """
    try:
        with warnings.catch_warnings(action="error", category=pd.errors.ParserWarning):  # a field too many is dropped
            table = pd.read_csv(
                source,
                sep=delimiter,
                decimal=decimal,
                encoding="utf-8-sig" if codecs.lookup(encoding).name == "utf-8" else encoding,
                index_col=False,
                skipinitialspace=True,
                na_values=MISSING_MARKS,
                low_memory=False,  # else a long column may come in pieces of different types
            )
        _trim(table)
        table.attrs["marked"] = read_marked(table, decimal=decimal, thousands=thousands)
        return table
    except pd.errors.EmptyDataError:
        raise InputError(f"{name or source}: the file is empty; expected a header line and rows") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{name or source}: not readable as {encoding}: {error.reason}; set data.encoding") from None
    except (ValueError, OverflowError, pd.errors.ParserWarning) as error:  # pandas' ParserError is a ValueError
        raise InputError(f"{name or source}: not readable as CSV: {' '.join(str(error).split())}") from None


def _trim(table: pd.DataFrame) -> None:
    """Take blanks off the ends of names and texts, in place."""
    names = [name.strip() if isinstance(name, str) else name for name in table.columns]
    if len(set(names)) == len(names):
        table.columns = names
    for name in table.columns:
        if pd.api.types.is_string_dtype(table[name].dtype) and table[name].map(type).isin([str, float]).all():
            table[name] = table[name].str.strip().replace("", np.nan)


def drop_unlabelled(table: pd.DataFrame, target: str) -> tuple[pd.DataFrame, int]:
    """The rows whose target is there, and how many are left out."""
    if target not in table or not table[target].isna().any() or table[target].isna().all():
        return table, 0
    kept = table[table[target].notna()].reset_index(drop=True)
    return kept, len(table) - len(kept)


def check_table(
    table: pd.DataFrame,
    *,
    target: str,
    columns: Mapping[str, tuple[float, float] | None] | None = None,
    ignore: Sequence[str] = (),
    task: str = "binary",
    threshold: float | None = None,
    positive: str | float | bool | None = None,
) -> CheckedTable:
    """The table as floats, once it holds what is said of it.

    `columns`: each name in order, with its plausible range or None; without it, every column is taken. Those of
    `ignore` are left out. For `task`, `threshold` and `positive` see `find_target`.
    Raises `InputError`, with a line per problem: the column, the rows (1 is the first below the header), the rule.
    """
    _check_names(list(table.columns), columns, ignore, target)
    if table.empty:
        raise InputError("the table has a header and no rows; expected at least one row of each class")
    table = table.drop(columns=list(ignore)).reset_index(drop=True)
    limits = columns or {}
    found, encoded, problems = [], {}, []
    for name in table.columns.drop(target):
        try:
            column = find_column(name, table[name], limits.get(name))
            encoded[name] = encode_column(table[name], column)
            found.append(column)
        except InputError as error:
            problems.append(str(error))
    try:
        y, found_target = _target(table[target], limits.get(target), task=task, threshold=threshold, positive=positive)
    except InputError as error:
        problems.append(str(error))
    if problems:
        raise InputError("\n".join(problems))
    return CheckedTable(pd.DataFrame(encoded), y, tuple(found), found_target)


def _target(values: pd.Series, limits, **how) -> tuple[np.ndarray, Target]:
    if limits is not None:
        encode_column(values, Column(str(values.name), limits=limits, may_miss=True))
    return find_target(str(values.name), values, **how)


def _check_names(received: list[str], columns: Mapping | None, ignore: Sequence[str], target: str) -> None:
    if len(received) == 1 and received != list(columns or ()):
        raise InputError(f"the whole header is one column, {received[0]!r}: is data.delimiter the right one?")
    strange = [name for name in (*ignore, target) if name not in received]
    if strange and (columns is None or set(strange) - set(columns)):
        raise InputError(f"the table has no column {strange[0]!r}, which params.yaml names; it has {_listed(received)}")
    if len(received) - len(ignore) < 2:
        raise InputError(f"the table has no feature beside {target!r}; expected one column or more to predict it from")
    taken = [name for name in received if name not in ignore]
    if columns is None or taken == list(columns):
        return
    missing = [name for name in columns if name not in taken]
    unknown = [name for name in taken if name not in columns]
    if missing or unknown:
        detail = f"missing: {missing or 'none'}; not expected: {unknown or 'none'}"
        detail += "; name what is to be left out under data.ignore" if unknown else ""
    else:
        detail = f"expected in the order {list(columns)}, received {taken}"
    raise InputError(f"the columns of the table are not those of data.columns; {detail}")


def _listed(names: list[str]) -> str:
    return ", ".join(repr(name) for name in names[:12]) + (f" and {len(names) - 12} more" if len(names) > 12 else "")
