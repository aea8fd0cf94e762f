"""Check the table, label, split and scale it -> data/prepared/ and metrics/data.json."""

import hashlib
import sys
from pathlib import Path

import numpy as np
import pandas as pd

from regularization.errors import InputError
from regularization.intake.checks import CheckedTable, check_table, drop_unlabelled, read_table
from regularization.intake.columns import suspicion
from regularization.intake.labels import Target, few_rows
from regularization.intake.layout import Layout
from regularization.params import Data, load_params
from regularization.table import (
    Arrays,
    Rows,
    Table,
    describe,
    duplicate_groups,
    fit_preprocessor,
    split_rows,
    split_rows_by_group,
    to_arrays,
)
from regularization.table.preprocessing import TargetScale, exact, to_plain
from stages._ends import run_stage
from stages._files import TABLE, atomic_folder, read_json, write_arrays, write_json


def main() -> None:
    params, source = load_params(), read_json("data/raw/source.json", ["origin", "file", "sha256"])
    raw = read_table(_checked_bytes(source, params.data), layout=Layout(**params.data.layout), name=f"data/raw/{TABLE}")
    checked, split = _checked(raw, params.data), params.split
    _warn_of_suspects(raw[[column.name for column in checked.columns]])
    table = table_of(checked)
    choose_rows = split_rows_by_group if split.keep_duplicates_together else split_rows
    rows = choose_rows(
        table.groups,
        test_size=split.test_size,
        validation_split=split.validation_split,
        random_state=split.random_state,
    )
    _check_target(table, rows, checked.target)
    preprocessor = fit_preprocessor(table, rows, fit_scaler_on=split.fit_scaler_on)
    arrays = to_arrays(table, rows, preprocessor)
    scale = {} if arrays.target is None else exact(TargetScale(*arrays.target.tolist()))

    with atomic_folder("data/prepared") as folder:
        write_arrays(folder / "table.npz", _arrays(table))  # all rows, checked: what the replicates split anew
        write_arrays(folder / "arrays.npz", _arrays(arrays))
        write_json(
            folder / "preprocessing.json",  # what a saved model needs to take new rows of the table
            {
                "table": {name: source.get(name) for name in ("file", "sha256", "origin")},
                "layout": params.data.layout | ({} if params.data.header is True else {"header": list(raw.columns)}),
                "target": checked.target._asdict() | scale,
                "columns": to_plain(checked.columns, preprocessor),
            },
        )
    write_json("metrics/data.json", describe(table, rows, checked.target.labels) | {"origin": source["origin"]})


def _checked_bytes(source: dict, data: Data) -> bytes:
    """The table, once its bytes are those that the download recorded, and that params.yaml names if published.

    What DVC brings out of its cache has been checked by nobody else.
    """
    content = Path("data/raw", TABLE).read_bytes()
    received = hashlib.sha256(content).hexdigest()
    expected = {"what was downloaded": source["sha256"]}
    if source["origin"] == "published":
        expected["the table of data.sha256"] = data.sha256
    for what, sha256 in expected.items():
        if received != sha256:
            raise InputError(
                f"data/raw/{TABLE}: not {what}: expected sha256 {sha256}, received {received}; "
                "`dvc repro --force download` fetches the table again"
            )
    return content


def _checked(raw: pd.DataFrame, data: Data) -> CheckedTable:
    raw, n_unlabelled = drop_unlabelled(raw, data.target, Layout(**data.layout))
    if n_unlabelled:
        print(f"rows without {data.target}, left out: {n_unlabelled}")
    return check_table(
        raw,
        columns=data.columns,
        ignore=data.ignore,
        kinds=data.kinds,
        target=data.target,
        task=data.task,
        threshold=data.threshold,
        positive=data.positive,
    )


def table_of(checked: CheckedTable) -> Table:
    """The checked table as the splits take it."""
    n_categories = np.array([len(column.categories) for column in checked.columns])
    return Table(
        checked.features.to_numpy(),
        checked.y,
        duplicate_groups(checked.features),
        n_categories if n_categories.any() else None,
        len(checked.target.labels),
    )


def _arrays(parts: Table | Arrays) -> dict[str, np.ndarray]:
    """What is not None, and of two classes nothing is said."""
    given = {name: part for name, part in parts._asdict().items() if part is not None}
    return {name: np.asarray(part) for name, part in given.items() if name != "n_classes" or part != 2}


def _check_target(table: Table, rows: Rows, target: Target) -> None:
    """Raise `InputError` where the training rows are of one class; warn where another part lacks one, or a class rows.

    Of a number, where it is the same in all training rows.
    """
    y, labels = table.y, target.labels
    if not labels:
        if len(np.unique(y[rows.train])) < 2:
            raise InputError(
                f"all {len(rows.train)} training rows have the target {y[rows.train][0]:g}; add other rows"
            )
        return
    for part, numbers in zip(("training", "validation", "test"), rows, strict=True):
        present = np.unique(y[numbers])
        if len(present) == len(labels):
            continue
        if len(labels) > 2 and len(present) > 1:
            missing = ", ".join(label for number, label in enumerate(labels) if number not in present)
            print(f"warning: the {len(numbers)} {part} rows have none of class {missing}", file=sys.stderr)
            continue
        said = f"all {len(numbers)} {part} rows are of class {y[numbers[0]]}"
        said += f", {int(y.sum())} of {len(y)} rows are of 1" if len(labels) == 2 else f" ({labels[y[numbers[0]]]})"
        if part == "training":
            expected = (
                "both: add rows of the other class" if len(labels) == 2 else "two classes or more: add rows of others"
            )
            raise InputError(f"{said}; expected {expected}, or change split.random_state")
        print(f"warning: {said}; scores on them say little, and balanced accuracy nothing", file=sys.stderr)
    for line in few_rows(y, labels):
        print(f"warning: {line}", file=sys.stderr)


def _warn_of_suspects(features: pd.DataFrame) -> None:
    for name, values in features.items():
        reason = suspicion(values)
        if reason:
            print(f"warning: column {name!r}: {reason}; name it under data.ignore to leave it out", file=sys.stderr)


if __name__ == "__main__":
    run_stage(main)
