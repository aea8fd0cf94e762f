"""New rows for a trained network: read as its table was, checked against it, then made its inputs."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from regularization.errors import InputError
from regularization.intake.checks import read_table
from regularization.intake.columns import encode_column
from regularization.intake.layout import DELIMITERS, MOST_SKIPPED, Layout, decoded, find_layout, lines_of, sample_lines
from regularization.table.preprocessing import Column, from_plain

FORMULA = ("=", "+", "@", "\t", "\r")  # what a spreadsheet takes the beginning of a formula for


def read_rows(content: bytes, layout: Layout, *, names: Sequence[str], target: str) -> tuple[pd.DataFrame, Layout]:
    """The rows of a file with the columns `names`, and how it is written: as the table, whose `layout` is given.

    Or with another delimiter, or without the lines above the names. The rows of a table without names in its first line
    may have such a line, and they may lack the `target`.
    """
    layout = _layout_of_rows(content, layout, set(names), target)
    return read_table(content, layout=layout, name="ROWS"), layout


def _layout_of_rows(content: bytes, layout: Layout, names: set[str], target: str) -> Layout:
    text = decoded(content, layout.encoding)
    for delimiter in dict.fromkeys([layout.delimiter, *DELIMITERS]):
        for skip in dict.fromkeys([0, layout.skip]):
            of_rows = layout._replace(delimiter=delimiter, skip=skip, header=True)
            first = _first_fields(text, of_rows)
            if names <= set(first):
                return of_rows if delimiter == layout.delimiter else _with_its_marks(content, of_rows)
    return layout if isinstance(layout.header, bool) else _without_names(content, text, layout, target)


def _without_names(content: bytes, text: str, layout: Layout, target: str) -> Layout:
    """The layout of rows without a line of names: as many fields as the table's, or one less, the target's."""
    given = list(layout.header) if not isinstance(layout.header, bool) else []
    rest = [name for name in given if name != target]
    for delimiter in dict.fromkeys([layout.delimiter, *DELIMITERS]):
        for skip in dict.fromkeys([0, layout.skip]):
            of_rows = layout._replace(delimiter=delimiter, skip=skip)
            for header in (given, rest):
                if len(_first_fields(text, of_rows)) == len(header):
                    of_rows = of_rows._replace(header=header)
                    return of_rows if delimiter == layout.delimiter else _with_its_marks(content, of_rows)
    return layout


def _first_fields(text: str, layout: Layout) -> list[str]:
    lines = sample_lines(lines_of(text, layout), layout.delimiter)
    return [field.strip() for field in lines[0]] if lines else []


def _with_its_marks(content: bytes, layout: Layout) -> Layout:
    """Another delimiter may come with another decimal mark."""
    of_rows, _ = find_layout(content, header=layout.header, skip=layout.skip, missing=layout.missing)
    return layout._replace(decimal=of_rows.decimal, thousands=of_rows.thousands)


def to_inputs(rows: pd.DataFrame, columns: list[dict], *, strict: bool = True) -> tuple[np.ndarray, pd.Series]:
    """The inputs `(rows, inputs)` of the network, out of `rows` whose columns stand in any order.

    And what was filled in. `columns` is what `to_plain` gave. A column that it does not name is passed over. Where a
    number is missing in a column that had none missing in training, it is the training rows' median unless `strict`;
    the names of such columns are the second result, a text per row. Raises `InputError` with a line per problem: a
    column that is not there, a value that is missing, of the wrong type or outside its range.
    """
    known, preprocessor = from_plain(columns)
    missing = [column.name for column in known if column.name not in rows]
    if missing:
        raise InputError(f"the rows lack the columns {missing}; expected {[column.name for column in known]}")
    if rows.empty:
        raise InputError("there is a header and no rows; expected at least one")
    lenient = tuple(part if strict or part.categories else part._replace(may_miss=True) for part in known)
    encoded = np.column_stack(_encoded(rows, lenient))
    filled = np.isnan(encoded) & ~preprocessor.may_miss
    names = [", ".join(part.name for part, is_filled in zip(known, row, strict=True) if is_filled) for row in filled]
    return preprocessor.transform(np.where(filled, preprocessor.fill, encoded)), pd.Series(names, dtype=object)


def _encoded(rows: pd.DataFrame, columns: tuple[Column, ...]) -> list[np.ndarray]:
    encoded, problems = [], []
    for column in columns:
        try:
            encoded.append(encode_column(rows[column.name], column))
        except InputError as error:
            problems.append(str(error))
    if problems:
        raise InputError("\n".join(problems))
    return encoded


def unused_columns(rows: pd.DataFrame, columns: list[dict]) -> list[str]:
    """The columns of `rows` that the network does not take."""
    return [str(name) for name in rows if name not in {column["name"] for column in columns}]


def harmless(predictions: pd.DataFrame) -> pd.DataFrame:
    """The table with `'` before names and texts that a spreadsheet would take for a formula."""
    guarded = predictions.rename(columns=_guarded)
    texts = guarded.select_dtypes(exclude="number")
    return guarded.assign(**{name: values.map(_guarded) for name, values in texts.items()})


def _guarded(text: object) -> object:
    return f"'{text}" if isinstance(text, str) and text.startswith(FORMULA) and len(text) > 1 else text


def described(known: Mapping) -> tuple[Layout, list[dict], dict]:
    """The layout, the columns and the target that a model's file names. Raises `InputError` where they are damaged."""
    try:
        layout, columns, target = Layout(**known["layout"]), list(known["columns"]), dict(known["target"])
        read, preprocessor = from_plain(columns)
        names, labels = [column.name for column in read], target["labels"]
        texts = [target["name"], *names, *labels, *(text for column in read for text in column.categories)]
        limits = [number for column in read for number in column.limits or (0.0, 0.0)]
        numbers = [preprocessor.fill, preprocessor.mean, preprocessor.scale, np.array(limits, float)]
        numbers += [] if labels else [np.array([target["mean"], target["scale"]], float)]
        sound = all(isinstance(text, str) for text in texts) and all(np.isfinite(values).all() for values in numbers)
        sound = sound and len(names) > 0 and len(labels) != 1 and bool((preprocessor.scale > 0).all())
        sound = sound and len(limits) == 2 * len(read) and {"file", "sha256", "origin"} <= set(known["table"])
        if not sound or not _is_sound(layout):
            raise ValueError
    except (KeyError, TypeError, ValueError, AttributeError, LookupError):
        raise InputError("what it says of its table is damaged; `dvc repro` makes it again") from None
    return layout, columns, target


def _is_sound(layout: Layout) -> bool:
    """Whether each field is of its kind; params.yaml is checked in the same way."""
    "a".encode(layout.encoding)  # raises for what is no encoding of texts
    lists = [texts for texts in (layout.header, layout.missing) if texts is not None and not isinstance(texts, bool)]
    return (
        isinstance(layout.delimiter, str)
        and len(layout.delimiter) == 1
        and layout.decimal in (".", ",")
        and layout.thousands in (None, ".", ",")
        and type(layout.skip) is int
        and 0 <= layout.skip <= MOST_SKIPPED
        and isinstance(layout.header, bool | list)
        and all(isinstance(texts, list) and all(isinstance(text, str) for text in texts) for texts in lists)
    )
