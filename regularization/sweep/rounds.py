"""The sweep: every combination of a grid's values, trained on the same folds with the same seeds.

A fold trains on some rows, stops early by some others and is scored on the rest, which decide nothing in its training.
A round trains every configuration once on every fold, so that each row is scored once by a network that has not seen
it; a further round does so with other seeds.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.model_selection import GroupShuffleSplit, StratifiedGroupKFold

from regularization.errors import InputError
from regularization.sweep.selection import Scores, not_told_from_best
from regularization.table import Rows, Table, fit_preprocessor, to_arrays

CONFIGURATIONS_PER_SHARD = 32  # 160 trainings on 5 folds: enough for the compiled program, few enough to share out


Score = Callable[[np.ndarray, np.ndarray], dict[str, np.ndarray]]  # of labels and logits


class Shard(NamedTuple):
    """One population: some configurations, each trained once on every split of the work."""

    configurations: tuple[dict[str, Any], ...]
    seeds: tuple[int, ...]  # one per split, the same for every configuration

    @property
    def n_trainings(self) -> int:
        return len(self.configurations) * len(self.seeds)


class Trained(NamedTuple):
    """What the networks of a shard make of the rows that they are scored on, split after split."""

    logits: np.ndarray  # (configurations, scored rows), float32
    diverged: np.ndarray  # (configurations, splits), true where a training came to no figures


class Work(NamedTuple):
    """What all shards have in common: the rows of each split and how long to train on them."""

    network: dict[str, Any]  # settings of `build_model` that all configurations share, unless one has its own
    epochs: int
    batch_size: int
    splits: tuple[tuple[np.ndarray, ...], ...]  # of each, the fields of `Arrays`, 32-bit; the test rows are scored

    trainer = "regularization.sweep.shard_training"

    @property
    def shard_type(self) -> type[Shard]:
        return Shard

    @property
    def trained_type(self) -> type[Trained]:
        return Trained


def plan_folds(table: Table, rows: np.ndarray, *, folds: int, validation_split: float, random_state: int) -> list[Rows]:
    """`folds` ways to divide the `rows` of the table: train, val (to stop early by), and test, which is scored.

    Every row is scored in one fold. Folds have their share of class 1 and keep identical rows together; so does what
    is held out of the training rows to stop by, a share of `validation_split`. Raises `InputError` where the rows do
    not suffice.
    """
    y, groups = table.y[rows], table.groups[rows]
    least = min(len(np.unique(groups[y == label])) for label in (0, 1))
    if least < folds:
        raise InputError(
            f"sweep.folds: received {folds}, where a class has {least} distinct training rows; expected at most so many"
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
    """What decides the shape of its networks, which program trains them, and for how long."""
    switches = bool(settings.get("dropout")), bool(settings.get("batch_normalization"))
    return settings.get("hidden_units"), settings.get("patience"), *switches


class Study(NamedTuple):
    """What the trainings gave: each row scored once a round by networks that have not seen it."""

    loss: np.ndarray  # (rounds, configurations, rows), nats, NaN where nothing was trained or a training diverged
    right: np.ndarray  # the same, 1 where the label is right
    fold_of_row: np.ndarray  # (rows,)
    groups: np.ndarray  # (rows,), the same number for identical rows
    trainings: np.ndarray  # (configurations,)
    eliminated_after: np.ndarray  # (configurations,), a round from 1, 0 where it was kept to the end

    @property
    def compared(self) -> np.ndarray:
        """The numbers of the configurations that were trained to the end and never diverged."""
        return np.flatnonzero((self.eliminated_after == 0) & np.isfinite(self.loss).all(axis=(0, 2)))

    def scores(self, numbers: np.ndarray, rounds: int | None = None) -> Scores:
        """The losses of some configurations over the first `rounds`."""
        loss = self.loss[:rounds, numbers].astype(float)
        return Scores(loss.mean(axis=0), cell_means(loss, self), self.groups)


def cell_means(values: np.ndarray, study: Study) -> np.ndarray:
    """The mean of each training: `(configurations, rounds x folds)` from `(rounds, configurations, rows)`."""
    folds = range(int(study.fold_of_row.max()) + 1)
    means = [values[..., study.fold_of_row == fold].mean(axis=-1) for fold in folds]
    return np.stack(means, axis=-1).transpose(1, 0, 2).reshape(values.shape[1], -1)


def run_rounds(
    configurations: Sequence[dict],
    table: Table,
    folds: Sequence[Rows],
    train: Callable[[Sequence[Shard]], Iterator[tuple[int, Trained]]],
    *,
    score: Score,
    rounds: int,
    seed: int,
    eliminate: float | None = None,
) -> Study:
    """Train every configuration on the `folds` in each round, where `train` gives the results of shards in any order.

    `score` is `evaluation.score_rows`.
    With `eliminate`, a configuration that cannot be the best any more gets no further round, with an error rate of that
    size over all rounds together. Whole rounds decide, so that the order of completion changes nothing.
    """
    rows = np.concatenate([fold.test for fold in folds])
    fold_of_row = np.repeat(np.arange(len(folds)), [len(fold.test) for fold in folds])
    shape = rounds, len(configurations), len(rows)
    loss, right = np.full(shape, np.nan, np.float32), np.full(shape, np.nan, np.float32)
    study = Study(loss, right, fold_of_row, table.groups[rows], *np.zeros((2, len(configurations)), int))
    planned: list[tuple[int, np.ndarray, Shard]] = []
    for number in range(rounds):
        still_in = np.flatnonzero(study.eliminated_after == 0)
        seeds = seeds_of_round(number, folds=len(folds), seed=seed)
        shards = plan_shards([configurations[each] for each in still_in], seeds)
        planned += [(number, still_in[numbers], shard) for numbers, shard in shards]
        if eliminate is None and number + 1 < rounds:
            continue  # all rounds together keep all workers busy
        _train_planned(planned, train, lambda logits: score(table.y[rows], logits), study)
        planned = []
        if eliminate is not None and number + 1 < rounds:
            compared = study._replace(loss=loss[: number + 1]).compared
            stays = not_told_from_best(study.scores(compared, number + 1), error=eliminate / (rounds - 1))
            out = np.setdiff1d(still_in, compared[stays])
            study.eliminated_after[out] = number + 1
    return study


def _train_planned(
    planned: Sequence[tuple[int, np.ndarray, Shard]], train: Callable, score: Callable, study: Study
) -> None:
    """Write the results of the `planned` shards, with their rounds and configurations, into the `study`."""
    for place, trained in train([shard for _, _, shard in planned]):
        number, numbers, shard = planned[place]
        failed = trained.diverged.any(axis=1)[:, None]
        scores = score(trained.logits)
        study.loss[number, numbers] = np.where(failed, np.nan, scores["binary_crossentropy"])
        study.right[number, numbers] = np.where(failed, np.nan, scores["accuracy"])
        study.trainings[numbers] += len(shard.seeds)
