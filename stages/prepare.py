"""Check the table, binarize, split and scale it -> data/prepared/ and metrics/data.json."""

from pathlib import Path

import joblib
import numpy as np

from regularization.params import Data, load_params
from regularization.table import (
    Table,
    describe,
    duplicate_groups,
    fit_scaler,
    split_rows,
    split_rows_by_group,
    to_arrays,
)
from regularization.table.checks import binarize, check_table, read_table
from stages._common import run_stage
from stages._files import atomic_folder, read_json, write_json


def main() -> None:
    params, source = load_params(), read_json("data/raw/source.json")
    table, split = _table(Path("data/raw") / source["file"], params.data), params.split
    choose_rows = split_rows_by_group if split.keep_duplicates_together else split_rows
    rows = choose_rows(
        table.groups,
        test_size=split.test_size,
        validation_split=split.validation_split,
        random_state=split.random_state,
    )
    scaler = fit_scaler(table.X, rows, fit_scaler_on=split.fit_scaler_on)
    arrays = to_arrays(table.X, table.y, rows, scaler)

    with atomic_folder("data/prepared") as folder:
        np.savez(folder / "table.npz", **table._asdict())  # all rows, checked: what the replicates split anew
        np.savez(folder / "arrays.npz", **arrays._asdict())
        joblib.dump(scaler, folder / "scaler.joblib")
    write_json("metrics/data.json", describe(table, rows) | {"origin": source["origin"]})


def _table(path: Path, data: Data) -> Table:
    raw = read_table(path, delimiter=data.delimiter)
    checked = check_table(raw, columns=data.columns, target=data.target, threshold=data.threshold)
    features = checked.drop(columns=data.target)
    return Table(features.to_numpy(), binarize(checked[data.target], data.threshold), duplicate_groups(features))


if __name__ == "__main__":
    run_stage(main)
