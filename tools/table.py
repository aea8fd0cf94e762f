"""Point the pipeline at a table of your own: `make table FILE=my.csv TARGET=y` writes the `data` group of params.yaml.

FILE may be an address too. What it understood and what it left out is said in a few lines; `git checkout params.yaml`
goes back to the wine table.
"""

import argparse
import hashlib
import io
import re
import shlex
import subprocess
from pathlib import Path

import numpy as np
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.scalarstring import DoubleQuotedScalarString

from regularization.errors import InputError
from regularization.heads import TASKS
from regularization.intake.addresses import address_problem, is_web_address
from regularization.intake.checks import CheckedTable, check_table
from regularization.intake.fetching import fetch
from regularization.intake.labels import few_rows, label_text
from regularization.intake.sniffing import Understood, understand
from regularization.params import check_params
from regularization.params.file import parse_values
from regularization.table import duplicate_groups
from regularization.table.columns import MAX_CATEGORIES, holds_numbers, to_numbers
from regularization.table.preprocessing import count_inputs
from stages._ends import run_tool
from stages._files import write_text

NEVER_CHANGES = "data/.gitignore"  # what `data.watch` names for a table at an address
SHOWN = 8  # names in a line
CURVES = ["loss", "score"]  # the keys of `data.curves`
CHANGED = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff]")  # what YAML takes for the end of a line, or rewrites
PLAIN = re.compile(r"[A-Za-z0-9_./-]+( [A-Za-z0-9_./()%-]+)*")  # a text that YAML takes as it stands


def main() -> None:
    asked = _arguments()
    content = read_content(asked.file)
    understood = understand(
        content, target=asked.target, task=asked.task, threshold=asked.threshold, positive=asked.positive
    )
    values = {
        **_place(asked.file),
        "sha256": hashlib.sha256(content).hexdigest(),
        "offline": "fail",  # the stand-in is for the wine table alone
        **understood.data_values(),
    }
    text = Path("params.yaml").read_text(encoding="utf-8")
    changed, left_out = with_data(text, values)
    check_params(parse_values(changed))
    lines = summary(asked.file, understood, left_out)
    write_text("params.yaml", changed)
    print("\n".join(lines))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make table", description=__doc__)
    parser.add_argument("file", metavar="FILE", help="a CSV, by path or by http(s) address")
    parser.add_argument("target", metavar="TARGET", help="the column to predict")
    parser.add_argument("--task", choices=TASKS, help="what it is, where that is not as its values say")
    parser.add_argument("--threshold", type=float, help="the number from which on a row counts as 1")
    parser.add_argument("--positive", help="the label that counts as 1, against all others")
    return parser.parse_args()


def read_content(place: str) -> bytes:
    """The bytes of the file at a path or an address."""
    if problem := address_problem(place):
        raise InputError(f"FILE: {problem}")
    if is_web_address(place):
        return fetch(place)
    if not Path(place).is_file():
        raise InputError(f"FILE: received {place!r}; there is no such file: mend the path")
    return Path(place).read_bytes()


def _place(file: str) -> dict[str, str]:
    """`url` and `watch`. A path stays relative where git has the file, so that a queued experiment finds it as well."""
    if is_web_address(file):
        return {"url": file, "watch": NEVER_CHANGES}
    tracked = subprocess.run(["git", "ls-files", "--error-unmatch", file], capture_output=True, check=False)
    path = file if tracked.returncode == 0 and not Path(file).is_absolute() else Path(file).resolve().as_posix()
    return {"url": path, "watch": path}


def with_data(text: str, values: dict) -> tuple[str, list[str]]:
    """The text of params.yaml with other values in its `data` group, as DVC would write it; all other groups stay.

    Of the comments, those within the old columns go with them. A number has no labels to smooth: the variants that do
    are taken out, and named.
    """
    yaml, changed = YAML(), io.StringIO()
    content = yaml.load(text)
    for key, value in values.items():
        content["data"][key] = _written(value)
    variants = content["replicate"]["variants"] if values.get("task") == "number" else {}
    without_labels = [name for name, settings in variants.items() if settings.get("label_smoothing")]
    for name in without_labels:
        del variants[name]
    yaml.dump(content, changed)
    head, found, rest = changed.getvalue().partition("\nsplit:")
    return f"{head.rstrip()}\n{found}{rest}", without_labels  # the blank line belonged to the old columns


