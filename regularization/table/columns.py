"""What the columns of a table are, numbers or texts of a few values, and how each becomes floats."""

import math
import re
import warnings
from typing import NamedTuple

import numpy as np
import pandas as pd

from regularization.errors import InputError

MAX_CATEGORIES = 50  # different texts of one column; more of them are free text or names
SHOWN_ROWS = 5  # how many offending rows a message names
MOST_DIGITS = 308  # of a float
SHOWN_LETTERS = 40  # how much of a value it shows
MOSTLY = 0.9  # the share of values by which a column is taken for dates, or for numbers with a few slips
NAME_OF_ID = re.compile(r"(?i:(^|[^a-z])(id|key|index|number|no|nr)$)|[a-z]I[Dd]$")  # customer_id, CustomerId, not paid
LEAVE_OUT = "name it under data.ignore"


class Column(NamedTuple):
    """One feature of a table."""

    name: str
    categories: tuple[str, ...] = ()  # its texts; the first is encoded as 0, the next as 1. Empty: it holds numbers
    limits: tuple[float, float] | None = None  # the smallest and the largest plausible number; None: any
    may_miss: bool = False  # whether a value may be missing


def find_column(name: str, values: pd.Series, limits: tuple[float, float] | None = None) -> Column:
    """What the column `name` is, told from its values.

    With `limits` it holds numbers. Without, it holds numbers where every value is one, or true and false; else texts.
    Raises `InputError`, with what to do, for a column without values, of dates, or of too many different texts.
    """
    may_miss = bool(values.isna().any())
    if values.isna().all():
        raise InputError(f"column {name!r}: there is no value in any row; {LEAVE_OUT}")
    if limits is not None or holds_numbers(values):
        return Column(name, limits=limits, may_miss=may_miss)
    texts = values.dropna().astype(str)
    categories = sorted(texts.unique())
    problem = _problem_of_texts(texts, len(categories))
    if problem:
        raise InputError(f"column {name!r}{problem}")
    return Column(name, tuple(categories), may_miss=may_miss)


def encode_column(values: pd.Series, column: Column) -> np.ndarray:
    """The values as floats `(rows,)`: numbers as they are, texts by their place in `column.categories`, NaN if missing.

    Raises `InputError` with a line per broken rule: the column, the rows (1 is the first below the header), the rule.
    """
    missing = values.isna().to_numpy()
    if column.categories:
        known = {text: float(code) for code, text in enumerate(column.categories)}
        encoded = values.where(~missing, "").astype(str).map(known).to_numpy(dtype=float)
        rules = {f"not one of its known values: {_listed(column.categories)}": np.isnan(encoded) & ~missing}
    else:
        encoded = to_numbers(values)
        if column.limits is not None:
            is_truth = values.map(lambda value: isinstance(value, (bool, np.bool_))).to_numpy(dtype=bool)
            encoded = np.where(is_truth, np.nan, encoded)  # true is in no range
        rules = _rules_of_numbers(encoded, missing, column.limits)
    if not column.may_miss:
        rules |= {"a value is missing, and none was when the network was trained": missing}
    raise_broken(column.name, values, rules)
    return encoded


def holds_numbers(values: pd.Series) -> bool:
    return not np.isnan(to_numbers(values.dropna())).any()


def to_numbers(values: pd.Series) -> np.ndarray:
    """The values as floats, true as 1 and false as 0; NaN where one is missing or no number.

    `3_4` and digits of other scripts, which Python reads as numbers, are none here: they are more likely slips.
    """
    if pd.api.types.is_numeric_dtype(values.dtype):
        return values.to_numpy(dtype=float)
    values = values.astype(object)
    is_slip = values.map(lambda value: isinstance(value, str) and ("_" in value or not value.isascii()))
    values = values.map(lambda value: math.inf if _is_huge(value) else value)
    return pd.to_numeric(values.mask(is_slip), errors="coerce").to_numpy(dtype=float)


def _is_huge(value: object) -> bool:
    """Whether it is a whole number of more digits than a float can hold, which pandas stumbles over."""
    return (
        len(value) > MOST_DIGITS and value.isdigit()
        if isinstance(value, str)
        else (isinstance(value, int) and abs(value) >= 10**MOST_DIGITS)
    )


