"""The words that all results share: one format of an interval, one list, one phrase for each verdict and scope."""

import math
from collections.abc import Sequence

import pandas as pd

from regularization.heads import Head
from regularization.heads.metrics import METRICS

STANDIN_MARK = "These networks saw a synthetic stand-in table: nothing here says anything about wine."
NEW_TABLES = "for new tables of the same kind"
SAME_BLOCKS = "for new seeds and splits of the same blocks"
NOTHING = "-"
SMALLEST_SHOWN, SMALLEST_WRITTEN = 0.0005, 1e-6  # with three decimals, and without an exponent
DECIDED = ("better", "worse", "equivalent")


def figure(value: float, *more: float, sign: str = "", own_units: bool = False) -> str:
    """Return a figure with three decimals, with fewer where it, or one that stands beside it, is above 10.

    In a target's `own_units` a small one has as many decimals as show three digits of the largest. A `sign` of "+"
    stands before figures above 0 too. A dash stands for NaN.
    """
    return NOTHING if pd.isna(value) else f"{value:{sign}{_decimals(value, *more, own_units=own_units)}}"


def _decimals(*values: float, own_units: bool = False) -> str:
    largest = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    if own_units and 0 < largest < 0.1:
        return f".{2 - math.floor(math.log10(largest))}f" if largest > SMALLEST_WRITTEN else ".2e"
    if 0 < largest < SMALLEST_SHOWN:
        return ".2e"
    return next((f",.{decimals}f" for decimals, least in enumerate((1000, 100, 10)) if largest >= least), ".3f")


def constant_label(head: Head) -> str:
    """Return the constant predictor as tables name it."""
    return "always the majority class" if head.n_classes else "always the mean"


def setting_text(value: object) -> str:
    """Return a value of a setting in words: `none`, `0.01`, `[10, 10]`."""
    if isinstance(value, list | tuple):
        return str(list(value))
    return "none" if pd.isna(value) else f"{value:g}" if isinstance(value, float) else str(value)


def interval(
    value: float,
    lower: float,
    upper: float,
    scope: str = "",
    *,
    digits: str = "",
    sign: str = "+",
    own_units: bool = False,
) -> str:
    """Return `+0.038 (+0.017 to +0.060)`, with the scope inside the brackets, or that nothing differed.

    The figures have the `digits` that are said, or as many as `figure` gives them, with that `sign`.
    """
    digits = digits or f"{sign}{_decimals(value, lower, upper, own_units=own_units)}"
    if pd.isna(lower) or pd.isna(upper):
        return "no training differed"
    if lower == upper:
        return f"{value:{digits}} (the same every time)"
    ends = f"{lower:{digits}} to {upper:{digits}}"
    return f"{value:{digits}} ({f'{ends} {scope}'.rstrip()})"


def in_own_units(metric: str) -> bool:
    """Return whether a metric's figures are in the units of the target."""
    return METRICS[metric].in_own_units


def difference(row, *, joint: bool = False) -> str:
    """Return the interval of a row of comparisons: the single one, or the one that holds for its whole family."""
    ends = ("joint_lower", "joint_upper") if joint else ("lower", "upper")
    return interval(row["difference"], row[ends[0]], row[ends[1]], own_units=in_own_units(row["metric"]))


def listed(items: Sequence[str]) -> str:
    """Return `a, b and c`."""
    items = list(items)
    if not items:
        return ""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} and {items[-1]}"


def few(names: Sequence[str], most: int = 4) -> str:
    """Return the names, or the first of them and the number of the others."""
    if len(names) <= most:
        return ", ".join(names)
    return f"{', '.join(names[: most - 1])} and {len(names) - most + 1} others"


def counted(number: int, noun: str) -> str:
    """Return `1 training`, `3 trainings`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def rows_of(table: pd.DataFrame) -> list[dict]:
    return table.to_dict("records")
