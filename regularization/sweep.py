"""The sweep: every combination of a grid's values, trained on the same folds with the same seeds.

A fold trains on some rows, stops early by some others and is scored on the rest, which decide nothing in its training.
A round trains every configuration once on every fold, so that each row is scored once by a network that has not seen
it; a further round does so with other seeds.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.model_selection import GroupShuffleSplit, StratifiedGroupKFold

from regularization.errors import InputError
from regularization.table import Rows, Table, fit_preprocessor, to_arrays

CONFIGURATIONS_PER_SHARD = 32  # 160 trainings on 5 folds: enough for the compiled program, few enough to share out


class Work(NamedTuple):
    """What all shards have in common: the rows of each split and how long to train on them."""

    network: dict[str, Any]  # settings of `build_model` that all configurations share, unless one has its own
    epochs: int
    batch_size: int
    splits: tuple[tuple[np.ndarray, ...], ...]  # of each, the fields of `Arrays`, 32-bit; the test rows are scored


class Shard(NamedTuple):
    """One population: some configurations, each trained once on every split of the work."""

    configurations: tuple[dict[str, Any], ...]
    seeds: tuple[int, ...]  # one per split, the same for every configuration

    @property
    def n_trainings(self) -> int:
        return len(self.configurations) * len(self.seeds)


class Trained(NamedTuple):
    """What the networks of a shard say of the rows that they are scored on."""

    logits: tuple[np.ndarray, ...]  # per split, (configurations, scored rows), float32
    diverged: np.ndarray  # (configurations, splits), true where a training came to no figures


def count_configurations(grid: Mapping[str, Sequence]) -> int:
    return math.prod(len(values) for values in grid.values())


def expand_grid(grid: Mapping[str, Sequence]) -> list[dict[str, Any]]:
    """Every combination of the grid's values, the last setting varying fastest."""
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def plan_folds(
    table: Table, rows: np.ndarray, *, folds: int, validation_split: float, random_state: int
) -> list[Rows]:
    """`folds` ways to divide the `rows` of the table: train, val (to stop early by), and test, which is scored.

    Every row is scored in one fold. Folds have their share of class 1 and keep identical rows together; so does what
    is held out of the training rows to stop by, a share of `validation_split`. Raises `InputError` where the rows do not
    suffice.
    """
    y, groups = table.y[rows], table.groups[rows]
    least = min(len(np.unique(groups[y == label])) for label in (0, 1))
    if least < folds:
        raise InputError(
            f"sweep.folds: received {folds} for rows of which a class has {least} distinct ones; expected at most so many"
        )
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=random_state)
    planned = []
    for number, (kept, scored) in enumerate(splitter.split(np.zeros(len(y)), y, groups)):
        train, val = hold_out(rows[kept], table.groups, share=validation_split, random_state=random_state + number)
        planned.append(Rows(train, val, rows[scored]))
    return planned


def hold_out(rows: np.ndarray, groups: np.ndarray, *, share: float, random_state: int) -> tuple[np.ndarray, np.ndarray]:
    """The `rows` to train on and those to stop early by, which have a `share` of the groups of identical rows."""
    splitter = GroupShuffleSplit(1, test_size=share, random_state=random_state)
    train, val = next(splitter.split(rows, groups=groups[rows]))
    return rows[train], rows[val]


def work_on(table: Table, splits: Sequence[Rows], *, network: dict, epochs: int, batch_size: int) -> Work:
    """The rows of each split, scaled by its training rows."""
    arrays = [to_arrays(table, rows, fit_preprocessor(table, rows, fit_scaler_on="train")) for rows in splits]
    in_32_bits = tuple(tuple(np.asarray(part, np.float32) for part in its_arrays) for its_arrays in arrays)
    return Work(network, epochs, batch_size, in_32_bits)


def seeds_of_round(number: int, *, folds: int, seed: int) -> tuple[int, ...]:
    """A seed per fold, none of them used twice; `seed` itself is the headline models'."""
    return tuple(range(seed + 1 + number * folds, seed + 1 + (number + 1) * folds))


def plan_shards(configurations: Sequence[dict], seeds: tuple[int, ...]) -> list[tuple[list[int], Shard]]:
    """One round's shards, each with the numbers of its configurations.

    Networks of one shard have the same widths; the cost of their trainings is alike, as the compiled program wants.
    """
    alike: dict[str, list[int]] = {}
    for number, settings in enumerate(configurations):
        alike.setdefault(repr(_program(settings)), []).append(number)
    planned = []
    for numbers in alike.values():
        for first in range(0, len(numbers), CONFIGURATIONS_PER_SHARD):
            chosen = numbers[first : first + CONFIGURATIONS_PER_SHARD]
            planned.append((chosen, Shard(tuple(configurations[number] for number in chosen), seeds)))
    return planned


def _program(settings: Mapping) -> tuple:
    """What decides which program trains a configuration, and for how long."""
    return settings.get("hidden_units"), settings.get("patience"), bool(settings.get("dropout"))
