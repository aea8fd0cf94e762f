"""What every stage costs in time and memory, and which values of params.yaml fit into a budget of time.

The costs are measured figures of one machine with two cores (`jobs/cost.py`); that machine decides which values fit,
so that a budget gives the same values everywhere. What is printed is this machine's time.
"""

import os
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from regularization.errors import InputError
from regularization.jobs.cost import (
    BYTES_PER_EPOCH,
    BYTES_PER_WEIGHT,
    LIBRARY_BYTES,
    PROGRAM_BYTES,
    SECONDS_PER_WEIGHT,
    Cost,
)
from regularization.jobs.work import BUNCH_BYTES, count_weights
from regularization.networks.row_order import LANES, block_bytes
from regularization.table import Table
from regularization.table.blocks import N_BLOCKS, N_TEST, N_VALIDATION
from regularization.variants import (
    REFERENCE_GROUP,
    program_of,
    replicate_groups,
    seeds_of,
    splits_of,
    trained_variants,
)

DEFAULT_BUDGET = "15m"
UNITS = {"m": 60, "h": 3600}
# Honest splits of base, of the other headline models and of the variants: five test every block once, and fewer than
# three such rounds leave the interval too little to tell the splits' own noise by.
LADDER = (
    (15, 15, 15),
    (30, 30, 15),
    (60, 30, 15),
    (120, 60, 30),
    (240, 120, 60),
    (520, 260, 130),
    (1040, 520, 260),
    (2000, 1000, 500),
)
ENOUGH_SPLITS, ENOUGH_ROWS = 130, 1600  # of a variant on a table of so many rows: more rows need fewer splits
PILOTS = (6, 4, 3, 2)  # how many times the best epoch of the pilot a training goes on, the first that fits
EPOCHS = (5, 500)  # the least and the most that a plan takes
GRIDS: tuple[dict[str, list], ...] = (  # of the sweep: the first, and what is left of it in shorter budgets
    {
        "l1": [None, 0.001, 0.01],
        "l2": [None, 0.001, 0.01],
        "patience": [None, 20],
        "dropout": [None, 0.2, 0.5],
        "weight_decay": [None, 0.1, 1.0],
    },
    {"l2": [None, 0.001, 0.01], "dropout": [None, 0.2, 0.5], "weight_decay": [None, 1.0]},
    {"l2": [None, 0.01], "dropout": [None, 0.2], "weight_decay": [None, 1.0]},
    {"l2": [None, 0.01], "dropout": [None, 0.2]},
)

# Seconds on the machine of jobs/cost.py, by `benchmarks/table_sizes.py` and whole runs.
START = 2.0  # Python, pandas, DVC before and after a stage
TENSORFLOW = 3.0
PROGRAM = 3.2  # compiled, by one core
NETWORK = 3e-3  # built, scored, described
FIT_STEP = 1.5e-4  # a batch in Keras' own step
FIT_EPOCH = 1.3e-2  # with the curves' rows
PREDICTED_ROW = 3e-8  # a row's scores
CELL = 8e-8  # a value of the table that is scaled for a split
EVIDENCE = 0.8  # for each variant
OTHERS = "the others"  # the stages that take seconds


class Size(NamedTuple):
    """What the cost depends on of a table."""

    n_rows: int
    n_inputs: int
    n_outputs: int = 1
    repeats: bool = True  # whether a row repeats another: only then there are leaky twins

    @property
    def n_train(self) -> int:
        return self.n_rows * (N_BLOCKS - N_TEST - N_VALIDATION) // N_BLOCKS

    @property
    def n_seen(self) -> int:
        """Rows that an epoch trains or validates on."""
        return self.n_rows * (N_BLOCKS - N_TEST) // N_BLOCKS


def size_of(table: Table) -> Size:
    """Return the size of a checked table."""
    repeats = len(np.unique(table.groups)) < len(table.groups)
    return Size(len(table.y), table.n_inputs, table.head.units, repeats)


def params_size(params) -> Size:
    """Return the size that params.yaml names."""
    return Size(params.plan.rows, params.plan.inputs, params.plan.outputs, params.plan.repeats)


