"""What a file of rows holds, its columns and what is to be predicted: the `data:` values of params.yaml."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from regularization.errors import InputError
from regularization.heads import head_of_task
from regularization.intake.checks import drop_unlabelled, read_table
from regularization.intake.columns import (
    encode_column,
    find_column,
    holds_numbers,
    label_text,
    suspicion,
    to_numbers,
)
from regularization.intake.labels import find_target
from regularization.intake.layout import Layout, find_layout
from regularization.table.preprocessing import Column

MOST_KINDS = 10  # different whole numbers of a target that may stand for kinds
MOST_RANGES = 60  # columns up to which each gets a range: params.yaml stays readable
POSITIVE_WORDS = ("yes", "true", "y", "t", "positive", "pos", "+", "good", "present", "won", "win", "spam")


class Understood(NamedTuple):
    """What a file holds, as far as its values tell."""

    table: pd.DataFrame
    layout: Layout
    columns: tuple[Column, ...]  # the features
    left_out: dict[str, str]  # the other columns, each with the reason
    target: str
    task: str
    threshold: float | None
    positive: str | None
    kinds: tuple[str, ...] = ()  # of the features, those of numbers that stand for kinds
    doubtful: bool = False  # whether marked numbers could be read either way: as decimals or as thousands
    n_unlabelled: int = 0  # rows without a target, which are left out of the table

    def data_values(self) -> dict:
        """The values of the `data` group of params.yaml that follow from it."""
        ranges = {column.name: list(column.limits) if column.limits else None for column in self.columns}
        in_order = [name for name in self.table.columns if name in ranges or name == self.target]
        return {
            **self.layout._asdict(),
            "columns": {name: ranges.get(name) for name in in_order} if len(in_order) <= MOST_RANGES else None,
            "ignore": list(self.left_out),
            "kinds": list(self.kinds),
            "target": self.target,
            "task": self.task,
            "threshold": self.threshold,
            "positive": self.positive,
            "curves": head_of_task(self.task).curves,
        }


def understand(
    content: bytes,
    *,
    target: str,
    task: str | None = None,
    threshold: float | None = None,
    positive: str | None = None,
    header: bool | Sequence[str] | None = None,
    skip: int | None = None,
    missing: Sequence[str] | None = None,
    kinds: Sequence[str] = (),
) -> Understood:
    """What the file `content` holds for someone who wants to predict the column `target`.

    That is a name; or, where no column has it, `first`, `last` or a number from 1 on. A `task`, a `threshold`, the
    `positive` label, the `header`, lines to `skip` and the marks of `missing` values that are given stand; else they
    are chosen. `kinds` are columns whose numbers stand for kinds. Raises `InputError`, with what to do, where the file
    is no table with names in its first line or the target is not of the task.
    """
    layout, doubtful = find_layout(content, header=header, skip=skip, missing=missing)
    table = read_table(content, name="FILE", layout=layout)
    if layout.header is not True:
        _check_first_row(table)
    target = _column_at(target, list(table.columns), [name for name in table if table[name].notna().any()])
    if strange := [name for name in kinds if name not in table.columns.drop(target)]:
        raise InputError(f"KINDS: received {strange[0]!r}; expected some of {_listed(table.columns.drop(target))}")
    table, n_unlabelled = drop_unlabelled(table, target, layout)
    if n_unlabelled and len(table[target].unique()) == 1:
        raise InputError(
            f"column {target!r}: {label_text(table[target].iloc[0])!r} in {len(table)} rows and no value in "
            f"{n_unlabelled}; where NA or the like is a label, MISSING=none reads it as one"
        )
    if task is None:
        task = "binary" if threshold is not None or positive is not None else choose_task(table[target])
    if task == "binary" and threshold is None and positive is None:
        positive = choose_positive(table[target])
    find_target(target, table[target], task=task, threshold=threshold, positive=positive)
    columns, left_out = [], {}
    for name in table.columns.drop(target):
        reason = suspicion(table[name]) or _nameless(table[name])
        try:
            column = find_column(name, table[name], is_kind=name in kinds)
            encode_column(table[name], column)
        except InputError as error:
            reason = reason or str(error).removeprefix(f"column {name!r}").lstrip(":, ").split(";")[0]
        if reason:
            left_out[name] = reason
        else:
            columns.append(column._replace(limits=None if column.categories else generous_range(table[name])))
    if not columns:
        reasons = ", ".join(f"{name} ({reason})" for name, reason in left_out.items())
        raise InputError(f"no column is left to predict {target!r} from: {reasons}")
    kinds = tuple(name for name in kinds if name not in left_out)
    return Understood(
        table, layout, tuple(columns), left_out, target, task, threshold, positive, kinds, doubtful, n_unlabelled
    )


def _check_first_row(table: pd.DataFrame) -> None:
    """Raise `InputError` where the first row looks like a line of names: texts alone, some of them above numbers."""
    first = table.iloc[0]
    above = [name for name in table if isinstance(first[name], str) and holds_numbers(table[name].iloc[1:])]
    if above and np.isnan(to_numbers(first.astype(object))).all():
        raise InputError(
            f"HEADER: says that the first line holds values; received {first[above[0]]!r} there, above numbers, and no "
            "number: where these are names, leave HEADER out"
        )


def _column_at(target: str, names: list[str], filled: list[str]) -> str:
    """The column that is meant: by its name, or by its place; the last is one that holds values."""
    if target in names:
        return target
    last = names.index(filled[-1]) if filled else len(names) - 1
    places = {"first": 0, "last": last} | {str(number + 1): number for number in range(len(names))}
    if target not in places:
        raise InputError(
            f"TARGET: received {target!r}; expected one of the columns {_listed(names)}, or last; a file without names "
            "in its first line needs HEADER=no"
        )
    return names[places[target]]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:30])) + (f" and {len(names) - 30} more" if len(names) > 30 else "")


def _nameless(values: pd.Series) -> str | None:
    """Why a column without a name in the file is left out: R and pandas write the rows' numbers into such a one."""
    is_nameless = str(values.name).startswith("Unnamed: ") and values.is_unique
    return "it has no name, and all its values differ" if is_nameless else None


