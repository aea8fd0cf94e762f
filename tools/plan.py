"""`make plan`: what each stage takes with the present params.yaml, in time on this machine and in memory.

`python -m tools.plan --to-run` prints what the stages take that `dvc repro` would run now: `make` begins with it.
"""

import argparse

from regularization.budget import OTHERS, params_size, stage_costs, total
from regularization.errors import InputError
from regularization.jobs.cost import duration
from regularization.params import Params, load_params
from stages._ends import run_tool


def main() -> None:
    parser = argparse.ArgumentParser(prog="make plan", description=__doc__)
    parser.add_argument("--to-run", action="store_true", help="what `dvc repro` would run now, in one line")
    asked = parser.parse_args()
    print("\n".join(_to_run_lines() if asked.to_run else plan_lines(load_params())), flush=True)


def _to_run_lines() -> list[str]:
    """Return how many stages `dvc repro` will run, and what they take; nothing where it will say what is wrong."""
    from dvc.exceptions import DvcException
    from dvc.repo import Repo

    try:
        params = load_params()
        with Repo() as repo:
            names, n_stages = to_run(repo), len(repo.index.stages)
    except (InputError, DvcException):
        return []
    if not names:
        return ["nothing has changed since the last run"]
    costs = stage_costs(params, params_size(params))
    of_names = {name: cost for name, cost in costs.items() if name in names or name == OTHERS}
    return [
        f"{len(names)} of {n_stages} stages will run: {total(of_names)} on this machine, less where trainings are kept"
    ]


def to_run(repo) -> set[str]:
    """Return the stages whose results are not here, or are of other inputs, and those that read what will change.

    Data that are merely missing will be made again as they were, so that what reads them need not run. `repo` is a
    `dvc.repo.Repo`.
    """
    import networkx

    needed, changed = set(), set()
    for name, entries in repo.status().items():
        kinds = {kind: dict(parts) for entry in entries if isinstance(entry, dict) for kind, parts in entry.items()}
        inputs, outputs = kinds.get("changed deps", {}), kinds.get("changed outs", {})
        if "not in cache" in outputs.values():
            needed.add(name)
        if len(kinds) < len(entries) or {"modified", "new"} & {*map(_state, inputs.values()), *outputs.values()}:
            changed.add(name)
    graph = networkx.relabel_nodes(repo.index.graph, lambda stage: stage.addressing)
    return needed | changed.union(*(networkx.ancestors(graph, name) for name in changed))


def _state(state: object) -> str:
    """Return what DVC says of a dependency; of a file of params, which it lists by key, that it is modified."""
    return "modified" if isinstance(state, dict) else str(state)


def plan_lines(params: Params) -> list[str]:
    """Return the plan as lines for people; the last one sums up."""
    plan, replicate = params.plan, params.replicate
    costs = stage_costs(params, params_size(params))
    pilot = (
        f", {params.epochs / plan.best_epoch:.2g} times the best one of a pilot, {plan.best_epoch}"
        if plan.best_epoch
        else ""
    )
    variants = f"{len(params.trained_variations())} variants {replicate.variant_splits}"
    return [
        f"{plan.rows:,} rows, {plan.inputs} inputs, {params.epochs} epochs{pilot}",
        f"splits: base {replicate.splits}, the other headline models {replicate.headline_splits}, {variants}; "
        f"{replicate.seeds} seeds on one more split",
        *(f"  {name:<22}{duration(cost.seconds):>12}{cost.memory / 1e9:>7.1f} GB" for name, cost in costs.items()),
        f"all stages: {total(costs)} on this machine; results that are here already take none",
    ]


if __name__ == "__main__":
    run_tool(main)