def _rules_of_numbers(numbers: np.ndarray, missing: np.ndarray, limits) -> dict[str, np.ndarray]:
    rules = {"not a number": np.isnan(numbers) & ~missing}
    if limits is None:
        return rules | {"not a finite number": np.isinf(numbers)}
    smallest, largest = limits
    outside = (numbers < smallest) | (numbers > largest)
    return rules | {f"outside the plausible range {smallest:g} to {largest:g} of data.columns": outside}


def raise_broken(name: str, values: pd.Series, rules: dict[str, np.ndarray]) -> None:
    """Raise `InputError` with a line for each rule that some rows break; `rules` holds a mask `(rows,)` under each."""
    lines = []
    for rule, broken in rules.items():
        rows = np.flatnonzero(broken)
        if len(rows):
            named = [f"{row + 1} ({str(values.iloc[row])[:SHOWN_LETTERS]})" for row in rows[:SHOWN_ROWS]]
            more = f" and {len(rows) - SHOWN_ROWS} more" if len(rows) > SHOWN_ROWS else ""
            lines.append(f"column {name!r}, row{'s' if len(rows) > 1 else ''} {', '.join(named)}{more}: {rule}")
    if lines:
        raise InputError("\n".join(lines))


def _problem_of_texts(texts: pd.Series, n_different: int) -> str | None:
    """Why a column of `texts` cannot be taken and what to do, or None where it can."""
    if holds_dates(texts):
        return f": dates ({texts.iloc[0]}); make numbers of them, such as the year or the days since, or {LEAVE_OUT}"
    if n_different <= MAX_CATEGORIES:
        return None
    if _share_of_numbers(texts.str.replace(",", ".", n=1, regex=False)) > _share_of_numbers(texts):
        return f": numbers with a comma ({texts.iloc[0]}); set data.decimal to ','"
    slips = texts[np.isnan(to_numbers(texts))]
    if 1 - len(slips) / len(texts) > MOSTLY:
        rows = [f"{row} ({text})" for row, text in zip(slips.index.to_numpy() + 1, slips, strict=True)][:SHOWN_ROWS]
        return f", row{'s' if len(rows) > 1 else ''} {', '.join(rows)}: not a number; mend the file"
    return (
        f": {n_different} different texts; expected at most {MAX_CATEGORIES}, as free text and names are not taken; "
        f"group them into fewer, or {LEAVE_OUT}"
    )


def holds_dates(texts: pd.Series) -> bool:
    """Whether nearly all texts are dates. A number alone, or a word, is none."""
    sample = texts.iloc[:1000]
    looks = sample.str.contains(r"\d[-/.: ]\w+[-/.: ]\d", regex=True)
    if looks.mean() < MOSTLY:
        return False
    with warnings.catch_warnings(action="ignore"):  # pandas tells that it guesses the format
        return any(
            pd.to_datetime(sample, errors="coerce", format="mixed", dayfirst=first).notna().mean() > MOSTLY
            for first in (False, True)
        )


def _share_of_numbers(texts: pd.Series) -> float:
    return float(np.mean(~np.isnan(to_numbers(texts))))


def _listed(texts: tuple[str, ...]) -> str:
    more = f" and {len(texts) - 10} more" if len(texts) > 10 else ""
    return ", ".join(repr(text) for text in texts[:10]) + more


def suspicion(values: pd.Series) -> str | None:
    """Why a column can hardly help to predict: a constant, or what looks like an id. None where it may."""
    present = values.dropna()
    n_different = present.nunique()
    if n_different < 2 and not values.isna().any():
        return "the same value in every row"
    if n_different == 0:
        return "no value in any row"
    is_whole = pd.api.types.is_integer_dtype(values.dtype)
    if is_whole and n_different == len(values) > MAX_CATEGORIES:
        if _numbers_the_rows(values):
            return "it numbers the rows"
        if NAME_OF_ID.search(str(values.name)):
            return "an id, by its name and as all its values differ"
    return None


def _numbers_the_rows(values: pd.Series) -> bool:
    """Whether whole numbers, all different, go up by one: 1, 2, 3 in any order of the rows."""
    return int(values.max()) - int(values.min()) == len(values) - 1
