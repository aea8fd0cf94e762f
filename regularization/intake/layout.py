"""How a file of rows is written: its characters, what separates fields and decimals, and where its names stand."""

import contextlib
import csv
import io
import itertools
import re
from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from regularization.errors import InputError
from regularization.intake.columns import to_numbers
from regularization.intake.marks import find_marks

DELIMITERS = ";\t|,"  # where two cut alike, the comma stands before decimals or in texts
SNIFFED_LINES = 200
SNIFFED_NUMBERS = 20_000  # rows by which the marks of numbers are told
MOST_SKIPPED = 20  # lines above the names
COMMENT = re.compile(r"#|%|//|(?i:sep=.$)")
NO_NAMES = ("na", "n/a", "nan", "null", "none", "unknown", "missing")  # that stand in a row, and hardly over one
FEW_SIGNS = 50  # beyond ASCII: of fewer, no encoding can be told
MISSING = ("", "?")  # beside NA, NaN, null and the like, which pandas takes for missing


class Layout(NamedTuple):
    """How the file is written; see the keys of params.yaml by these names."""

    delimiter: str
    decimal: str
    thousands: str | None
    encoding: str
    skip: int = 0  # lines above the names
    header: bool | Sequence[str] = True  # whether the first line holds the names, or the names where it does not
    missing: Sequence[str] | None = None  # the texts that stand for a missing value; None: `MISSING` and pandas' own

    @property
    def pandas(self) -> dict:
        """The arguments of `pandas.read_csv`, less those of numbers."""
        names = {} if self.header is True else {"header": None}
        if self.missing is None:
            return {"sep": self.delimiter, "skipinitialspace": True, "na_values": list(MISSING), **names}
        marks = {"na_values": ["", *self.missing], "keep_default_na": False}
        return {"sep": self.delimiter, "skipinitialspace": True, **marks, **names}


def find_layout(
    content: bytes,
    *,
    header: bool | Sequence[str] | None = None,
    skip: int | None = None,
    missing: Sequence[str] | None = None,
) -> tuple[Layout, bool]:
    """The delimiter that cuts all lines into equally many fields, and the marks of its numbers (`find_marks`).

    And whether these are in doubt. Lines above, of one field each, are skipped. Without a `header` that is given, the
    first line must hold names. Raises `InputError` where no delimiter does, or where it does not.
    """
    encoding = find_encoding(content)
    text = decoded(content, encoding)
    if "\0" in text:
        raise InputError("the file holds characters of no text (NUL); save it as CSV in UTF-8")
    if len(text.splitlines()) < 2:
        raise InputError("the file has no two lines; expected a line of names and rows below it")
    delimiter, n_above = _find_delimiter(text, skip)
    layout = Layout(delimiter, ".", None, encoding, n_above, True if header is None else header, missing)
    text = lines_of(text, layout)
    if header is None:
        _check_names(text, delimiter, may_skip=skip is None, missing=missing or ())
    marks = find_marks(_texts(text, layout), delimiter=delimiter)
    return layout._replace(decimal=marks.decimal, thousands=marks.thousands), marks.doubtful


def find_encoding(content: bytes) -> str:
    """utf-8 where the bytes are that; else what charset-normalizer takes them for, or cp1252 of few signs."""
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        from charset_normalizer import from_bytes

        beyond = sum(byte > 127 for byte in content[:100_000])
        if 0 < beyond < FEW_SIGNS and b"\0" not in content and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
            with contextlib.suppress(UnicodeDecodeError):
                content.decode("cp1252")
                return "cp1252"
        best = from_bytes(content[:1_000_000]).best()
        if best is None:
            raise InputError("the file is no text that can be read; save it as CSV in UTF-8") from None
        return best.encoding
    return "utf-8"


def decoded(content: bytes, encoding: str) -> str:
    """The text of the file, less a mark of its byte order. Raises `InputError` where it is none."""
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        raise InputError(f"not readable as {encoding}: {error.reason}; save it as CSV in UTF-8") from None


