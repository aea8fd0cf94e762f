"""The sweep: every combination of a grid's values, trained on the same folds with the same seeds.

A fold trains on some rows, stops early by some others and is scored on the rest, which decide nothing in its training.
A round trains every configuration once on every fold, so that each row is scored once by a network that has not seen
it; a further round does so with other seeds.
"""

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.model_selection import GroupShuffleSplit, StratifiedGroupKFold, StratifiedKFold

from regularization.errors import InputError
from regularization.heads import Head
from regularization.jobs.work import Work
from regularization.sweep.selection import Scores, not_told_from_best
from regularization.table import Rows, Table, fit_preprocessor, to_arrays
from regularization.table.preprocessing import fit_target


class Cell(NamedTuple):
    """One configuration, trained once on every split of some work."""

    settings: dict[str, Any]  # of `build_model` and of training
    seeds: tuple[int, ...]  # one per split, the same for every configuration of a round


class Predicted(NamedTuple):
    """The predictions of one configuration's networks for the rows that each split is scored on, split after split."""

    outputs: np.ndarray  # (scored rows,) or (scored rows, classes), float32; a number is still standardized
    diverged: np.ndarray  # (splits,), true where a training came to no figures


def plan_folds(table: Table, rows: np.ndarray, *, folds: int, validation_split: float, random_state: int) -> list[Rows]:
    """`folds` ways to divide the `rows` of the table: train, val (to stop early by), and test, which is scored.

    Every row is scored in one fold. Folds have their share of each class and keep identical rows together; so does what
    is held out of the training rows to stop by, a share of `validation_split`. Raises `InputError` where the rows do
    not suffice.
    """
    y, groups = table.classes[rows], table.groups[rows]
    sizes = [len(np.unique(groups[y == label])) for label in range(max(table.n_classes, 1))]
    least = min(sizes) if table.n_classes == 2 else max(sizes)
    if least < folds:
        what = "a class has" if table.n_classes == 2 else "no class has more than"
        raise InputError(
            f"sweep.folds: received {folds}, where {what} {least} distinct training rows; expected at most so many"
        )
    # Where no row repeats another, both keep them together; the one for groups takes minutes for a million of them.
    repeats, planned = len(np.unique(groups)) < len(groups), []
    splitter = (StratifiedGroupKFold if repeats else StratifiedKFold)(folds, shuffle=True, random_state=random_state)
    with warnings.catch_warnings():  # of several classes, one may have fewer rows than there are folds
        warnings.filterwarnings("ignore", "The least populated class", UserWarning)
        divided = list(splitter.split(np.zeros(len(y)), y, groups if repeats else None))
    for number, (kept, scored) in enumerate(divided):
        train, val = hold_out(rows[kept], table.groups, share=validation_split, random_state=random_state + number)
        planned.append(Rows(train, val, rows[scored]))
    return planned


def hold_out(rows: np.ndarray, groups: np.ndarray, *, share: float, random_state: int) -> tuple[np.ndarray, np.ndarray]:
    """The `rows` to train on and those to stop early by, which have a `share` of the groups of identical rows."""
    splitter = GroupShuffleSplit(1, test_size=share, random_state=random_state)
    train, val = next(splitter.split(rows, groups=groups[rows]))
    return rows[train], rows[val]


def work_on(
    table: Table, splits: Sequence[Rows], *, network: dict, epochs: int, batch_size: int
) -> tuple[Work, list[np.ndarray]]:
    """Return the work of training on each split, scaled by its training rows, and the inputs of its scored rows."""
    parts = [to_arrays(table, rows, fit_preprocessor(table, rows, fit_scaler_on="train")) for rows in splits]
    in_32_bits = [tuple(np.asarray(part, np.float32) for part in its_parts[:6]) for its_parts in parts]
    trained_on, scored = tuple(arrays[:4] for arrays in in_32_bits), [arrays[4] for arrays in in_32_bits]
    return Work(network, epochs, batch_size, trained_on), scored


def seeds_of_round(number: int, *, folds: int, seed: int) -> tuple[int, ...]:
    """A seed per fold, none of them used twice; `seed` itself is the headline models'."""
    return tuple(range(seed + 1 + number * folds, seed + 1 + (number + 1) * folds))


def restored(predicted: Predicted, table: Table, splits: Sequence[Rows]) -> np.ndarray:
    """The outputs of the networks of the `splits`, one after another, with a number in its own units."""
    if table.n_classes:
        return predicted.outputs
    parts = np.split(predicted.outputs, np.cumsum([len(split.test) for split in splits])[:-1])
    scales = [fit_target(table.y[split.train]) for split in splits]
    return np.concatenate([scale.restore(part) for scale, part in zip(scales, parts, strict=True)])


class Study(NamedTuple):
    """What the trainings gave: each row scored once a round by networks that have not seen it."""

    loss: np.ndarray  # (rounds, configurations, rows): nats, of a number the squared error; NaN where nothing was
    # trained or a training diverged
    rated: np.ndarray  # the same, 1 where the label is right, or the absolute error of a number
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
    train: Callable[[Sequence[Cell]], Iterator[tuple[int, Predicted]]],
    *,
    rounds: int,
    seed: int,
    eliminate: float | None = None,
) -> Study:
    """Train every configuration on the `folds` in each round; `train` gives the `Predicted` of cells in any order.

    With `eliminate`, a configuration that cannot be the best any more gets no further round, with an error rate of that
    size over all rounds together. Whole rounds decide, so that the order of completion changes nothing.
    """
    rows = np.concatenate([fold.test for fold in folds])
    fold_of_row = np.repeat(np.arange(len(folds)), [len(fold.test) for fold in folds])
    shape = rounds, len(configurations), len(rows)
    loss, rated = np.full(shape, np.nan, np.float32), np.full(shape, np.nan, np.float32)
    study = Study(loss, rated, fold_of_row, table.groups[rows], *np.zeros((2, len(configurations)), int))
    planned: list[tuple[int, int, Cell]] = []
    for number in range(rounds):
        still_in = np.flatnonzero(study.eliminated_after == 0)
        seeds = seeds_of_round(number, folds=len(folds), seed=seed)
        planned += [(number, int(candidate), Cell(configurations[candidate], seeds)) for candidate in still_in]
        if eliminate is None and number + 1 < rounds:
            continue  # all rounds together keep all workers busy
        for place, predicted in train([cell for _, _, cell in planned]):
            outputs = restored(predicted, table, folds)[None]
            _write_scores(study, planned[place], predicted, table.head, table.head.score_rows(table.y[rows], outputs))
        planned = []
        if eliminate is not None and number + 1 < rounds:
            compared = study._replace(loss=loss[: number + 1]).compared
            stays = not_told_from_best(study.scores(compared, number + 1), error=eliminate / (rounds - 1))
            out = np.setdiff1d(still_in, compared[stays])
            study.eliminated_after[out] = number + 1
    return study


def _write_scores(
    study: Study, planned: tuple[int, int, Cell], predicted: Predicted, head: Head, scores: dict[str, np.ndarray]
) -> None:
    """Write the scores of one cell, with its round and configuration, into the `study`."""
    number, configuration, cell = planned
    failed = predicted.diverged.any()
    study.loss[number, configuration] = np.nan if failed else scores[head.loss.block_column][0]
    study.rated[number, configuration] = np.nan if failed else scores[head.rate_column][0]
    study.trainings[configuration] += len(cell.seeds)
