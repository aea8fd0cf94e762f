"""What a file of rows looks like: how its characters are stored, what separates fields and decimals, what its columns
are; and from that the `data:` values of params.yaml."""

import csv
import io
import itertools
import math
from typing import NamedTuple

import numpy as np
import pandas as pd

from regularization.errors import InputError
from regularization.heads import head_of_task
from regularization.intake.checks import MISSING_MARKS, drop_unlabelled, read_table
from regularization.intake.labels import find_target, label_text
from regularization.intake.marks import find_marks
from regularization.table.columns import Column, encode_column, find_column, holds_numbers, suspicion, to_numbers

DELIMITERS = ",;\t|"
SNIFFED_LINES = 200
SNIFFED_NUMBERS = 20_000  # rows by which the marks of numbers are told
MOST_KINDS = 10  # different whole numbers of a target that may stand for kinds
MOST_RANGES = 60  # columns up to which each gets a range: params.yaml stays readable
POSITIVE_WORDS = ("yes", "true", "y", "t", "positive", "pos", "+", "good", "present", "won", "win", "spam")


class Layout(NamedTuple):
    """How the file is written."""

    delimiter: str
    decimal: str
    thousands: str | None
    encoding: str


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
) -> Understood:
    """What the file `content` holds for someone who wants to predict the column `target`.

    A `task`, a `threshold` or the `positive` label that is given stands; else they are chosen. Raises `InputError`,
    with what to do, where the file is no table with names in its first line or the target is not of the task.
    """
    layout, doubtful = find_layout(content)
    table = read_table(io.BytesIO(content), name="FILE", **layout._asdict())
    names = ", ".join(repr(name) for name in table.columns[:30])
    if holds_numbers(pd.Series(table.columns)[:3]):
        raise InputError(f"the first line holds values ({names}); expected the columns' names: write such a line above")
    if target not in table.columns:
        raise InputError(f"TARGET: received {target!r}; expected one of the columns {names}")
    table, n_unlabelled = drop_unlabelled(table, target)
    if task is None:
        task = "binary" if threshold is not None or positive is not None else choose_task(table[target])
    if task == "binary" and threshold is None and positive is None:
        positive = choose_positive(table[target])
    find_target(target, table[target], task=task, threshold=threshold, positive=positive)
    columns, left_out = [], {}
    for name in table.columns.drop(target):
        reason = suspicion(table[name]) or _nameless(table[name])
        try:
            column = find_column(name, table[name])
            encode_column(table[name], column)
        except InputError as error:
            reason = reason or str(error).removeprefix(f"column {name!r}").lstrip(":, ").split(";")[0]
        if reason:
            left_out[name] = reason
        else:
            columns.append(column._replace(limits=None if column.categories else generous_range(table[name])))
    if not columns:
        raise InputError(f"no column is left to predict {target!r} from: {left_out}")
    return Understood(
        table, layout, tuple(columns), left_out, target, task, threshold, positive, doubtful, n_unlabelled
    )


def _nameless(values: pd.Series) -> str | None:
    """Why a column without a name in the file is left out: R and pandas write the rows' numbers into such a one."""
    is_nameless = str(values.name).startswith("Unnamed: ") and values.is_unique
    return "it has no name, and all its values differ" if is_nameless else None


def find_layout(content: bytes) -> tuple[Layout, bool]:
    """The delimiter that cuts all lines into equally many fields, and the marks of its numbers (`find_marks`).

    And whether these are in doubt.
    """
    encoding = find_encoding(content)
    try:
        text = content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError:
        raise InputError("the file is no text that can be read; save it as CSV in UTF-8") from None
    if len(text.splitlines()) < 2:
        raise InputError("the file has no two lines; expected a line of names and rows below it")
    delimiter = max(DELIMITERS, key=lambda mark: _fields(text, mark))
    if _fields(text, delimiter) < 2:
        raise InputError(_no_delimiter(text))
    marks = find_marks(_texts(text, delimiter), delimiter=delimiter)
    return Layout(delimiter, marks.decimal, marks.thousands, encoding), marks.doubtful


def find_encoding(content: bytes) -> str:
    """utf-8 where the bytes are that; else what charset-normalizer takes them for."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes

        best = from_bytes(content[:1_000_000]).best()
        if best is None:
            raise InputError("the file is no text that can be read; save it as CSV in UTF-8") from None
        return best.encoding
    return "utf-8"


def _fields(text: str, delimiter: str) -> int:
    """Into how many fields the delimiter cuts every line; 0 where the lines differ."""
    counts = set(_counts(text, delimiter))
    return counts.pop() if len(counts) == 1 else 0


def _counts(text: str, delimiter: str) -> list[int]:
    """Into how many fields it cuts each of the first lines that are not empty."""
    lines = csv.reader(io.StringIO(text, newline=None), delimiter=delimiter, skipinitialspace=True)
    try:
        header, *rows = [fields for fields in itertools.islice(lines, SNIFFED_LINES) if fields]
    except (csv.Error, ValueError):
        return []
    if header[-1] == "" and rows and len(rows[0]) == len(header) - 1:  # a delimiter too many behind the names
        header = header[:-1]
    return [len(fields) for fields in (header, *rows)]


def _no_delimiter(text: str) -> str:
    """Why no delimiter cuts all lines alike, and what to do."""
    for delimiter in DELIMITERS:
        counts = _counts(text, delimiter)
        usual = max(set(counts), key=counts.count, default=1)
        if usual > 1 and counts.count(usual) > len(counts) / 2:
            odd = next(number for number, count in enumerate(counts) if count != usual)
            which = f"line {odd + 1} that is not empty" if odd else "the first line"
            told = f"{which} has {counts[odd]} of them, others {usual}"
            return f"fields between {delimiter!r}: {told}; mend it, the first line must hold the columns' names"
    return f"no delimiter found in {text[:80]!r}; expected one of comma, semicolon, tab and |"


def _texts(text: str, delimiter: str) -> list[pd.Series]:
    """The values of each column, as they stand in the file."""
    how = {"dtype": str, "nrows": SNIFFED_NUMBERS, "na_values": MISSING_MARKS, "skipinitialspace": True}
    try:
        table = pd.read_csv(io.StringIO(text), sep=delimiter, index_col=False, **how)
    except (ValueError, OverflowError):
        return []  # `read_table` says what is wrong
    return [table.iloc[:, number].dropna() for number in range(table.shape[1])]


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
    smallest, largest = float(values.min()), float(values.max())
    if set(values.dropna().unique()) <= {0, 1}:
        return 0.0, 1.0
    spread = largest - smallest
    lower = smallest - spread if smallest < 0 else max(0.0, smallest - spread)
    return _rounded(lower, math.floor), _rounded(largest + spread, math.ceil)


def _rounded(number: float, direction) -> float:
    if number == 0:
        return 0.0
    unit = 10.0 ** (math.floor(math.log10(abs(number))) - 1)
    return float(f"{direction(number / unit) * unit:.6g}")
