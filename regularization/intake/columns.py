"""What the columns of a table are, numbers or texts of a few values, and how each becomes floats."""

import math
import re
import warnings

import numpy as np
import pandas as pd

from regularization.errors import InputError
from regularization.table.preprocessing import Column

MAX_CATEGORIES = 100  # different texts of one column; more of them are free text or names
LEAST_ROWS_OF_ID = 50  # in fewer, whole numbers may all differ by chance
STAND_INS = (-9, -99, -200, -999, -9999, -99999)  # written where there is no value
SHOWN_ROWS = 5  # how many offending rows a message names
FEW_CATEGORIES = 20  # that are taken whatever the number of rows
LARGEST = 1e30  # networks compute in 32 bits, where 3.4e38 is the end
MOST_DIGITS = 308  # of a float
LARGEST_EXACT = 2**53  # up to here, a float holds every whole number
SHOWN_LETTERS = 40  # how much of a value it shows
MOSTLY = 0.9  # the share of values by which a column is taken for dates, for an id, or for numbers with a few slips
# customer_id, CustomerId, EmployeeNumber, but not paid
NAME_OF_ID = re.compile(r"(?i:(^|[^a-z])(id|key|index|number|no|nr)$)|[a-z](I[Dd]|Key|Index|Number|No|Nr)$")
LEAVE_OUT = "name it under data.ignore"


def find_column(
    name: str, values: pd.Series, limits: tuple[float, float] | None = None, *, is_kind: bool = False
) -> Column:
    """What the column `name` is, told from its values.

    With `limits` it holds numbers. Without, it holds numbers where every value is one, or true and false, and these are
    no codes of a kind (`is_kind`); else texts. Raises `InputError`, with what to do, for a column without values, of
    dates, or of too many different texts or kinds.
    """
    may_miss = bool(values.isna().any())
    if values.isna().all():
        raise InputError(f"column {name!r}: there is no value in any row; {LEAVE_OUT}")
    is_number = holds_numbers(values)
    if limits is not None or (is_number and not is_kind):
        return Column(name, limits=limits, may_miss=may_miss)
    texts = values.dropna().map(label_text)
    categories = labels_in_order(values.dropna())
    problem = _problem_of_kinds(len(categories)) if is_number else _problem_of_texts(texts, len(categories))
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
        encoded = values.where(~missing, "").map(label_text).map(known).to_numpy(dtype=float)
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


def label_text(value: object) -> str:
    """A label as it is written, to the last digit: 1 for 1.0, True for true."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not abs(value) < LARGEST_EXACT:
        return str(value)
    return str(int(value)) if value == int(value) else repr(float(value))


def labels_in_order(values: pd.Series) -> list[str]:
    """The different labels: numbers by their size, texts by their letters."""
    labels = pd.Series(sorted(values.map(label_text).unique()), dtype=object)
    return list(labels.iloc[np.argsort(to_numbers(labels), kind="stable")]) if holds_numbers(labels) else list(labels)


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
        too_large = np.isfinite(numbers) & (np.abs(numbers) > LARGEST)
        return rules | {"not a finite number": np.isinf(numbers), f"larger than {LARGEST:g}": too_large}
    smallest, largest = limits
    outside = (numbers < smallest) | (numbers > largest)
    return rules | {f"outside the plausible range {smallest:g} to {largest:g} of data.columns": outside}


def raise_broken(name: str, values: pd.Series, rules: dict[str, np.ndarray]) -> None:
    """Raise `InputError` with a line for each rule that some rows break; `rules` holds a mask `(rows,)` under each."""
    lines = []
    for rule, broken in rules.items():
        rows = np.flatnonzero(broken)
        if len(rows):
            named = [f"{row + 1} ({_shown(values.iloc[row])})" for row in rows[:SHOWN_ROWS]]
            more = f" and {len(rows) - SHOWN_ROWS} more" if len(rows) > SHOWN_ROWS else ""
            lines.append(f"column {name!r}, row{'s' if len(rows) > 1 else ''} {', '.join(named)}{more}: {rule}")
    if lines:
        raise InputError("\n".join(lines))


def _shown(value: object) -> str:
    return "no value" if pd.isna(value) else str(value)[:SHOWN_LETTERS]


def _problem_of_texts(texts: pd.Series, n_different: int) -> str | None:
    """Why a column of `texts` cannot be taken and what to do, or None where it can."""
    if holds_dates(texts):
        return f": dates ({texts.iloc[0]}); make numbers of them, such as the year or the days since, or {LEAVE_OUT}"
    if n_different <= max(FEW_CATEGORIES, min(MAX_CATEGORIES, len(texts) / 2)):
        return None
    if _share_of_numbers(texts.str.replace(",", ".", n=1, regex=False)) > _share_of_numbers(texts):
        return f": numbers with a comma ({texts.iloc[0]}); set data.decimal to ','"
    slips = texts[np.isnan(to_numbers(texts))]
    if 1 - len(slips) / len(texts) > MOSTLY:
        rows = [f"{row} ({text})" for row, text in zip(slips.index.to_numpy() + 1, slips, strict=True)][:SHOWN_ROWS]
        return f", row{'s' if len(rows) > 1 else ''} {', '.join(rows)}: not a number; mend the file"
    return (
        f": {n_different} different texts in {len(texts)} rows; expected at most half as many, and {MAX_CATEGORIES}: "
        f"group them, or {LEAVE_OUT}"
    )


def _problem_of_kinds(n_different: int) -> str | None:
    """Why the numbers of a column cannot be taken for kinds, or None where they can."""
    if n_different <= MAX_CATEGORIES:
        return None
    return f": {n_different} different numbers; expected at most {MAX_CATEGORIES} kinds: take it off data.kinds"


def stand_in(values: pd.Series) -> float | None:
    """A number such as -999 that stands in several rows of a column without other numbers below 0: often "missing"."""
    if pd.api.types.is_bool_dtype(values.dtype) or not pd.api.types.is_numeric_dtype(values.dtype):
        return None
    below = values[values < 0]
    is_one = len(below) > 1 and below.min() == below.max() and float(below.iloc[0]) in STAND_INS
    return float(below.iloc[0]) if is_one else None


def holds_dates(texts: pd.Series) -> bool:
    """Whether nearly all texts are dates. A number alone, a word, or a version such as 1.10.2 is none."""
    sample = texts.iloc[:1000]
    looks = sample.str.contains(r"\d[-/: ]\w+[-/: ]\d|\d{1,2}\.\d{2}\.\d{2}|\d\. ?\w+ ?\d{4}", regex=True)
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
    if not pd.api.types.is_integer_dtype(values.dtype) or len(values) <= LEAST_ROWS_OF_ID:
        return None
    if n_different == len(values) and _numbers_the_rows(values):
        return "it numbers the rows"
    if n_different >= MOSTLY * len(values) and NAME_OF_ID.search(str(values.name)):
        return f"an id, by its name and as {'all' if n_different == len(values) else 'nearly all'} its values differ"
    return None


def _numbers_the_rows(values: pd.Series) -> bool:
    """Whether whole numbers, all different, go up by one: 1, 2, 3 in any order of the rows."""
    return int(values.max()) - int(values.min()) == len(values) - 1
