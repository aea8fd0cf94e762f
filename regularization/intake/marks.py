"""The marks within numbers: before decimals, between thousands, and the signs of money and shares beside them."""

import re
from collections.abc import Iterable
from typing import NamedTuple

import pandas as pd

SIGNS = "$€£¥%"
SPACES = " \u00a0\u202f'\u2019"  # between thousands, whatever the other marks are
MISSING = ("-", "--", ".", "\\N", "#DIV/0!", "#VALUE!", "#REF!", "#NUM!")  # of databases and spreadsheets
MOSTLY = 0.9  # the share of a column's values by which it counts as numbers


class Marks(NamedTuple):
    """How numbers are written, as far as they tell."""

    decimal: str = "."
    thousands: str | None = None
    doubtful: bool = False  # each marked number could be read either way, and nothing else in the file decides


class _Column(NamedTuple):
    """What the numbers of a column say."""

    decimals: set[str]  # marks that stand before decimals, such as that of 1.25
    thousands: set[str]  # and between thousands, as in 1.234.567
    either: set[str]  # and those of numbers such as 62.503
    has_small: bool  # whether a number below 1,000 has no mark
    has_large: bool  # and whether a larger one has none


def find_marks(columns: Iterable[Iterable[str]], *, delimiter: str) -> Marks:
    """The marks of numbers in the texts of some columns.

    A mark with three digits behind it, and nothing else, may be either: it stands between thousands where other columns
    have the other mark before decimals, where numbers below 1,000 have none and larger ones all do, or where it is
    the file's `delimiter`, which a decimal mark would not be.
    """
    known = [column for column in map(_column, columns) if column]
    decimal = max(".,", key=lambda mark: _votes(mark, known))
    if _votes(decimal, known):
        other = _other(decimal)
        used = any(other in column.thousands | column.either for column in known)
        return Marks(decimal, other if used else None)
    for mark in ",.":
        either = [column for column in known if mark in column.either]
        if any(column.has_small and not column.has_large for column in either) or (either and mark == delimiter):
            return Marks(_other(mark), mark)
        if either:
            return Marks(mark, None, doubtful=True)
    return Marks()


def _votes(mark: str, columns: list[_Column]) -> int:
    """How much speaks for a `mark` before decimals."""
    agreeing = [column for column in columns if not column.decimals - {mark}]
    return sum((mark in column.decimals) + (_other(mark) in column.thousands) for column in agreeing)


def _other(mark: str) -> str:
    return "," if mark == "." else "."


def _column(texts: Iterable[str]) -> _Column | None:
    """What a column says, or None where it does not hold numbers."""
    column, n_texts, n_numbers = _Column(set(), set(), set(), False, False), 0, 0
    for text in texts:
        n_texts += 1
        bare = re.sub(rf"[{SIGNS}{SPACES}]", "", text.strip()).lstrip("+-")
        if bare.isascii() and bare.isdigit():
            column = column._replace(
                has_small=column.has_small or len(bare) <= 3, has_large=column.has_large or len(bare) > 3
            )
        elif re.fullmatch(r"[0-9]{1,3}([.,])[0-9]{3}(\1[0-9]{3})+", bare):
            column.thousands.add(re.sub(r"[0-9]", "", bare)[0])
        elif match := re.fullmatch(r"[0-9]{1,3}(([.,])[0-9]{3})(\2[0-9]{3})*([.,])[0-9]+", bare):
            if match[4] == match[2]:
                continue
            column.thousands.add(match[2])
            column.decimals.add(match[4])
        elif match := re.fullmatch(r"[1-9][0-9]{0,2}([.,])[0-9]{3}", bare):
            column.either.add(match[1])
        elif match := re.fullmatch(r"[0-9]*([.,])[0-9]+(?:[eE][+-]?[0-9]+)?|[0-9]+([.,])", bare):
            column.decimals.add(match[1] or match[2])
        else:
            continue
        n_numbers += 1
    return column if n_texts and n_numbers >= MOSTLY * n_texts else None


def read_marked(table: pd.DataFrame, *, decimal: str, thousands: str | None) -> dict[str, str]:
    """Turn, in place, the columns of texts that are all numbers with marks into numbers; each with one such text.

    A share in per cent is its number of per cent. Beside numbers, `MISSING` stand for a value that is not there.
    """
    between = re.escape(SPACES + (thousands or ""))
    whole = rf"(?:[1-9][0-9]{{0,2}}(?:[{between}][0-9]{{3}})+|[0-9]+)"
    sign = rf"[{SIGNS}]?"
    number = re.compile(rf"\s*{sign}\s*[+-]?\s*{sign}\s*{whole}?(?:{re.escape(decimal)}[0-9]+)?\s*{sign}\s*")
    read = {}
    for name in table.columns:
        values = table[name]
        if not (pd.api.types.is_object_dtype(values.dtype) or pd.api.types.is_string_dtype(values.dtype)):
            continue
        texts = values.dropna()
        if not len(texts) or not texts.map(lambda text: isinstance(text, str)).all():
            continue
        texts = texts[~texts.isin(MISSING)]
        if len(texts) and texts.str.fullmatch(number).all() and texts.str.contains(r"[0-9]").all():
            bare = texts.str.replace(rf"[{SIGNS}{between}\s]", "", regex=True).str.replace(decimal, ".", regex=False)
            table[name] = pd.to_numeric(bare).reindex(values.index)
            read[str(name)] = next((text for text in texts if not text.isdigit()), texts.iloc[0]).strip()
    return read
