"""Point the pipeline at a table of your own: `make table FILE=my.csv TARGET=y` writes params.yaml for it.

FILE may be an address too. What it understood and what it left out is said in a few lines. A few trainings then say how
long the others should go on, and BUDGET, 15m unless said, how many there are; `make back` goes back to the wine table.
"""

import argparse
import csv
import hashlib
import shlex
import subprocess
from pathlib import Path

import numpy as np
import pandas as pd

from regularization.budget import DEFAULT_BUDGET, plan, seconds_of, size_of
from regularization.errors import InputError
from regularization.heads import TASKS
from regularization.intake.addresses import address_problem, is_web_address
from regularization.intake.checks import CheckedTable, check_table
from regularization.intake.columns import holds_numbers, label_text, stand_in, suspicion, to_numbers
from regularization.intake.fetching import fetch
from regularization.intake.labels import MAX_CLASSES, few_rows
from regularization.intake.layout import MOST_SKIPPED
from regularization.intake.leaks import telling_columns
from regularization.intake.sniffing import MOST_KINDS, Understood, understand
from regularization.params import Params, check_params
from regularization.params.file import parse_values, with_data, with_values
from regularization.replicates.plan import plan_group
from regularization.table import Table
from regularization.variants import BASELINE, network_settings
from stages._ends import quiet_import, run_tool
from stages._files import write_text
from stages.prepare import table_of
from tools.plan import plan_lines

NEVER_CHANGES = "data/.gitignore"  # what `data.watch` names for a table at an address
SHOWN = 8  # names in a line


def main() -> None:
    asked = _arguments()
    text = Path("params.yaml").read_text(encoding="utf-8")
    content = read_content(asked.file, most_bytes=check_params(parse_values(text)).data.most_bytes)
    understood = understand(
        content,
        target=asked.target,
        task=_task(asked.task),
        threshold=_threshold(asked.threshold),
        positive=asked.positive,
        header=_header(asked.header),
        skip=_skip(asked.skip),
        missing=_named(asked.missing) if asked.missing != "none" else [],
        kinds=_named(asked.kinds) or (),
    )
    values = {
        **_place(asked.file),
        "sha256": hashlib.sha256(content).hexdigest(),
        "offline": "fail",  # the stand-in is for the wine table alone
        **understood.data_values(),
    }
    seconds_of(asked.budget)
    described = with_data(text, values)
    params = check_params(parse_values(described))
    checked = check_table(
        understood.table,
        **{key: values[key] for key in ("columns", "ignore", "kinds", "target", "task", "threshold", "positive")},
    )
    table = table_of(checked)
    print("\n".join([*summary(asked.file, understood, checked, table), *_left_out(params)]), flush=True)
    planned, fits = _planned(params, table, asked.budget)
    changed = with_values(described, planned)
    lines = plan_lines(check_params(parse_values(changed)))
    write_text("params.yaml", changed)
    print("\n".join([*lines, *_next(asked.budget, fits=fits)]))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make table", description=__doc__)
    parser.add_argument("file", metavar="FILE", help="a CSV, by path or by http(s) address")
    parser.add_argument("target", metavar="TARGET", help="the column to predict, or first, last or its number")
    parser.add_argument("--task", help="what it is, where that is not as its values say")
    parser.add_argument("--threshold", help="the number from which on a row counts as 1")
    parser.add_argument("--positive", help="the label that counts as 1, against all others")
    parser.add_argument("--header", help="no where the first line holds values, or the names: a file, or a,b,c")
    parser.add_argument("--skip", help="how many lines stand above the names")
    parser.add_argument("--missing", help="the texts that stand for a missing value, such as NA,-; or none")
    parser.add_argument("--kinds", help="columns whose numbers stand for kinds: a,b,c")
    parser.add_argument("--budget", default=DEFAULT_BUDGET, help="how long all stages may take, such as 5m or 2h")
    return parser.parse_args()


def _task(text: str | None) -> str | None:
    if text not in (None, *TASKS):
        raise InputError(f"TASK: received {text!r}; expected one of {', '.join(TASKS)}")
    return text


def _threshold(text: str | None) -> float | None:
    number = None if text is None else float(to_numbers(pd.Series([text]))[0])
    if number is not None and not np.isfinite(number):
        raise InputError(f"THRESHOLD: received {text!r}; expected a number, with a point before decimals")
    return number


def _skip(text: str | None) -> int | None:
    if text is not None and text not in map(str, range(MOST_SKIPPED)):
        raise InputError(f"SKIP: received {text!r}; expected a whole number from 0 to {MOST_SKIPPED - 1}")
    return None if text is None else int(text)


def _named(listed: str | None) -> list[str] | None:
    """The names of a list with commas."""
    if not listed:
        return None
    return [name.strip() for name in next(csv.reader([listed], skipinitialspace=True))]


