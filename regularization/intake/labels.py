"""The column to predict, as labels 0 and 1, as the numbers of its classes, or as a number."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from regularization.errors import InputError
from regularization.intake.columns import (
    holds_dates,
    holds_numbers,
    label_text,
    labels_in_order,
    raise_broken,
    to_numbers,
)
from regularization.table.blocks import N_BLOCKS

LARGEST_SQUARED = 1e150  # whose square is a float
MISSING = (
    "the value to predict is missing, as are None, NA and the like; leave such rows out of the file, or rename them"
)
MAX_CLASSES = 50  # of a target
SHOWN_LABELS = 6  # how many labels a message names
MEANT_BY_TRUE = ("true", "yes", "on", "y")  # YAML reads these as true where they are not quoted
MEANT_BY_FALSE = ("false", "no", "off", "n")


class Target(NamedTuple):
    """What a network predicts."""

    name: str
    labels: tuple[str, ...]  # what the classes are called, from 0 on; a number has none
    threshold: float | None = None  # the value from which on a number is class 1, where one is set


def find_target(
    name: str,
    values: pd.Series,
    *,
    task: str,
    threshold: float | None = None,
    positive: str | float | bool | None = None,
) -> tuple[np.ndarray, Target]:
    """What is to be predicted of the rows, `(rows,)`, and what it means.

    The `task` binary gives labels 0 and 1. With a `threshold`, class 1 is the numbers from it on. With `positive`, it
    is the rows with that label. With neither, the values must be 0 and 1 or true and false. The task classes gives the
    number of each row's label, in their order; the task number the numbers themselves. Raises `InputError`, with what
    to do, for a value that is missing or not of the task, and where there is nothing to learn.
    """
    raise_broken(name, values, {MISSING: values.isna()})
    if task == "number":
        return _numbers(name, values), Target(name, ())
    if task == "classes":
        return _classes(name, values)
    return _binary(name, values, threshold=threshold, positive=positive)


def _numbers(name: str, values: pd.Series) -> np.ndarray:
    numbers = to_numbers(values)
    rules = {
        "not a number; for labels set data.task to binary or classes": np.isnan(numbers),
        "not a finite number": np.isinf(numbers),
        f"larger than {LARGEST_SQUARED:g}": np.isfinite(numbers) & (np.abs(numbers) > LARGEST_SQUARED),
    }
    raise_broken(name, values, rules)
    if len(np.unique(numbers)) < 2:
        raise InputError(f"column {name!r}: {label_text(numbers[0])} in every row; there is nothing to learn")
    return numbers


def _classes(name: str, values: pd.Series) -> tuple[np.ndarray, Target]:
    texts = values.map(label_text)
    labels = labels_in_order(values)
    if not 3 <= len(labels) <= MAX_CLASSES:
        if len(labels) == 2:
            hint = "with two labels, set data.task to binary"
        elif holds_numbers(values):
            hint = "for numbers, set data.task to number"
        elif holds_dates(values):
            hint = "these are dates: predict a number made of them, such as the days since"
        else:
            hint = "group them, or set data.positive to the one that counts as 1"
        raise InputError(f"column {name!r}: {_received(labels)}; expected 3 to {MAX_CLASSES} classes; {hint}")
    return texts.map({label: number for number, label in enumerate(labels)}).to_numpy(), Target(name, tuple(labels))


def _binary(name: str, values: pd.Series, *, threshold, positive) -> tuple[np.ndarray, Target]:
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
    distinct = sorted(texts.unique())
    if len(distinct) < 2 or (len(distinct) > 2 and positive is None):
        raise InputError(f"column {name!r}: {_wrong_number(distinct, values)}")
    chosen = _positive_label(name, distinct, positive)
    others = [label for label in distinct if label != chosen]
    negative = others[0] if len(others) == 1 else f"not {chosen}"
    return (texts == chosen).to_numpy().astype(np.int64), Target(name, (negative, chosen))


def few_rows(y: np.ndarray, labels: Sequence[str]) -> list[str]:
    """A line for each of several classes that has fewer rows than there are blocks, so that some blocks lack it."""
    counts = np.bincount(y, minlength=len(labels)) if len(labels) > 2 else []
    return [
        f"class {label!r} has {count} row{'s' if count != 1 else ''}, fewer than the {N_BLOCKS} blocks: its figures "
        "rest on these few"
        for label, count in zip(labels, counts, strict=False)
        if count < N_BLOCKS
    ]


def binarize(target: pd.Series, threshold: float) -> np.ndarray:
    """1 where `target` is at least `threshold`, else 0: `(rows,)` integers."""
    return (target >= threshold).to_numpy().astype(np.int64)


def _received(labels: list[str]) -> str:
    more = f" and {len(labels) - SHOWN_LABELS} more" if len(labels) > SHOWN_LABELS else ""
    return f"{len(labels)} label{'s' if len(labels) > 1 else ''} ({', '.join(labels[:SHOWN_LABELS])}{more})"


def _wrong_number(labels: list[str], values: pd.Series) -> str:
    if len(labels) == 1:
        return f"{_received(labels)}; expected two: there is nothing to learn"
    if holds_numbers(values):
        advice = "set data.task to number or classes, or data.threshold to the number from which on a row counts as 1"
        return f"{_received(labels)}; expected two: {advice}"
    return f"{_received(labels)}; expected two: set data.task to classes, or data.positive to the one that counts as 1"


def _positive_label(name: str, labels: list[str], positive: str | float | bool | None) -> str:
    if positive is None:
        default = {("0", "1"): "1", ("False", "True"): "True"}.get(tuple(labels))
        if default is None:
            raise InputError(
                f"column {name!r}: the labels are {labels[0]!r} and {labels[1]!r}; set data.positive to the one that "
                "counts as 1"
            )
        return default
    if isinstance(positive, bool):
        meant = [text for text in labels if text.lower() in (MEANT_BY_TRUE if positive else MEANT_BY_FALSE)]
    else:
        meant = [text for text in labels if text == label_text(positive)]
    if len(meant) != 1:
        raise InputError(
            f"data.positive: received {positive!r}; expected one of the labels of column {name!r}: "
            f"{' or '.join(map(repr, labels[:SHOWN_LABELS]))}"
        )
    return meant[0]
