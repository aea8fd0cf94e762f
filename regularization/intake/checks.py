"""Reading the table and checking it: every column that params.yaml names, every value in its plausible range."""

import io
import re
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from regularization.errors import InputError
from regularization.intake.columns import encode_column, find_column
from regularization.intake.labels import Target, find_target
from regularization.intake.layout import Layout, decoded, lines_of
from regularization.intake.marks import read_marked
from regularization.table.preprocessing import Column

BEHIND = "behind the last delimiter"  # a name that no file has


class CheckedTable(NamedTuple):
    """A table whose every value has been checked."""

    features: pd.DataFrame  # (rows, features) floats: a text is its number in the column's categories, NaN is missing
    y: np.ndarray  # (rows,): labels 0 and 1, numbers of classes from 0 on, or numbers
    columns: tuple[Column, ...]  # what each feature is
    target: Target


def read_table(source: str | Path | bytes, *, layout: Layout, name: str = "") -> pd.DataFrame:
    """The CSV at `source`, or its bytes, unchecked; `name` stands in messages in its place.

    Numbers may have a mark between thousands, and signs of money or per cent (`read_marked`, whose result stands in
    the table's `attrs` under `marked`). A delimiter too many at the end of each row is passed over; what a short line
    lacks is missing.
    Raises `InputError` where it is empty, a line has fields too many, or it is no CSV in that encoding at all.
    """
    place = name or source
    try:
        content = source if isinstance(source, bytes) else Path(source).read_bytes()
        table = _parse(lines_of(decoded(content, layout.encoding), layout), layout)
        _trim(table)
        table.attrs["marked"] = read_marked(table, decimal=layout.decimal, thousands=layout.thousands)
        return table
    except pd.errors.EmptyDataError:
        raise InputError(f"{place}: the file is empty; expected a header line and rows") from None
    except InputError as error:
        raise InputError(f"{place}: {error}") from None
    except (ValueError, OverflowError, pd.errors.ParserWarning) as error:  # pandas' ParserError is a ValueError
        raise InputError(f"{place}: not readable as CSV: {_reason(error, layout)}") from None


def _parse(text: str, layout: Layout) -> pd.DataFrame:
    """The table as pandas reads it, less an empty column behind the last delimiter of each row."""
    how = layout.pandas | {"decimal": layout.decimal, "index_col": False}
    how["low_memory"] = False  # else a long column may come in pieces of different types
    with warnings.catch_warnings(action="error", category=pd.errors.ParserWarning):  # a field too many is dropped
        try:
            table = pd.read_csv(io.StringIO(text), **how)
        except pd.errors.ParserWarning:
            if layout.header is not True:
                raise
            names = pd.read_csv(io.StringIO(text), **how | {"nrows": 0, "dtype": str}).columns
            table = pd.read_csv(io.StringIO(text), **how, names=[*names, BEHIND], header=0)
            if table[BEHIND].notna().any():
                raise
            table = table.drop(columns=BEHIND)
    if layout.header is True:
        return table
    names = [f"column {number + 1}" for number in range(table.shape[1])]
    given = names if layout.header is False else list(layout.header)
    if len(given) == table.shape[1] - 1 and table.iloc[:, -1].isna().all():
        table = table.iloc[:, :-1]
    if len(set(given)) < len(given):
        raise InputError(f"data.header: received {given}; expected names that differ")
    if len(given) != table.shape[1]:
        raise InputError(f"{table.shape[1]} columns; expected {len(given)}, as data.header has so many names")
    return table.set_axis(given, axis=1)


def _reason(error: Exception, layout: Layout) -> str:
    """What pandas says, in the terms of the file."""
    text = " ".join(str(error).split())
    if match := re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", text):
        expected, line, seen = map(int, match.groups())
        return f"line {line + layout.skip} has {seen} fields, others {expected}; mend it"
    return text


def _trim(table: pd.DataFrame) -> None:
    """Take blanks off the ends of names and texts, in place."""
    names = [name.strip() if isinstance(name, str) else name for name in table.columns]
    if len(set(names)) == len(names):
        table.columns = names
    for name in table.columns:
        if pd.api.types.is_string_dtype(table[name].dtype) and table[name].map(type).isin([str, float]).all():
            table[name] = table[name].str.strip().replace("", np.nan)


def drop_unlabelled(table: pd.DataFrame, target: str, layout: Layout) -> tuple[pd.DataFrame, int]:
    """The rows whose target is there, and how many are left out.

    Numbers that a footer had made texts are numbers again, by the `layout` of the file.
    """
    if target not in table or not table[target].isna().any() or table[target].isna().all():
        return table, 0
    kept = table[table[target].notna()].reset_index(drop=True)
    marked = read_marked(kept, decimal=layout.decimal, thousands=layout.thousands)
    kept.attrs["marked"] = table.attrs.get("marked", {}) | {
        name: values for name, values in marked.items() if not _is_plain(values)
    }
    return kept, len(table) - len(kept)


def _is_plain(text: str) -> bool:
    """Whether a number is written without any mark."""
    return text.isascii() and text.replace(".", "", 1).isdigit()


def check_table(
    table: pd.DataFrame,
    *,
    target: str,
    columns: Mapping[str, tuple[float, float] | None] | None = None,
    ignore: Sequence[str] = (),
    kinds: Sequence[str] = (),
    task: str = "binary",
    threshold: float | None = None,
    positive: str | float | bool | None = None,
) -> CheckedTable:
    """The table as floats, once it holds what is said of it.

    `columns`: each name in order, with its plausible range or None; without it, every column is taken. Those of
    `ignore` are left out; those of `kinds` hold numbers that stand for kinds. For `task`, `threshold` and `positive`
    see `find_target`.
    Raises `InputError`, with a line per problem: the column, the rows (1 is the first below the header), the rule.
    """
    _check_names(list(table.columns), columns, ignore, [*kinds, target])
    if table.empty:
        raise InputError("the table has a header and no rows; expected at least one row of each class")
    table = table.drop(columns=list(ignore)).reset_index(drop=True)
    limits = columns or {}
    known, encoded, problems = [], {}, []
    for name in table.columns.drop(target):
        try:
            column = find_column(name, table[name], limits.get(name), is_kind=name in kinds)
            encoded[name] = encode_column(table[name], column)
            known.append(column)
        except InputError as error:
            problems.append(str(error))
    try:
        y, found_target = _target(table[target], limits.get(target), task=task, threshold=threshold, positive=positive)
    except InputError as error:
        problems.append(str(error))
    if problems:
        raise InputError("\n".join(problems))
    return CheckedTable(pd.DataFrame(encoded), y, tuple(known), found_target)


def _target(values: pd.Series, limits, **how) -> tuple[np.ndarray, Target]:
    if limits is not None:
        encode_column(values, Column(str(values.name), limits=limits, may_miss=True))
    return find_target(str(values.name), values, **how)


def _check_names(received: list[str], columns: Mapping | None, ignore: Sequence[str], used: Sequence[str]) -> None:
    """`used` are the columns that are named for what they are; the last of them is the target."""
    if len(received) == 1 and received != list(columns or ()):
        raise InputError(f"the whole header is one column, {received[0]!r}: is data.delimiter the right one?")
    strange = [name for name in (*ignore, *used) if name not in received]
    if strange and (columns is None or set(strange) - set(columns)):
        raise InputError(f"the table has no column {strange[0]!r}, which params.yaml names; it has {_listed(received)}")
    if len(received) - len(ignore) < 2:
        raise InputError(
            f"the table has no feature beside {used[-1]!r}; expected one column or more to predict it from"
        )
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