def _header(asked: str | None) -> bool | list[str] | None:
    """`data.header`: yes, no, or the names, which a file may hold, between commas or in lines of their own."""
    if asked is None or asked in ("yes", "no"):
        return None if asked is None else asked == "yes"
    if Path(asked).is_file():
        lines = Path(asked).read_text(encoding="utf-8").splitlines()
        return [name for line in lines if line.strip() for name in _named(line) or ()]
    if "," in asked:
        return _named(asked)
    raise InputError(f"HEADER: received {asked!r}; expected yes, no, a file with the columns' names, or names as a,b,c")


def read_content(place: str, *, most_bytes: int) -> bytes:
    """The bytes of the file at a path or an address."""
    if problem := address_problem(place):
        raise InputError(f"FILE: {problem}")
    if is_web_address(place):
        return fetch(place, most_bytes=most_bytes)
    if not Path(place).is_file():
        raise InputError(f"FILE: received {place!r}; there is no such file: mend the path")
    if Path(place).stat().st_size > most_bytes:
        raise InputError(f"FILE: {place} has more than {most_bytes:,} bytes; raise data.most_bytes in params.yaml")
    return Path(place).read_bytes()


def _planned(params: Params, table: Table, budget: str) -> tuple[dict[str, object], bool]:
    """The values of params.yaml that `budget` allows for the table, after a pilot, and whether they fit into it."""
    size = size_of(table)
    splits = plan_group(BASELINE, params, table)  # fails early on a table that is too small
    print("a pilot of a few trainings finds out how long they should go on ...", flush=True)
    with quiet_import():
        from regularization.replicates.pilot import best_epoch
    network = network_settings(params) | {"n_features": table.n_inputs, "n_classes": table.n_classes}
    best = best_epoch(splits, table, network=network, batch_size=params.batch_size)
    planned, fits = plan(params, size, best_epoch=best, budget=budget)
    facts = {"rows": size.n_rows, "inputs": size.n_inputs, "outputs": size.n_outputs, "repeats": size.repeats}
    facts |= {"budget": budget, "best_epoch": best}
    return planned | {f"plan.{key}": value for key, value in facts.items()}, fits


def _next(budget: str, *, fits: bool) -> list[str]:
    longer = "BUDGET=2h trains more and gives narrower intervals, BUDGET=5m fewer"
    if budget != DEFAULT_BUDGET:
        longer = f"BUDGET={budget} on the reference machine; without it, {DEFAULT_BUDGET}"
    if not fits:
        longer = f"this is the least that gives intervals, and more than BUDGET={budget}"
    return [
        longer,
        "params.yaml holds all this, to read and to change; `make back` goes back",
        "next: make",
    ]


def _place(file: str) -> dict[str, str]:
    """`url` and `watch`. A path stays relative where git has the file, so that a queued experiment finds it as well."""
    if is_web_address(file):
        return {"url": file, "watch": NEVER_CHANGES}
    tracked = subprocess.run(["git", "ls-files", "--error-unmatch", file], capture_output=True, check=False)
    path = file if tracked.returncode == 0 and not Path(file).is_absolute() else Path(file).resolve().as_posix()
    return {"url": path, "watch": path}


def summary(file: str, understood: Understood, checked: CheckedTable, prepared: Table) -> list[str]:
    """What was understood and what was left out, in lines for people."""
    table, layout, values = understood.table, understood.layout, understood.data_values()
    mark = {"\t": "tab"}.get(layout.delimiter, repr(layout.delimiter))
    missing = {column.name: int(table[column.name].isna().sum()) for column in checked.columns if column.may_miss}
    texts = [f"{column.name} ({len(column.categories)})" for column in checked.columns if column.categories]
    numbers = [column.name for column in checked.columns if not column.categories]
    marked = [f"{name} ({example!r})" for name, example in table.attrs.get("marked", {}).items()]
    return [
        f"{file}: {len(table)} rows, {table.shape[1]} columns; delimiter {mark}, decimal mark {layout.decimal!r}, "
        f"{f'{layout.thousands!r} between thousands, ' if layout.thousands else ''}{layout.encoding}"
        + (f"; {layout.skip} line{'s' if layout.skip > 1 else ''} above the names" if layout.skip else ""),
        *_in_doubt(understood),
        *_target(understood, checked),
        f"numbers: {_listed(numbers)}" + ("" if values["columns"] else "; no ranges, as there are many columns"),
        *_perhaps_kinds(table[numbers], list(understood.kinds)),
        *([f"numbers with marks: {_listed(marked)}"] if marked else []),
        f"kinds: {_listed(texts)}",
        f"missing values, filled in and marked: {_listed([f'{name} ({count})' for name, count in missing.items()])}",
        f"left out: {_listed([f'{name} ({reason})' for name, reason in understood.left_out.items()])}",
        *_repeats(table, len(prepared.y) - len(np.unique(prepared.groups))),
        f"inputs of the network: {prepared.n_inputs}",
        *(
            f"{name} alone tells {understood.target} in {how}: name it under data.ignore if it is known only afterwards"
            for name, how in telling_columns(checked.features, checked.y, is_number=not checked.target.labels).items()
        ),
    ]


