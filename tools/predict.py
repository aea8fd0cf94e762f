"""Score new rows with a saved model: `make predict MODEL=models/base.keras ROWS=rows.csv`.

Names (in any order), types, missing values and ranges are checked first. Writes a CSV with a line per row: its number,
and the probability of class 1 or of each class, and the class; or the number that is predicted. Where a number is
missing in a column that had none missing, it is filled in and named; STRICT=1 refuses it.
"""

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from regularization.errors import InputError
from regularization.intake.layout import Layout
from regularization.intake.new_rows import described, harmless, read_rows, to_inputs, unused_columns
from regularization.networks.keras_file import PREPROCESSING, read_member, read_model
from regularization.table.preprocessing import TargetScale
from stages._ends import quiet_import, run_tool
from stages._files import write_csv


def main() -> None:
    asked = _arguments()
    known = description(asked.model)
    layout, columns, target = described(known)
    if not Path(asked.rows).is_file():
        raise InputError(f"ROWS: received {asked.rows!r}; there is no such file: mend the path")
    names = [column["name"] for column in columns]
    rows, received = read_rows(Path(asked.rows).read_bytes(), layout, names=names, target=target["name"])
    inputs, filled = to_inputs(rows, columns, strict=asked.strict)
    predictions = scored(_outputs(asked.model, inputs), target)
    if filled.any():
        predictions["filled in"] = filled
    write_csv(asked.out, harmless(predictions))
    _tell(asked, known, rows, predictions)
    _warn(layout, received, filled)


def description(model: str) -> dict:
    """What the model's file says of the table that it was trained on, and of how rows become inputs."""
    try:
        known = json.loads(read_member(Path(model).read_bytes(), PREPROCESSING))
        described(known)
        return known
    except FileNotFoundError:
        raise InputError(
            f"MODEL: received {model!r}; there is no such file: `dvc repro` or `dvc pull` makes it"
        ) from None
    except (InputError, UnicodeDecodeError, json.JSONDecodeError) as error:
        problem = (
            error if isinstance(error, InputError) else f"{PREPROCESSING} in it is damaged; `dvc repro` makes it again"
        )
        raise InputError(f"MODEL: {model}: {problem}") from None


def scored(outputs: np.ndarray, target: Mapping) -> pd.DataFrame:
    """A row per row, numbered from 1: what the network gives for each, in words of its `target`.

    `outputs` are as `evaluation.predictions` gives them. With two classes, the probability of class 1 and the label of
    the likelier class; with several, the probability of each, under `probability of <label>`; or the number.
    """
    labels, numbers = np.array(target["labels"], object), {"row": np.arange(1, len(outputs) + 1)}
    if len(labels) == 0:
        return pd.DataFrame(
            numbers | {"prediction": TargetScale(float(target["mean"]), float(target["scale"])).restore(outputs)}
        )
    if len(labels) == 2:
        return pd.DataFrame(numbers | {"probability": outputs, "class": labels[(outputs > 0.5).astype(int)]})
    parts = np.exp(outputs.astype(float) - outputs.max(axis=1, keepdims=True))
    probability = parts / parts.sum(axis=1, keepdims=True)
    columns = {f"probability of {label}": probability[:, number] for number, label in enumerate(labels)}
    return pd.DataFrame(numbers | columns | {"class": labels[outputs.argmax(axis=1)]})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make predict", description=__doc__)
    parser.add_argument("model", metavar="MODEL", help="a .keras file of this project")
    parser.add_argument("rows", metavar="ROWS", help="a CSV with the columns of the table; the target may be left out")
    parser.add_argument("--strict", action="store_true", help="refuse rows with a number missing where none was before")
    parser.add_argument("--out", default="predictions.csv", help="where to write (default %(default)s)")
    return parser.parse_args()


def _outputs(model: str, inputs: np.ndarray) -> np.ndarray:
    """What the network makes of the rows: the same call as when the trained model was evaluated."""
    with quiet_import():
        from regularization.networks.evaluation import predictions

        try:
            network = read_model(Path(model).read_bytes())
        except InputError as error:
            raise InputError(f"MODEL: {model}: {error}") from None
    return predictions(network, inputs)


def _tell(asked: argparse.Namespace, known: dict, rows: pd.DataFrame, predictions: pd.DataFrame) -> None:
    target, table = known["target"], known["table"]
    labels, heading = target["labels"], f"{asked.out}: {len(predictions)} row{'s' if len(predictions) > 1 else ''}"
    if not labels:
        lowest, highest = (f"{end:.4g}" for end in (predictions["prediction"].min(), predictions["prediction"].max()))
        _say(f"{heading}, `prediction` is {target['name']} in its own units, from {lowest} to {highest} here")
    elif len(labels) == 2:
        count = int((predictions["probability"] > 0.5).sum())
        _say(f"{heading}, {count} of them predicted as {target['name']} {labels[1]!r}; `probability` is that of it")
    else:
        counts = predictions["class"].value_counts()
        _say(f"{heading}, predicted as {', '.join(f'{label} ({count})' for label, count in counts.items())}")
    _say(f"trained on {table['file']}, sha256 {table['sha256']}")
    unused = [name for name in unused_columns(rows, known["columns"]) if name != target["name"]]
    if unused:
        _say(f"columns that the model does not take: {', '.join(unused)}", file=sys.stderr)
    if table["origin"] == "standin":
        _say(
            "warning: the model was trained on a synthetic stand-in table and says nothing about wine", file=sys.stderr
        )


def _warn(expected: Layout, received: Layout, filled: pd.Series) -> None:
    """Say what was not as in the table that the network was trained on."""
    if received.delimiter != expected.delimiter:
        had = f"the table had {expected.delimiter!r} and {expected.decimal!r}"
        _say(f"fields between {received.delimiter!r}, decimals behind {received.decimal!r}: {had}", file=sys.stderr)
    if count := int((filled != "").sum()):
        rows = f"{count} row{'s lack' if count > 1 else ' lacks'} a number that no row of the table lacked"
        _say(f"{rows}; the median stands there, see `filled in`", file=sys.stderr)


def _say(line: str, file=None) -> None:
    """Print a line; what a name holds of a terminal's commands does not get there."""
    print("".join(letter if letter.isprintable() else "\ufffd" for letter in line), file=file)


if __name__ == "__main__":
    run_tool(main)