def _written(value: object) -> object:
    """As YAML writes it so that every reader reads the same: a text of more than plain characters in double quotes."""
    if isinstance(value, dict) and list(value) == CURVES:
        return _in_braces(value)
    if isinstance(value, dict):
        return CommentedMap({_written(key): _range(its) for key, its in value.items()})
    if isinstance(value, list):
        return [_written(item) for item in value]
    if isinstance(value, str) and CHANGED.search(value):
        raise InputError(f"FILE: received the name {value!r}, which params.yaml cannot keep; rename it in the file")
    return DoubleQuotedScalarString(value) if isinstance(value, str) and not PLAIN.fullmatch(value) else value


def _range(limits: object) -> object:
    if limits is None:
        return None
    return _in_braces(dict(zip(("min", "max"), limits, strict=True)))


def _in_braces(values: dict) -> CommentedMap:
    within = CommentedMap(values)
    within.fa.set_flow_style()
    return within


def summary(file: str, understood: Understood, without_labels: list[str]) -> list[str]:
    """What was understood and what was left out, in lines for people."""
    table, layout, values = understood.table, understood.layout, understood.data_values()
    checked = check_table(
        table, **{key: values[key] for key in ("columns", "ignore", "target", "task", "threshold", "positive")}
    )
    kinds = np.array([len(column.categories) for column in checked.columns])
    n_inputs = count_inputs(kinds, np.array([column.may_miss for column in checked.columns]))
    groups = duplicate_groups(checked.features)
    mark = {"\t": "tab"}.get(layout.delimiter, repr(layout.delimiter))
    missing = {column.name: int(table[column.name].isna().sum()) for column in checked.columns if column.may_miss}
    texts = [f"{column.name} ({len(column.categories)})" for column in checked.columns if column.categories]
    numbers = [column.name for column in checked.columns if not column.categories]
    return [
        f"{file}: {len(table)} rows, {table.shape[1]} columns; delimiter {mark}, decimal mark {layout.decimal!r}, "
        f"{layout.encoding}",
        *_target(understood, checked),
        f"numbers: {_listed(numbers)}" + ("" if values["columns"] else "; no ranges, as there are many columns"),
        f"texts of few values: {_listed(texts)}",
        f"missing values, filled in and marked: {_listed([f'{name} ({count})' for name, count in missing.items()])}",
        f"left out: {_listed([f'{name} ({reason})' for name, reason in understood.left_out.items()])}",
        f"rows that repeat an earlier one: {len(groups) - len(np.unique(groups))}",
        f"inputs of the network: {n_inputs}",
        *(
            f"variant left out, as a number has no labels, until `git checkout params.yaml`: {name}"
            for name in without_labels
        ),
        "params.yaml holds all this under `data`, to read and to change; `git checkout params.yaml` goes back",
        "next: make",
    ]


def _target(understood: Understood, checked: CheckedTable) -> list[str]:
    """What is to be predicted, and how to have it otherwise."""
    name, labels, y = understood.target, checked.target.labels, checked.y
    values, ways = understood.table[name], []
    is_number, n_different = holds_numbers(values), values.nunique()
    if is_number and n_different > 2 and understood.task != "binary":
        numbers = np.unique(to_numbers(values))
        middle = numbers[1:][max(np.searchsorted(numbers[1:], np.median(to_numbers(values))), 0)]
        ways.append(f"THRESHOLD={label_text(middle)} makes two classes of it")
    if understood.task != "number" and is_number and n_different > 2:
        ways.append("TASK=number takes it as a number")
    if understood.task != "classes" and 2 < n_different <= MAX_CATEGORIES:
        ways.append(f"TASK=classes makes a class of each of its {n_different} values")
    if understood.task == "classes" and not is_number:
        ways.append(f"POSITIVE={shlex.quote(labels[-1])} sets that one against the rest")
    otherwise = [f"to have it otherwise: {', '.join(ways)}"] if ways else []
    if understood.task == "number":
        figures = f"mean {y.mean():.4g}, standard deviation {y.std():.4g}"
        return [f"to predict: {name}, a number from {y.min():g} to {y.max():g}, {figures}", *otherwise]
    if understood.task == "binary":
        negative, positive = labels
        told = f"to predict: {name}; class 1 is {positive!r}, {y.mean():.0%} of the rows; class 0 is {negative!r}"
        return [told, *otherwise]
    counts = np.bincount(y, minlength=len(labels))
    rows = [f"{label} ({count})" for label, count in zip(labels, counts, strict=True)]
    told = f"to predict: {name}, one of {len(labels)} classes (rows): {_listed(rows)}"
    return [told, *otherwise, *few_rows(y, labels)]


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return (", ".join(names[:SHOWN]) + more) or "none"


if __name__ == "__main__":
    run_tool(main)
