"""Reference models: what scikit-learn's own make of the same splits, so that one sees whether a network is worth it.

They take scikit-learn's defaults, but for four: a forest's leaves hold 3 rows at least and the trees of the boosting
15 leaves at most, or both would be too sure of themselves on small tables; the boosting learns by 0.05 a tree until
the loss on the validation rows has not fallen for 20 trees; and no tree of a forest draws more than 50,000 rows. Of
more than 200,000 training rows they see a sample of so many. They depend on the table and the splits alone.
"""

import functools
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression, Ridge
from threadpoolctl import threadpool_limits

from regularization.heads import Head
from regularization.jobs.work import CURVES, Progress
from regularization.replicates.measuring import ScaledTable, measure_runs, scale_table
from regularization.replicates.plan import in_32_bits
from regularization.replicates.tables import Replicates, make_tables
from regularization.table import Arrays, PlannedSplit, Table

MOST_ROWS = 200_000  # that a model is trained on
SPLITS_AT_ONCE = 10  # of which the predictions of all rows are in memory
ROWS_OF_A_TREE = 50_000  # that it draws at most: whole draws from a million rows would take a forest minutes


class Reference(NamedTuple):
    """How a model is made, and whether it stops by the validation rows."""

    make: Callable[[int, int], Any]  # of the seed and the number of training rows
    is_validated: bool = False


def _forest(kind: Callable, seed: int, n_rows: int) -> Any:
    drawn = ROWS_OF_A_TREE if n_rows > ROWS_OF_A_TREE else None
    return kind(min_samples_leaf=3, max_samples=drawn, random_state=seed)


def _boosting(kind: Callable, seed: int, _: int) -> Any:
    return kind(
        learning_rate=0.05,
        max_iter=500,
        max_leaf_nodes=15,
        early_stopping=True,
        n_iter_no_change=20,
        random_state=seed,
    )


OF_CLASSES = {
    "logistic_regression": Reference(lambda *_: LogisticRegression(max_iter=1000)),
    "random_forest": Reference(functools.partial(_forest, RandomForestClassifier)),
    "gradient_boosting": Reference(functools.partial(_boosting, HistGradientBoostingClassifier), is_validated=True),
}
OF_NUMBER = {
    "ridge_regression": Reference(lambda *_: Ridge()),
    "random_forest": Reference(functools.partial(_forest, RandomForestRegressor)),
    "gradient_boosting": Reference(functools.partial(_boosting, HistGradientBoostingRegressor), is_validated=True),
}


def models_of(head: Head) -> dict[str, Reference]:
    """Return the reference models of a head, by name."""
    return OF_CLASSES if head.n_classes else OF_NUMBER


def train_references(
    splits: Sequence[PlannedSplit], table: Table, *, on_progress: Progress | None = None
) -> Replicates:
    """Train each of the head's `models_of` on the training rows of every one of the `splits`, scaled as for networks.

    Returns what `train_replicates` returns, without curves; what only networks have is missing.
    """
    advance, models = on_progress or (lambda _: None), models_of(table.head)
    chunks = [list(splits[first : first + SPLITS_AT_ONCE]) for first in range(0, len(splits), SPLITS_AT_ONCE)]
    measured = {name: [] for name in models}
    for chunk in chunks:
        scaled, outputs = zip(*_outputs_of(chunk, table, models, advance), strict=True)
        for (name, model), of_model in zip(models.items(), zip(*outputs, strict=True), strict=True):
            curves = np.empty((len(CURVES), len(chunk), 0))
            measured[name].append(
                measure_runs(np.stack(of_model), chunk, scaled, table, validated=model.is_validated, curves=curves)
            )
    return make_tables(measured, chunks, splits, table)


def _outputs_of(
    splits: Sequence[PlannedSplit], table: Table, models: Mapping[str, Reference], advance: Progress
) -> Iterator[tuple[ScaledTable, list[np.ndarray]]]:
    """Yield, for each split, its table and the outputs for all rows `(rows, ...)` of each model trained on it."""

    def of_split(split: PlannedSplit) -> tuple[ScaledTable, list[np.ndarray]]:
        arrays = in_32_bits(split.arrays(table))
        scaled = scale_table(split, arrays, len(table.y))
        (seed,) = split.seeds
        arrays = _fewer(arrays, seed)
        with threadpool_limits(1, "openmp"):  # of the boosting: the splits share the processors already
            predicted = [_predicted(model, arrays, scaled.X, seed, table.head) for model in models.values()]
        return scaled, [table.head.outputs_of(values) for values in predicted]

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for outputs in pool.map(of_split, splits):
            yield outputs
            advance(len(models))


def _fewer(arrays: Arrays, seed: int) -> Arrays:
    """The arrays with at most `MOST_ROWS` rows to train on, drawn by the seed."""
    if len(arrays.y_train) <= MOST_ROWS:
        return arrays
    drawn = np.random.RandomState(seed).choice(len(arrays.y_train), MOST_ROWS, replace=False)
    return arrays._replace(X_train=arrays.X_train[drawn], y_train=arrays.y_train[drawn])


def _predicted(model: Reference, arrays: Arrays, X: np.ndarray, seed: int, head: Head) -> np.ndarray:
    """What the model makes of the rows `X` once it is trained: a probability, that of each class, or a number."""
    y = arrays.y_train
    if not head.n_classes:
        seen = {"X_val": arrays.X_val, "y_val": arrays.y_val} if model.is_validated else {}
        return model.make(seed, len(y)).fit(arrays.X_train, y, **seen).predict(X).astype(float)
    of_class = np.zeros((len(X), head.n_classes))
    if len(set(y)) == 1:  # nothing to learn, which not every model takes
        of_class[:, int(y[0])] = 1
    else:
        known = np.isin(arrays.y_val, y)  # the boosting refuses a class that it is not trained on
        X_val, y_val = (arrays.X_val[known], arrays.y_val[known]) if known.any() else (arrays.X_train, y)
        seen = {"X_val": X_val, "y_val": y_val} if model.is_validated else {}
        of_class[:, np.unique(y).astype(int)] = model.make(seed, len(y)).fit(arrays.X_train, y, **seen).predict_proba(X)
    return of_class[:, 1] if head.n_classes == 2 else of_class