def lines_of(text: str, layout: Layout) -> str:
    """The lines from the names on; where each is one quoted field that holds the others, what is in the quotes."""
    for _ in range(layout.skip):
        text = text.partition("\n")[2]
    header, *rows = sample_lines(text, layout.delimiter) or [[]]
    if not rows or any(len(fields) > 1 for fields in rows):
        return text
    inner = [len(next(iter(sample_lines(fields[0], layout.delimiter)), [])) for fields in rows]
    of_names = len(header) if len(header) > 1 else len(next(iter(sample_lines(header[0], layout.delimiter)), []))
    if of_names < 2 or set(inner) != {of_names}:
        return text
    try:
        lines = [fields for fields in csv.reader(io.StringIO(text, newline=""), delimiter=layout.delimiter) if fields]
    except csv.Error as error:
        raise InputError(f"lines in quotes: {error}; mend the file") from None
    if odd := next((number for number, fields in enumerate(lines) if number and len(fields) > 1), None):
        raise InputError(f"line {odd + 1 + layout.skip} is not in quotes as a whole, as others are; mend it")
    names = text.partition("\n")[0].rstrip("\r") if len(header) > 1 else lines[0][0]
    return "\n".join([names, *(fields[0] for fields in lines[1:])]) + "\n"


def _find_delimiter(text: str, skip: int | None) -> tuple[str, int]:
    """The delimiter, and how many lines stand above the names."""
    lines = text.split("\n", MOST_SKIPPED + 1)
    for n_above in range(max(1, min(MOST_SKIPPED, len(lines) - 1))) if skip is None else [skip]:
        rest = "\n".join(lines[n_above:])
        delimiter = max(DELIMITERS, key=lambda mark, rest=rest: _n_fields(rest, mark))
        if _n_fields(rest, delimiter) >= 2 and (skip is not None or not _is_padded_title(rest, delimiter)):
            return delimiter, n_above
        if _n_fields(rest, delimiter) >= 2:
            continue
        if not (COMMENT.match(lines[n_above].rstrip("\r")) or _is_title(lines[n_above])):
            break
    raise InputError(_no_delimiter(text))


def _is_title(line: str) -> bool:
    """Whether no delimiter cuts the line."""
    return not any(mark in line for mark in DELIMITERS)


def _is_padded_title(text: str, delimiter: str) -> bool:
    """Whether a spreadsheet's title stands in the first of three fields or more, and names below it."""
    first, *rows = sample_lines(text, delimiter)
    return len(first) > 2 and first[0] != "" and not any(first[1:]) and len(rows) > 1 and all(rows[0])


def _n_fields(text: str, delimiter: str) -> int:
    """Into how many fields the delimiter cuts every line; 0 where the lines differ."""
    counts = set(_counts(text, delimiter))
    return counts.pop() if len(counts) == 1 else 0


def sample_lines(text: str, delimiter: str) -> list[list[str]]:
    """The fields of each of the first lines that are not empty."""
    lines = csv.reader(io.StringIO(text, newline=None), delimiter=delimiter, skipinitialspace=True)
    try:
        return [fields for fields in itertools.islice(lines, SNIFFED_LINES) if fields]
    except (csv.Error, ValueError):
        return []


def _counts(text: str, delimiter: str) -> list[int]:
    """Into how many fields it cuts each of the first lines, less an empty one behind the names or behind all rows."""
    sample = sample_lines(text, delimiter)
    if len(sample) < 2:
        return []
    header, *rows = sample
    if all(len(fields) == 1 for fields in rows):  # each line may be one quoted field that holds the others
        rows = [inner for fields in rows for inner in sample_lines(fields[0], delimiter)]
        header = header if len(header) > 1 else (sample_lines(header[0], delimiter) or [header])[0]
    shorter = len(header) - 1
    if header[-1] == "" and rows and len(rows[0]) == shorter:
        header = header[:-1]
    elif rows and all(len(fields) == len(header) + 1 and fields[-1] == "" for fields in rows):
        rows = [fields[:-1] for fields in rows]
    return [len(fields) for fields in (header, *rows)]


