"""Check the table, binarize, split and scale it -> data/prepared/ and metrics/data.json."""

from pathlib import Path

import joblib
import numpy as np

from regularization import table as tables
from regularization.params import load_params
from stages._common import read_json, run_stage, whole_folder, write_json


def main() -> None:
    params = load_params()
    data, split = params.data, params.split
    source = read_json("data/raw/source.json")
    raw = tables.read_table(Path("data/raw") / source["file"], delimiter=data.delimiter)
    checked = tables.check_table(raw, columns=data.columns, target=data.target, threshold=data.threshold)

    features = checked.drop(columns=data.target)
    X, y = features.to_numpy(), tables.binarize(checked[data.target], data.threshold)
    groups = tables.duplicate_groups(features)
    split_rows = tables.split_rows_by_group if split.keep_duplicates_together else tables.split_rows
    rows = split_rows(
        groups, test_size=split.test_size, validation_split=split.validation_split, random_state=split.random_state
    )
    scaler = tables.fit_scaler(X, rows, fit_scaler_on=split.fit_scaler_on)
    arrays = tables.to_arrays(X, y, rows, scaler)

    with whole_folder("data/prepared") as folder:
        np.savez(folder / "arrays.npz", **arrays._asdict())
        joblib.dump(scaler, folder / "scaler.joblib")
    write_json("metrics/data.json", tables.describe(y, groups, rows) | {"origin": source["origin"]})


if __name__ == "__main__":
    run_stage(main)
