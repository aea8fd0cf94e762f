"""`python -m benchmarks.table_sizes`: `make table` and `make` on tables of five sizes, beside what was planned.

Each size is a synthetic table of two classes in a clone of the last commit, at the default budget; hours in all.
`python -m benchmarks.table_sizes 200000x20 --budget 5m` takes one size and another budget. Prints a row per size: the
plan and the time that all stages took, the largest memory of a stage, and what was found of the first comparison.
"""

import argparse
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from regularization.budget import DEFAULT_BUDGET
from regularization.params import load_params

SIZES = {"1000x10": 0, "7000x41": 0, "32561x107": 7, "200000x20": 0, "1000000x10": 0}  # and columns of texts
KINDS = 14  # of a column of texts


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.table_sizes", description=__doc__)
    parser.add_argument("sizes", nargs="*", default=list(SIZES))
    parser.add_argument("--budget", default=DEFAULT_BUDGET)
    asked = parser.parse_args()
    print("| rows | inputs | epochs | splits | planned | took, min | GB | loss of dropout against base |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for size in asked.sizes:
        with tempfile.TemporaryDirectory() as folder:
            print(measure(size, Path(folder), asked.budget), flush=True)


def measure(size: str, folder: Path, budget: str) -> str:
    """The row of one size."""
    project, rows, columns = folder / "project", *map(int, size.split("x"))
    subprocess.run(["git", "clone", "--quiet", ".", str(project)], check=True)
    draw(rows, columns, SIZES.get(size, 0)).to_csv(folder / "table.csv", index=False)
    said = run("-m", "tools.table", str(folder / "table.csv"), "y", "--budget", budget, cwd=project)
    planned = next(line for line in said if line.startswith("all stages: about ")).split(" and ")[0].split("about ")[1]
    params = load_params(project / "params.yaml")
    start = time.monotonic()
    run("-m", "dvc", "repro", cwd=project)
    took = time.monotonic() - start
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6
    pairs = pd.read_csv(project / "metrics/evidence/comparisons.csv")
    pair = pairs.query("family == 'headline' and variant == 'dropout' and reference == 'base'").set_index("metric")
    loss = pair.loc["binary_crossentropy"]
    comparison = f"{loss['verdict']}, {loss['difference']:+.4f} ({loss['lower']:+.4f} to {loss['upper']:+.4f})"
    splits = f"{params.replicate.splits}, {params.replicate.headline_splits}, {params.replicate.variant_splits}"
    figures = f"{planned} | {took / 60:.1f} | {memory:.1f}"
    return f"| {rows:,} | {params.plan.inputs} | {params.epochs} | {splits} | {figures} | {comparison} |"


def draw(rows: int, columns: int, texts: int) -> pd.DataFrame:
    """A table whose target follows some columns and noise, in all with `columns` inputs, some from `texts`."""
    random = np.random.default_rng(0)
    numbers = random.standard_normal((rows, columns - texts * KINDS))
    table = pd.DataFrame(numbers.round(4), columns=[f"x{number}" for number in range(numbers.shape[1])])
    level = numbers[:, 0] + numbers[:, 1] * numbers[:, 2] + 0.5 * np.abs(numbers[:, 3])
    for number in range(texts):
        kinds = random.integers(KINDS, size=rows)
        table[f"t{number}"] = np.array([f"kind {chr(97 + kind)}" for kind in range(KINDS)])[kinds]
        level += random.standard_normal(KINDS)[kinds] / 2
    return table.assign(y=np.where(level + 1.5 * random.standard_normal(rows) > np.median(level), "yes", "no"))


def run(*command: str, cwd: Path) -> list[str]:
    """The lines that the command prints; they go to stderr as well, with the seconds since the start."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    start, env = time.monotonic(), os.environ | {"PYTHONUNBUFFERED": "1", "PATH": path}
    with subprocess.Popen(
        [sys.executable, *command], cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        lines = []
        for line in process.stdout or ():
            lines.append(line)
            if re.search(r"\S", line):
                print(f"{time.monotonic() - start:7.1f} {line.rstrip()}", file=sys.stderr, flush=True)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return lines


if __name__ == "__main__":
    main()