def seconds_of(budget: str) -> float:
    """Return the seconds of `15m` or `2h`. Raises `InputError` for anything else."""
    number, unit = budget[:-1], budget[-1:]
    if not (number.isascii() and number.isdigit() and int(number) and unit in UNITS):
        raise InputError(f"BUDGET: received {budget!r}; expected minutes or hours, such as 5m, {DEFAULT_BUDGET} or 2h")
    return int(number) * UNITS[unit]


def stage_costs(params, size: Size) -> dict[str, Cost]:
    """Return the cost of every stage that takes more than seconds, by its name in dvc.yaml."""
    costs = {f"train_{name}": _fit_cost(params, size, size.n_train) for name in params.headline}
    costs |= {f"replicate_{group}": group_cost(group, params, size) for group in replicate_groups(params)}
    costs[REFERENCE_GROUP] = references_cost(params, size)
    costs["evidence"] = Cost(START + EVIDENCE * (len(params.trained_variations()) + len(params.headline)), 0, 1e9)
    costs["recommend"] = _fit_cost(params, size, size.n_rows)
    costs["sweep"] = sweep_cost(params, size)
    read = CELL * size.n_rows * size.n_inputs * 10
    others = Cost(4 * START + read, 0, 0.5e9 + 40 * size.n_rows * size.n_inputs)
    return costs | {OTHERS: others}


def total(costs: Mapping[str, Cost]) -> Cost:
    """Return what all stages cost, one after another."""
    serial, shared, memory = zip(*costs.values(), strict=True)
    return Cost(sum(serial), sum(shared), max(memory))


def group_cost(group: str, params, size: Size) -> Cost:
    """Return the cost of a group of replicates, as `replicates/training.py` trains them."""
    replicate = params.replicate
    n_honest = splits_of(group, params)
    n_leaky = min(replicate.leaky_twins, n_honest) if group in params.headline and size.repeats else 0
    programs = Counter(
        (program_of(settings), tuple(settings.get("hidden_units") or params.hidden_units))
        for settings in trained_variants(group, params).values()
    )
    seeds = seeds_of(group, params)
    lanes = [
        (_in_lanes(n_variants * (n_honest + n_leaky)) + _in_lanes(n_variants * seeds), units)
        for (_, units), n_variants in programs.items()
    ]
    networks = sum(programs.values()) * (n_honest + n_leaky + seeds)
    return _population_cost(params, size, lanes, networks=networks, splits=n_honest + n_leaky + 1)


def sweep_cost(params, size: Size) -> Cost:
    """Return the cost of the sweep, none of whose configurations is dropped."""
    from regularization.sweep.grid import expand_grid

    folds, programs = params.sweep.folds, Counter()
    for configuration in expand_grid(params.sweep.lists()):
        on = {key: value for key, value in configuration.items() if value}
        programs[program_of(on), tuple(on.get("hidden_units") or params.hidden_units)] += 1
    seeds = params.sweep.seeds
    lanes = [(_in_lanes(n_alike * folds) * seeds, units) for (_, units), n_alike in programs.items()]
    networks = sum(programs.values()) * folds * seeds
    return _population_cost(params, size, lanes, networks=networks, splits=folds)


def references_cost(params, size: Size) -> Cost:
    """Return the cost of the reference models.

    A forest takes 3.5e-7 seconds times the rows that its trees draw, the square of their binary logarithm and the root
    of the inputs, more where they draw from many rows, and 1e-5 for each row that it predicts; the boosting 1.5e-6
    times rows times inputs, for each class; and all of them 0.4 seconds for each split of the smallest table.
    """
    from regularization.replicates.references import MOST_ROWS, ROWS_OF_A_TREE

    drawn, trained = min(size.n_train, ROWS_OF_A_TREE), min(size.n_train, MOST_ROWS)
    forest = 3.5e-7 * drawn * np.log2(drawn) ** 2 * np.sqrt(size.n_inputs) * (trained / drawn) ** 0.4
    forest += 1e-5 * size.n_rows
    boosting = size.n_outputs * (0.1 + 1.5e-6 * trained * size.n_inputs)
    seconds = splits_of(REFERENCE_GROUP, params) * float(forest + boosting + 0.3)
    return Cost(START + 2, seconds, 1e9 + 200 * size.n_rows * size.n_inputs)