def choose_task(values: pd.Series) -> str:
    """`binary` for two labels, `classes` for texts, and for whole numbers that look like kinds; else `number`.

    They look so where there are at most `MOST_KINDS` different ones and the smallest is 0 or 1.
    """
    present = values.dropna()
    n_different = present.nunique()
    if n_different <= 2:
        return "binary"
    if not holds_numbers(values):
        return "classes"
    numbers = np.unique(to_numbers(present))
    is_kind = (numbers == np.round(numbers)).all() and len(numbers) <= MOST_KINDS and numbers[0] in (0, 1)
    return "classes" if is_kind else "number"


def choose_positive(values: pd.Series) -> str | None:
    """The positive one of two labels: the one that says so (yes, true ...), else the rarer one.

    None is needed for 0 and 1, true and false.
    """
    present = values.dropna()
    labels = [label_text(value) for value in present.unique()]
    if len(labels) != 2 or set(labels) in ({"0", "1"}, {"False", "True"}):
        return None  # `find_target` says what to do
    if set(labels) == {"-1", "1"}:
        return "1"
    said = [label for label in labels if label.lower() in POSITIVE_WORDS]
    return said[0] if len(said) == 1 else present.map(label_text).value_counts().index[-1]


def generous_range(values: pd.Series) -> tuple[float, float] | None:
    """Limits twice as wide as the values spread, below 0 only where a value is, rounded outward to two digits."""
    if values.dtype == bool or values.dtype == object:
        return None  # true and false
    values = pd.Series(to_numbers(values))
    smallest, largest = float(values.min()), float(values.max())
    if set(values.dropna().unique()) <= {0, 1}:
        return 0.0, 1.0
    spread = largest - smallest
    if not math.isfinite(2 * spread):
        return None
    lower = smallest - spread if smallest < 0 else max(0.0, smallest - spread)
    return _rounded(lower, math.floor), _rounded(largest + spread, math.ceil)


def _rounded(number: float, direction) -> float:
    if number == 0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(abs(number))) - 1)
    return float(f"{direction(number / unit) * unit:.6g}")