def _no_delimiter(text: str) -> str:
    """Why no delimiter cuts all lines alike, and what to do."""
    for delimiter in DELIMITERS:
        counts = _counts(text, delimiter)
        usual = Counter(counts).most_common(1)[0][0] if counts else 1
        if usual > 1 and len(counts) > counts.count(usual) > len(counts) / 2:
            odd = next(number for number, count in enumerate(counts) if count != usual)
            which = f"line {odd + 1} that is not empty" if odd else "the first line"
            counted = f"{which} has {counts[odd]} of them, others {usual}"
            return f"fields between {delimiter!r}: {counted}; mend it, the first line must hold the columns' names"
    return f"no delimiter found in {text[:80]!r}; expected one of comma, semicolon, tab and |"


def _check_names(text: str, delimiter: str, *, may_skip: bool, missing: Sequence[str]) -> None:
    """Raise `InputError` where the first line holds values, or the second one names as well."""
    first, *rows = sample_lines(text, delimiter)
    names = ", ".join(map(repr, first[:6])) + (" ..." if len(first) > 6 else "")
    if _share_of_values(first, rows) > 0.5:
        raise InputError(
            f"the first line holds values ({names}); expected the columns' names: HEADER=no numbers the columns, "
            "with TARGET=last or TARGET=1; HEADER=names.txt names them; HEADER=yes takes these as names"
        )
    if may_skip and len(rows) > 2 and _are_names(rows[0], rows[1:], {*NO_NAMES, *map(str.lower, missing)}):
        names = ", ".join(map(repr, rows[0][:6]))
        raise InputError(f"the second line looks like names too ({names}): SKIP=1 takes these, SKIP=0 the first line's")


def _share_of_values(first: Sequence[str], rows: Sequence[Sequence[str]]) -> float:
    """The share of columns whose `first` field is like those below: a number as they are, or one of a few texts.

    Numbers that go up by equal steps are names, such as years.
    """
    numbers = to_numbers(
        pd.Series([field for field in first if field.strip() and _numbers([field]).all()], dtype=object)
    )
    steps = np.diff(numbers)
    if len(steps) > 1 and steps[0] >= 1 and (steps == steps[0]).all():
        return 0.0
    are_values = []
    for number, field in enumerate(first):
        below = [row[number].strip() for row in rows if len(row) > number and row[number].strip()]
        if not field.strip():
            are_values.append(False)
        elif below and _numbers(below).all():
            are_values.append(bool(_numbers([field]).all()))
        else:
            are_values.append(len(set(below)) <= len(below) / 2 and field.strip() in below)
    return float(np.mean(are_values)) if are_values else 0.0


def _are_names(second: Sequence[str], rows: Sequence[Sequence[str]], no_names: Collection[str]) -> bool:
    """Whether all columns of numbers, two or more, have a text in the second line."""
    columns = [[row[number] for row in rows if len(row) > number] for number in range(len(second))]
    of_numbers = [number for number, column in enumerate(columns) if column and _numbers(column).all()]
    texts = [second[number].strip() for number in of_numbers]
    return len(texts) > 1 and all(re.search(r"[^\W\d]{2}", text) and text.lower() not in no_names for text in texts)


def _numbers(texts: Sequence[str]) -> np.ndarray:
    """Which of the texts are numbers, decimal commas and marks of missing values included."""
    values = pd.Series(texts, dtype=object).str.replace(",", ".", n=1, regex=False)
    return ~np.isnan(to_numbers(values)) | values.isin(["", "?", "NA", "NaN", "nan"]).to_numpy()


def _texts(text: str, layout: Layout) -> list[pd.Series]:
    """The values of each column, as they stand in the file."""
    how = layout.pandas | {"dtype": str, "nrows": SNIFFED_NUMBERS, "index_col": False}
    try:
        table = pd.read_csv(io.StringIO(text), **how)
    except (ValueError, OverflowError):
        return []  # `read_table` says what is wrong
    return [table.iloc[:, number].dropna() for number in range(table.shape[1])]