def _in_doubt(understood: Understood) -> list[str]:
    """Rows that are left out, and how to have numbers read otherwise that may be decimals or thousands."""
    rows = understood.n_unlabelled
    way = "; where NA or the like is a label, MISSING=none reads it as one"
    texts = not holds_numbers(understood.table[understood.target])
    lines = [f"rows without {understood.target}, left out: {rows}{way if texts else ''}"] if rows else []
    if not understood.doubtful:
        return lines
    mark = understood.layout.decimal
    return [
        *lines,
        f"numbers such as 62{mark}503 are read as 62 and a half; where they are thousands, set data.thousands to "
        f"{mark!r} and data.decimal to {'.' if mark == ',' else ','!r} in params.yaml",
    ]


def _repeats(table: pd.DataFrame, n_alike: int) -> list[str]:
    """How many rows have the inputs of an earlier one; where the file's rows differ, they are different cases."""
    whole = int(table.duplicated().sum())
    of_file = "whole rows of the file" if whole == n_alike else f"{whole} of them whole rows of the file"
    return [
        f"rows with the inputs of an earlier one: {n_alike}" + (f", {of_file}; they stay together" if n_alike else "")
    ]


def _perhaps_kinds(numbers: pd.DataFrame, kinds: list[str]) -> list[str]:
    """Numbers that may stand for kinds, and those that may stand for no value."""
    lines = []
    few = [name for name in numbers if _may_be_kinds(numbers[name])]
    if few:
        listed = ",".join([*kinds, *few])
        lines.append(f"whole numbers of few values, which KINDS={shlex.quote(listed)} takes for kinds")
    for name in numbers:
        if (number := stand_in(numbers[name])) is not None:
            count = int((numbers[name] == number).sum())
            lines.append(
                f"{name} is {number:g} in {count} rows and never else below 0: where that means missing, "
                f"MISSING=NA,{number:g}"
            )
    return lines


def _may_be_kinds(values: pd.Series) -> bool:
    present = values.dropna()
    return values.dtype != bool and 2 < present.nunique() <= MOST_KINDS and bool((to_numbers(present) % 1 == 0).all())


def _left_out(params: Params) -> list[str]:
    names = [name for name in params.replicate.variants if name not in params.trained_variations()]
    return [f"variants not trained, as a number has no labels to smooth: {_listed(names)}"] if names else []


def _target(understood: Understood, checked: CheckedTable) -> list[str]:
    """What is to be predicted, and how to have it otherwise."""
    name, labels, y = understood.target, checked.target.labels, checked.y
    values, ways = understood.table[name], []
    doubts = [f"{name} is hardly a target: {reason}"] if (reason := suspicion(values)) else []
    is_number, n_different = holds_numbers(values), values.nunique()
    if is_number and n_different > 2 and understood.task != "binary":
        numbers = np.unique(to_numbers(values))
        middle = numbers[1:][max(np.searchsorted(numbers[1:], np.median(to_numbers(values))), 0)]
        ways.append(f"THRESHOLD={label_text(middle)} makes two classes of it")
    if understood.task != "number" and is_number and n_different > 2:
        ways.append("TASK=number takes it as a number")
    if understood.task != "classes" and 2 < n_different <= MAX_CLASSES:
        ways.append(f"TASK=classes makes a class of each of its {n_different} values")
    if understood.task == "classes" and not is_number:
        ways.append(f"POSITIVE={shlex.quote(labels[-1])} sets that one against the rest")
    otherwise = [*([f"to have it otherwise: {', '.join(ways)}"] if ways else []), *doubts]
    if understood.task == "number":
        figures = f"mean {y.mean():.4g}, standard deviation {y.std():.4g}"
        return [f"to predict: {name}, a number from {y.min():g} to {y.max():g}, {figures}", *otherwise]
    if understood.task == "binary":
        negative, positive = labels
        sentence = f"to predict: {name}; class 1 is {positive!r}, {y.mean():.0%} of the rows; class 0 is {negative!r}"
        return [sentence, *otherwise]
    counts = np.bincount(y, minlength=len(labels))
    rows = [f"{label} ({count})" for label, count in zip(labels, counts, strict=True)]
    sentence = f"to predict: {name}, one of {len(labels)} classes (rows): {_listed(rows)}"
    return [sentence, *otherwise, *few_rows(y, labels)]


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    return (", ".join(names[:SHOWN]) + more) or "none"


if __name__ == "__main__":
    run_tool(main)
