"""How stages read and write files: whole or not at all, and a damaged one is said in a line. Not a stage."""

import contextlib
import json
import math
import shutil
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from regularization.errors import InputError

TABLE = "table.csv"  # the table in data/raw, whatever it is called where it is published
TEXT_COLUMNS = ("variant", "reference", "best", "same_as", "chosen", "protocol", "metric")
CONFLICT = ("def read_csv(path: str | Path, columns: Collection[str] = ()) -> pd.DataFrame:
    """A table that `write_csv` wrote, which has to have all of `columns`.

    Names stay text, also those that pandas would take for missing values.
    """
    with _readable(path):
        _whole_text(path)
        text = dict.fromkeys(TEXT_COLUMNS, str)
        table = pd.read_csv(path, dtype=text, keep_default_na=False, na_values=[""], low_memory=False)
        _expect(columns, table, "column")
        _check_shares(table)
    return table


def read_curve(path: str | Path) -> list[float]:
    """A curve of DVCLive: the column of the file `loss.tsv` is `loss`."""
    with _readable(path):
        _whole_text(path)
        table = pd.read_csv(path, sep="\t")
        _expect(["step", Path(path).stem], table, "column")
        curve = table[Path(path).stem].astype(float)
        if curve.empty or not np.isfinite(curve).all():
            raise ValueError("a step has no finite number")
    return curve.to_list()


@contextlib.contextmanager
def _readable(path: str | Path) -> Iterator[None]:
    """Whatever a damaged file makes its reader raise becomes an `InputError` that names the file."""
    try:
        yield
    except Exception as error:
        if isinstance(error, (InputError, MemoryError)) or (isinstance(error, OSError) and error.errno is not None):
            raise
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise InputError(
            f"{path}: damaged: {reason}; bring it back with `git checkout` or `dvc checkout`, or delete it and run "
            "`dvc repro`"
        ) from None


def _whole_text(path: str | Path) -> str:
    text = Path(path).read_text(encoding="utf-8")
    if not text.strip():
        raise ValueError("it is empty")
    if any(line.startswith(CONFLICT) for line in text.splitlines()):
        raise ValueError("it holds the marks of a merge that failed")
    if not text.endswith("\n"):
        raise ValueError("its last line is cut off")
    return text


def _expect(names: Collection[str], found: Collection[str], kind: str) -> None:
    missing = [name for name in names if name not in found]
    if missing:
        raise ValueError(f"it has no {kind} {missing[0]!r}")


def _check_shares(table: pd.DataFrame) -> None:
    for name in table:
        if str(name).removeprefix("test_").removeprefix("train_").removeprefix("val_") in SHARES:
            values = table[name].astype(float)
            wrong = np.flatnonzero((values < 0) | (values > 1))
            if len(wrong):
                raise ValueError(f"{name} is {values.iloc[wrong[0]]:g} in line {wrong[0] + 2}, expected 0 to 1")