def _population_cost(params, size: Size, lanes: list[tuple[float, tuple]], *, networks: int, splits: int) -> Cost:
    """Return the cost of places in programs, `lanes`, each with the units of its networks."""
    work = width = 0.0
    for n_lanes, units in lanes:
        n_weights = count_weights(size.n_inputs, units, size.n_outputs)
        width = max(width, n_weights)
        trained = params.epochs * size.n_seen * (n_weights * SECONDS_PER_WEIGHT + _seconds_per_row(size.n_train))
        work += n_lanes * (trained + size.n_rows * n_weights * SECONDS_PER_WEIGHT / 3)
    scored = (
        networks * (NETWORK + size.n_rows * PREDICTED_ROW * size.n_outputs)
        + splits * size.n_rows * size.n_inputs * CELL
    )
    cores = os.cpu_count() or 1
    memory = (
        LIBRARY_BYTES
        + PROGRAM_BYTES * (len(lanes) - 1)
        + min(16 * splits * size.n_rows * size.n_inputs, BUNCH_BYTES)
        + block_bytes(size.n_seen, size.n_inputs + 1, epochs=params.epochs, workers=cores)
        + networks * (BYTES_PER_WEIGHT * width + BYTES_PER_EPOCH * params.epochs)
    )
    return Cost(START + TENSORFLOW + PROGRAM * len(lanes) + scored, work, memory)


def _seconds_per_row(n_rows: int) -> float:
    """Return what a row of an epoch takes beside its weights: its place in a shuffled table that fits in no cache."""
    return 2e-8 * (max(n_rows, 1000) / 1000) ** (1 / 3)


def _fit_cost(params, size: Size, n_rows: int) -> Cost:
    """Return the cost of one training by Keras."""
    steps = -(-n_rows // params.batch_size)
    seconds = params.epochs * (FIT_EPOCH + steps * FIT_STEP)
    return Cost(START + TENSORFLOW + 2 + seconds, 0, LIBRARY_BYTES + 40 * size.n_rows * size.n_inputs)


def _in_lanes(networks: int) -> int:
    return -(-networks // LANES) * LANES


def plan(params, size: Size, *, best_epoch: int, budget: str) -> tuple[dict[str, Any], bool]:
    """Return the values of params.yaml that `budget` allows, by their keys with dots, and whether they fit into it.

    The longest trainings that fit, 6, 4, 3 or 2 times the pilot's `best_epoch`; then as many splits as fit, up to what
    a table of that size needs, or more where the budget is longer than the default.
    """
    seconds = seconds_of(budget)
    for values in _candidates(size, best_epoch, seconds):
        if total(stage_costs(with_values(params, values), size)).seconds_there <= seconds:
            return values, True
    return values, False


def _candidates(size: Size, best_epoch: int, seconds: float) -> Iterator[dict[str, Any]]:
    """Yield values from the best answer to the shortest run."""
    share = max(seconds / seconds_of(DEFAULT_BUDGET), 1.0)
    enough = ENOUGH_SPLITS * min(ENOUGH_ROWS / size.n_rows, 1.0) * share
    first = next((place for place, (*_, splits) in enumerate(LADDER) if splits > max(enough, LADDER[0][-1])), None)
    for times in PILOTS:
        epochs = int(np.clip(times * best_epoch, *EPOCHS))
        for splits, headline, variant in reversed(LADDER[:first]):
            smaller = variant / ENOUGH_SPLITS
            yield {
                "epochs": epochs,
                "replicate.variant_seeds": 0,  # they are there for the figures of the notebook
                "replicate.seeds": int(np.clip(round(50 * smaller), 5, 50)),
                "replicate.splits": splits,
                "replicate.headline_splits": headline,
                "replicate.variant_splits": variant,
                "replicate.leaky_twins": int(np.clip(round(40 * smaller), 5, 40)),
                "sweep.grid": GRIDS[0 if smaller >= 1 else 1 if variant >= 30 else 2 if splits > variant else 3],
            }


def with_values(params, values: Mapping[str, Any]):
    """Return the params with other values, by their keys with dots."""
    content = params.model_dump()
    for key, value in values.items():
        *groups, name = key.split(".")
        group = content
        for part in groups:
            group = group[part]
        group[name] = value
    return type(params).model_validate(content)
