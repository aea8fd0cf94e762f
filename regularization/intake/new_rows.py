"""New rows for a trained network: checked against the table that it was trained on, then made its inputs."""

import numpy as np
import pandas as pd

from regularization.errors import InputError
from regularization.table.columns import Column, encode_column
from regularization.table.preprocessing import from_plain


def to_inputs(rows: pd.DataFrame, columns: list[dict]) -> np.ndarray:
    """The inputs `(rows, inputs)` of the network, out of `rows` whose columns stand in any order.

    `columns` is what `to_plain` gave. A column that it does not name is passed over. Raises `InputError` with a line
    per problem: a column that is not there, a value that is missing, of the wrong type or outside its range.
    """
    known, preprocessor = from_plain(columns)
    missing = [column.name for column in known if column.name not in rows]
    if missing:
        raise InputError(f"the rows lack the columns {missing}; expected {[column.name for column in known]}")
    if rows.empty:
        raise InputError("there is a header and no rows; expected at least one")
    return preprocessor.transform(np.column_stack(_encoded(rows, known)))


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
