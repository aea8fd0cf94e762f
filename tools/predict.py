"""Score new rows with a saved model: `make predict MODEL=models/base.keras ROWS=rows.csv`.

Names (in any order), types, missing values and ranges are checked first. Writes a CSV with a line per row: its number,
the probability of class 1, and the class.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from regularization.errors import InputError
from regularization.intake.checks import read_table
from regularization.intake.new_rows import to_inputs, unused_columns
from regularization.networks.keras_file import PREPROCESSING, read_member
from stages._ends import quiet_import, run_tool
from stages._files import write_csv


def main() -> None:
    asked = _arguments()
    known = description(asked.model)
    try:
        rows = read_table(asked.rows, **known["layout"])
    except FileNotFoundError:
        raise InputError(f"ROWS: received {asked.rows!r}; there is no such file: mend the path") from None
    inputs = to_inputs(rows, known["columns"])
    predictions = scored(_probabilities(asked.model, inputs), known["target"]["labels"])
    write_csv(asked.out, predictions)
    _tell(asked, known, rows, predictions)


def description(model: str) -> dict:
    """What the model's file says of the table that it was trained on, and of how rows become inputs."""
    try:
        known = json.loads(read_member(Path(model).read_bytes(), PREPROCESSING))
        if missing := {"layout", "columns", "target", "table"} - set(known):
            raise InputError(f"{PREPROCESSING} in it lacks {sorted(missing)[0]!r}; `dvc repro` makes it again")
        return known
    except FileNotFoundError:
        raise InputError(
            f"MODEL: received {model!r}; there is no such file: `dvc repro` or `dvc pull` makes it"
        ) from None
    except InputError as error:
        raise InputError(f"MODEL: {model}: {error}") from None


def scored(probability: np.ndarray, labels: list[str]) -> pd.DataFrame:
    """A row per row, numbered from 1, with the probability of class 1 `(rows,)` and the label of the likelier class."""
    classes = np.where(probability > 0.5, labels[1], labels[0])
    return pd.DataFrame({"row": np.arange(1, len(probability) + 1), "probability": probability, "class": classes})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make predict", description=__doc__)
    parser.add_argument("model", metavar="MODEL", help="a .keras file of this project")
    parser.add_argument("rows", metavar="ROWS", help="a CSV with the columns of the table; the target may be left out")
    parser.add_argument("--out", default="predictions.csv", help="where to write (default %(default)s)")
    return parser.parse_args()


def _probabilities(model: str, inputs: np.ndarray) -> np.ndarray:
    """Of class 1, `(rows,)`: the same call as when the trained model was evaluated."""
    with quiet_import():
        import keras
    try:
        network: Any = keras.saving.load_model(model, compile=False)
    except Exception as error:  # Keras has no error of its own for what it cannot read
        reason = str(error).strip().partition("\n")[0]
        raise InputError(f"MODEL: {model}: Keras cannot read it: {reason}; `dvc repro` makes it again") from None
    return network(inputs.astype(np.float32), training=False).numpy().ravel()


def _tell(asked: argparse.Namespace, known: dict, rows: pd.DataFrame, predictions: pd.DataFrame) -> None:
    target, table = known["target"], known["table"]
    positive = target["labels"][1]
    count = int((predictions["probability"] > 0.5).sum())
    print(f"{asked.out}: {len(predictions)} rows, {count} of them predicted as {target['name']} {positive!r}")
    print(f"`probability` is that of {positive!r}; trained on {table['file']}, sha256 {table['sha256']}")
    unused = [name for name in unused_columns(rows, known["columns"]) if name != target["name"]]
    if unused:
        print(f"columns that the model does not take: {', '.join(unused)}", file=sys.stderr)
    if table["origin"] == "standin":
        print(
            "warning: the model was trained on a synthetic stand-in table and says nothing about wine", file=sys.stderr
        )


if __name__ == "__main__":
    run_tool(main)
