"""The experiments beside the workspace and the last commit: `make experiments`.

For each, the params that differ from the last commit, and the headline differences with their verdicts.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from regularization.errors import InputError
from regularization.heads.metrics import METRICS
from regularization.words.phrases import figure, in_own_units, listed
from stages._ends import run_tool

WIDTH = 100  # columns of a terminal
PAIR_WIDTH = 24
FIGURES = "metrics/evidence.json"


class Experiment(NamedTuple):
    """One revision as DVC shows it."""

    name: str
    params: Mapping
    figures: Mapping  # what metrics/evidence.json holds


def main() -> None:
    command = [sys.executable, "-m", "dvc", "exp", "show", "--json", "--no-pager"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    if ended.returncode:
        raise InputError(f"`dvc exp show` failed: {ended.stderr.strip().removeprefix('ERROR: ')}")
    print("\n".join(lines(list(experiments(json.loads(ended.stdout))))))


def experiments(commits: list[dict]) -> Iterator[Experiment]:
    """Yield the revisions in what `dvc exp show --json` gives, each commit before its experiments."""
    for commit in commits:
        yield _experiment(commit)
        for experiment in commit.get("experiments") or []:
            for revision in experiment["revs"][:1]:
                yield _experiment(revision | {"name": experiment.get("name") or revision.get("name")})


def _experiment(revision: Mapping) -> Experiment:
    data = revision.get("data") or {}
    params = (data.get("params") or {}).get("params.yaml") or {}
    figures = (data.get("metrics") or {}).get(FIGURES) or {}
    rev = revision["rev"]
    name = revision.get("name") or (rev if rev == "workspace" else rev[:7])
    return Experiment(name, _flat(params.get("data") or {}), figures.get("data") or {})


def lines(experiments: list[Experiment]) -> list[str]:
    """Return the lines to print, none wider than `WIDTH`."""
    committed = next((candidate for candidate in experiments if candidate.name != "workspace"), experiments[0])
    text = []
    for experiment in experiments:
        changes = [
            f"{key} {_shown(committed.params.get(key))} -> {_shown(experiment.params.get(key))}"
            for key in sorted({**committed.params, **experiment.params})
            if committed.params.get(key) != experiment.params.get(key)
        ]
        text += ["", _cut(f"{experiment.name}: {listed(changes)}" if changes else experiment.name)]
        text += _table(experiment.figures)
    return text[1:]


def _table(figures: Mapping) -> list[str]:
    metrics = [name for name in figures if name in METRICS]
    if not metrics:
        return ["  no evidence: this revision has not been run"]
    heads = "".join(f"{METRICS[name].label:<{_column(metrics)}}" for name in metrics)
    rows = [f"  {'':<{PAIR_WIDTH}}{heads}"]
    for pair in figures[metrics[0]]["verdict"]:
        cells = [_cell(name, figures[name], pair) for name in metrics]
        row = "".join(f"{cell:<{_column(metrics)}}" for cell in cells)
        rows.append(f"  {pair.replace('_vs_', ' against '):<{PAIR_WIDTH}}{row}")
    return [_cut(row) for row in rows]


def _cell(name: str, of_metric: Mapping, pair: str) -> str:
    difference = figure(of_metric["difference"][pair], sign="+", own_units=in_own_units(name))
    return f"{difference} {of_metric['verdict'][pair]}"


def _column(metrics: list[str]) -> int:
    return (WIDTH - PAIR_WIDTH - 2) // len(metrics)


def _flat(values: Mapping, prefix: str = "") -> dict[str, object]:
    """Return nested params by their dotted keys; a variant is one value."""
    flat = {}
    for key, value in values.items():
        name = f"{prefix}{key}"
        deeper = isinstance(value, dict) and not prefix.startswith("replicate.variants.")
        flat |= _flat(value, f"{name}.") if deeper else {name: value}
    return flat


def _shown(value: object) -> str:
    return "none" if value is None else str(value)


def _cut(line: str) -> str:
    line = line.rstrip()
    return line if len(line) <= WIDTH else f"{line[: WIDTH - 3]}..."


if __name__ == "__main__":
    run_tool(main)
