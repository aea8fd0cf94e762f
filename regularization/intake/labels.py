"""The column to predict, as labels 0 and 1."""

from typing import NamedTuple

import numpy as np
import pandas as pd

from regularization.errors import InputError
from regularization.table.columns import holds_numbers, raise_broken, to_numbers

LARGEST_EXACT = 2**53  # up to here, a float holds every whole number
SHOWN_LABELS = 6  # how many labels a message names
MEANT_BY_TRUE = ("true", "yes", "on", "y")  # YAML reads these as true where they are not quoted
MEANT_BY_FALSE = ("false", "no", "off", "n")


class Target(NamedTuple):
    """What a network predicts."""

    name: str
    labels: tuple[str, str]  # what class 0 and class 1 are called
    threshold: float | None = None  # the value from which on a number is class 1, where one is set


def find_labels(
    name: str, values: pd.Series, *, threshold: float | None = None, positive: str | float | bool | None = None
) -> tuple[np.ndarray, Target]:
    """The labels 0 and 1 of the rows, `(rows,)` integers, and what they mean.

    With a `threshold`, class 1 is the numbers from it on. With `positive`, it is the rows with that label, of two.
    With neither, the values must be 0 and 1 or true and false. Raises `InputError`, with what to do, for anything else,
    and where one class has no row.
    """
    raise_broken(name, values, {"the value to predict is missing; leave such rows out of the file": values.isna()})
    if threshold is not None:
        numbers = to_numbers(values)
        rule = "not a number, which data.threshold needs; for labels set data.positive, and data.threshold to null"
        raise_broken(name, values, {rule: np.isnan(numbers)})
        labels = binarize(pd.Series(numbers), threshold)
        if len(np.unique(labels)) < 2:
            raise InputError(
                f"column {name!r}: every row is on one side of data.threshold {label_text(threshold)} "
                f"(values {numbers.min():g} to {numbers.max():g}); choose one with rows on both sides"
            )
        return labels, Target(name, (f"below {label_text(threshold)}", f"at least {label_text(threshold)}"), threshold)
    texts = values.map(label_text)
    found = sorted(texts.unique())
    if len(found) != 2:
        raise InputError(f"column {name!r}: {_wrong_number(found, values)}")
    chosen = _positive_label(name, found, positive)
    negative = found[0] if chosen == found[1] else found[1]
    return (texts == chosen).to_numpy().astype(np.int64), Target(name, (negative, chosen))


def binarize(target: pd.Series, threshold: float) -> np.ndarray:
    """1 where `target` is at least `threshold`, else 0: `(rows,)` integers."""
    return (target >= threshold).to_numpy().astype(np.int64)


def label_text(value: object) -> str:
    """A label as it is written, to the last digit: 1 for 1.0, True for true."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not abs(value) < LARGEST_EXACT:
        return str(value)
    return str(int(value)) if value == int(value) else repr(float(value))


def _wrong_number(found: list[str], values: pd.Series) -> str:
    more = f" and {len(found) - SHOWN_LABELS} more" if len(found) > SHOWN_LABELS else ""
    received = f"{len(found)} label{'s' if len(found) > 1 else ''} ({', '.join(found[:SHOWN_LABELS])}{more})"
    if len(found) == 1:
        return f"{received}; expected two: there is nothing to learn"
    if holds_numbers(values):
        return f"{received}; expected two, or a number in data.threshold from which on a row counts as 1"
    return f"{received}; expected two: write a column that sets one label, or some, against the rest"


def _positive_label(name: str, found: list[str], positive: str | float | bool | None) -> str:
    if positive is None:
        default = {("0", "1"): "1", ("False", "True"): "True"}.get(tuple(found))
        if default is None:
            raise InputError(
                f"column {name!r}: the labels are {found[0]!r} and {found[1]!r}; set data.positive to the one that "
                "counts as 1"
            )
        return default
    if isinstance(positive, bool):
        meant = [text for text in found if text.lower() in (MEANT_BY_TRUE if positive else MEANT_BY_FALSE)]
    else:
        meant = [text for text in found if text == label_text(positive)]
    if len(meant) != 1:
        raise InputError(
            f"data.positive: received {positive!r}; expected one of the labels of column {name!r}: "
            f"{found[0]!r} or {found[1]!r}"
        )
    return meant[0]
