"""What `make` ends with: the three models' test figures, what the replicates say, and where to look next."""

import subprocess
from pathlib import Path

import pandas as pd

from regularization.budget import group_cost, params_size, with_values
from regularization.heads import head_of_data
from regularization.params import load_params
from regularization.variants import headline_models
from regularization.words.answer import answer, splits_to_decide
from stages._ends import run_tool
from stages._files import read_csv, read_json

WHERE_NEXT = """
metrics/evidence/                      every variant, as tables; docs/results.md after `make readme`
plots/report.html                      all of it on one page, with charts
source .venv/bin/activate              then these work:
dvc plots show                         the same, and more, as DVC draws them
dvc exp run -S dropout=0.5             an experiment; then `dvc exp show`, `dvc plots diff`"""


def main() -> None:
    data = read_json("metrics/data.json", ["origin", "rows"])
    head = head_of_data(data)
    columns = head.shown_of_model
    print("\nOne training of each on one split; what follows rests on many:")
    print("".join(f"{heading:<17}" for heading in ("model", *columns.values())))
    for name in headline_models(load_params()):
        test = read_json(f"metrics/{name}.json", ["test"])["test"]
        print("".join([f"{name:<17}", *(f"{_figure(test.get(column)):<17}" for column in columns)]).rstrip())
    figures = head.constant_of_model(data[head.constant_key])
    constant = "majority class" if head.n_classes else "mean"
    print("".join([f"{constant:<17}", *(f"{_figure(value):<17}" for value in figures)]).rstrip())
    if data["origin"] == "standin":
        print("\nThese networks saw a synthetic stand-in table: the figures say nothing about wine.")
    print("\nWhat the replicates say, with 95% intervals for new tables of the same kind:")
    evidence = _evidence()
    print("\n".join(f"  {sentence}" for sentence in answer(evidence)))
    if further := splits_to_decide(evidence):
        print(_deeper(further))
    differing = changed_results()
    if differing:
        print(
            f"\n{len(differing)} files of results differ from the committed ones: other params, another table, changed "
            "code or a processor that is not x86-64 with AVX2 do that. `git diff --stat` lists them; "
            "`make back` goes back to the last commit."
        )
    print(WHERE_NEXT)


def _figure(value: float | None) -> str:
    """Four decimals, or as many digits of what is not near 1."""
    if value is None or pd.isna(value):
        return "-"
    return f"{value:.4f}" if 0.01 <= abs(value) < 1000 else f"{value:.5g}"


def _deeper(splits: int) -> str:
    """Return how to train the headline models on so many splits, and what that takes on this machine."""
    params = load_params()
    replicate, headline = params.replicate, headline_models(params)
    new = (len(headline) - 1) * max(splits - replicate.headline_splits, 0) + max(splits - replicate.splits, 0)
    more = {"replicate.headline_splits": splits, "replicate.splits": max(splits, replicate.splits)}
    deeper, size = with_values(params, more), params_size(params)
    seconds = sum(group_cost(name, deeper, size).seconds - group_cost(name, params, size).seconds for name in headline)
    settings = f"-S replicate.headline_splits={splits}"
    settings += f" -S replicate.splits={splits}" if splits > replicate.splits else ""
    return (
        f"  to decide it: dvc exp run {settings}   ({new} more trainings, about {max(1, round(seconds / 60))} min here)"
    )


def _evidence() -> dict[str, pd.DataFrame]:
    return {path.stem: read_csv(path) for path in sorted(Path("metrics/evidence").glob("*.csv"))}


def changed_results() -> list[str]:
    """The files of results that are not as committed; none where git cannot tell."""
    command = ["git", "status", "--porcelain", "--untracked-files=all", "--", "metrics", "plots", "dvc.lock"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    return [line[3:] for line in ended.stdout.splitlines()] if ended.returncode == 0 else []


if __name__ == "__main__":
    run_tool(main)
