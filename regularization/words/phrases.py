"""The words that all results share: one format of an interval, one list, one phrase for each verdict and scope."""

from collections.abc import Sequence

import pandas as pd

STANDIN_MARK = "These networks saw a synthetic stand-in table: nothing here says anything about wine."
NEW_TABLES = "for new tables of the same kind"
SAME_BLOCKS = "for new seeds and splits of the same blocks"
MAJORITY_LABEL = "always the majority class"
DECIDED = ("better", "worse", "equivalent")


def interval(value: float, lower: float, upper: float, scope: str = "", *, digits: str = "+.3f") -> str:
    """Return `+0.038 (+0.017 to +0.060)`, with the scope inside the brackets, or that nothing differed."""
    if pd.isna(lower) or pd.isna(upper):
        return "no training differed"
    if lower == upper:
        return f"{value:{digits}} (the same every time)"
    ends = f"{lower:{digits}} to {upper:{digits}}"
    return f"{value:{digits}} ({f'{ends} {scope}'.rstrip()})"


def difference(row, *, joint: bool = False) -> str:
    """Return the interval of a row of comparisons: the single one, or the one that holds for its whole family."""
    ends = ("joint_lower", "joint_upper") if joint else ("lower", "upper")
    return interval(row["difference"], row[ends[0]], row[ends[1]])


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
