"""`make plan`: what each stage takes with the present params.yaml, in time on this machine and in memory.

`python -m tools.plan --total` prints the last line alone, which `make` begins with.
"""

import argparse

from regularization.budget import params_size, stage_costs, total
from regularization.errors import InputError
from regularization.jobs.cost import duration
from regularization.params import Params, load_params
from stages._ends import run_tool


def main() -> None:
    parser = argparse.ArgumentParser(prog="make plan", description=__doc__)
    parser.add_argument("--total", action="store_true", help="all stages together, in one line")
    asked = parser.parse_args()
    try:
        params = load_params()
    except InputError:
        if asked.total:
            return  # the first stage says what is wrong
        raise
    lines = plan_lines(params)
    print("\n".join(lines[-1:] if asked.total else lines), flush=True)


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
