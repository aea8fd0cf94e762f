"""Reference models: what scikit-learn's own make of the same splits, so that one sees whether a network is worth it.

They take scikit-learn's defaults, but for three: a forest's leaves hold 3 rows at least and the trees of the boosting
15 leaves at most, or both would be too sure of themselves on small tables; and the boosting learns by 0.05 a tree
until the loss on the validation rows has not fallen for 20 trees. They depend on the table and the splits alone.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from regularization.jobs.work import CURVES, Progress
from regularization.networks.evaluation import KERAS_EPSILON
from regularization.replicates.measuring import measure_runs, scale_table
from regularization.replicates.plan import in_32_bits
from regularization.replicates.tables import Replicates, make_tables
from regularization.table import Arrays, PlannedSplit, Table
from regularization.variants import REFERENCES

SPLITS_AT_ONCE = 10  # of which the predictions of all rows are in memory


class Reference(NamedTuple):
    """How a model is made for one seed, and whether it stops by the validation rows."""

    make: Callable[[int], Any]
    is_validated: bool = False


MODELS = dict(
    zip(
        REFERENCES,
        (
            Reference(lambda _: LogisticRegression(max_iter=1000)),
            Reference(lambda seed: RandomForestClassifier(min_samples_leaf=3, random_state=seed)),
            Reference(
                lambda seed: HistGradientBoostingClassifier(
                    learning_rate=0.05,
                    max_iter=500,
                    max_leaf_nodes=15,
                    early_stopping=True,
                    n_iter_no_change=20,
                    random_state=seed,
                ),
                is_validated=True,
            ),
        ),
        strict=True,
    )
)


def reference_seconds(n_splits: int, *, n_rows: int, n_inputs: int) -> float:
    """Return about how long `train_references` takes on the machine of `jobs/cost.py`, with one core.

    Measured with 1,000 to 20,000 rows of 10 to 40 inputs: the forest takes 5e-6 seconds times rows times their binary
    logarithm times the root of the inputs, the boosting 0.1 seconds and 3e-6 times rows times inputs.
    """
    forest = 5e-6 * n_rows * np.log2(n_rows) * np.sqrt(n_inputs)
    return n_splits * float(forest + 0.1 + 3e-6 * n_rows * n_inputs)


def train_references(
    splits: Sequence[PlannedSplit], table: Table, *, on_progress: Progress | None = None
) -> Replicates:
    """Train each of `MODELS` on the training rows of every one of the `splits`, scaled as for the networks.

    Returns what `train_replicates` returns, without curves; what only networks have is missing.
    """
    advance = on_progress or (lambda _: None)
    chunks = [list(splits[first : first + SPLITS_AT_ONCE]) for first in range(0, len(splits), SPLITS_AT_ONCE)]
    measured = {name: [] for name in MODELS}
    for chunk in chunks:
        logits = list(_logits_of(chunk, table, advance))
        for (name, model), of_model in zip(MODELS.items(), zip(*logits, strict=True), strict=True):
            curves = np.empty((len(CURVES), len(chunk), 0))
            measured[name].append(
                measure_runs(np.stack(of_model), chunk, table, validated=model.is_validated, curves=curves)
            )
    return make_tables(measured, chunks, splits, table)


def _logits_of(splits: Sequence[PlannedSplit], table: Table, advance: Progress) -> Iterator[list[np.ndarray]]:
    """Yield, for each split, the logits of all rows `(rows,)` by each model trained on it."""
    for split in splits:
        arrays = in_32_bits(split.arrays(table))
        X = scale_table(split, arrays, len(table.y)).X
        (seed,) = split.seeds
        probabilities = [_probability(model, arrays, X, seed) for model in MODELS.values()]
        yield [np.log(each / (1 - each)) for each in np.clip(probabilities, KERAS_EPSILON, 1 - KERAS_EPSILON)]
        advance(len(MODELS))


def _probability(model: Reference, arrays: Arrays, X: np.ndarray, seed: int) -> np.ndarray:
    """The probability of class 1 that the model gives to the rows `X` `(rows,)`, once it is trained."""
    if len(set(arrays.y_train)) == 1:  # nothing to learn, which not every model takes
        return np.full(len(X), arrays.y_train[0], float)
    seen = {"X_val": arrays.X_val, "y_val": arrays.y_val} if model.is_validated else {}
    return model.make(seed).fit(arrays.X_train, arrays.y_train, **seen).predict_proba(X)[:, 1].astype(float)
