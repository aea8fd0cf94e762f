"""The scores by which variants are compared. All that one metric is stands in its entry here.

A function of rows takes labels `y` `(rows,)` and the `logits` `(models, rows)` of many networks and returns a score of
each row, `(models, rows)`, whose mean is the metric. A function of classes takes the same and returns `(models,)`: it
is no mean over rows and needs rows of both classes. A function of the constant predictor takes the probability of the
positive class that it gives to every row, and the positive rows and all rows of some blocks; it returns the sum over
each block.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Metric:
    """One score of a trained network.

    `equivalence` is the half-width of its region of equivalence, on a table of two equal classes unless `metrics_with`
    has made it that of another table: smaller differences do not matter in practice.
    """

    name: str  # as in Keras, or else in scikit-learn
    label: str
    unit: str
    higher_is_better: bool
    equivalence: float
    block_column: str  # where the replicates hold its sum over the rows of a block
    of_constant: Callable[..., np.ndarray]  # see above
    of_rows: Callable[..., np.ndarray] | None = None
    of_classes: Callable[..., np.ndarray] | None = None
    is_counted: bool = False  # made of rows, or pairs of rows, that are right or wrong

    @property
    def needs_both_classes(self) -> bool:
        """Whether it is no mean over rows: its "sum" over a block is its value there times the rows."""
        return self.of_rows is None

    @property
    def column(self) -> str:
        """The column of the replicates that holds it for the test rows."""
        return f"test_{self.name}"

    @property
    def validation_column(self) -> str:
        """The column of the replicates that holds it for the validation rows."""
        return f"val_{self.name}"

    @property
    def sign(self) -> int:
        """The factor by which a difference is multiplied so that above 0 is better."""
        return 1 if self.higher_is_better else -1


def _right(y: np.ndarray, logits: np.ndarray) -> np.ndarray:
    return (logits > 0) == (y > 0.5)


def _crossentropy(y: np.ndarray, logits: np.ndarray) -> np.ndarray:
    logits = logits.astype(float)
    # log(1 + exp(x)) - y x, in a form that does not overflow
    return np.maximum(logits, 0) - y * logits + np.log1p(np.exp(-np.abs(logits)))


def _squared_error(y: np.ndarray, logits: np.ndarray) -> np.ndarray:
    return (y - 1 / (1 + np.exp(-logits.astype(float)))) ** 2


def _balanced_accuracy(y: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """The mean of the shares of correct predictions among the rows of each class."""
    is_1, right = y > 0.5, _right(y, logits)
    return (right[:, is_1].mean(axis=1) + right[:, ~is_1].mean(axis=1)) / 2


def _roc_auc(y: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """The share of pairs of a row of each class in which the positive one has the higher logit; ties count half.

    By the ranks of the positive rows (Mann and Whitney 1947).
    """
    from scipy.stats import rankdata

    is_1 = y > 0.5
    n_1, n_0 = int(is_1.sum()), int((~is_1).sum())
    ranks = rankdata(logits, axis=1)[:, is_1].sum(axis=1)
    return (ranks - n_1 * (n_1 + 1) / 2) / (n_1 * n_0)


def _half(_, __, rows):
    """By chance: the same prediction for every row."""
    return 0.5 * rows


METRICS = {
    metric.name: metric
    for metric in (
        Metric(
            "accuracy",
            "test accuracy",
            "share of rows",
            higher_is_better=True,
            equivalence=0.01,
            block_column="right",
            of_rows=_right,
            of_constant=lambda share, positive, rows: np.where(share > 0.5, positive, rows - positive),
            is_counted=True,
        ),
        Metric(
            "binary_crossentropy",
            "test loss without penalty",
            "nats per row",
            higher_is_better=False,
            equivalence=0.02,
            block_column="loss",
            of_rows=_crossentropy,
            of_constant=lambda share, positive, rows: (
                -(positive * np.log(share) + (rows - positive) * np.log1p(-share))
            ),
        ),
        Metric(
            "brier",
            "test Brier score",
            "squared error of the probability",
            higher_is_better=False,
            equivalence=0.005,
            block_column="squared_error",
            of_rows=_squared_error,
            of_constant=lambda share, positive, rows: positive * (1 - share) ** 2 + (rows - positive) * share**2,
        ),
        Metric(
            "balanced_accuracy",
            "test balanced accuracy",
            "mean of the two classes' shares of rows",
            higher_is_better=True,
            equivalence=0.01,
            block_column="balanced",
            of_classes=_balanced_accuracy,
            of_constant=_half,
            is_counted=True,
        ),
        Metric(
            "roc_auc",
            "test ROC AUC",
            "share of pairs of a row of each class",
            higher_is_better=True,
            equivalence=0.01,
            block_column="auc",
            of_classes=_roc_auc,
            of_constant=_half,
            is_counted=True,
        ),
    )
}
ACCURACY, BINARY_CROSSENTROPY, BRIER, BALANCED_ACCURACY, ROC_AUC = (
    METRICS[name] for name in ("accuracy", "binary_crossentropy", "brier", "balanced_accuracy", "roc_auc")
)
SMALL_MINORITY = 0.2  # below this share of the rows, always predicting the majority class looks good by accuracy


def metrics_with(equivalence: Mapping[str, float | None], share: float) -> dict[str, Metric]:
    """Return `METRICS` with their regions of equivalence on a table whose class 1 has that `share` of the rows.

    `equivalence` fixes some of them, by name. By default those of losses shrink as what there is to gain does, the
    score of the constant predictor; that of accuracy shrinks with a minority below `SMALL_MINORITY`.
    """
    fixed = {name: equivalence.get(name) or _equivalence(metric, share) for name, metric in METRICS.items()}
    return {name: replace(metric, equivalence=fixed[name]) for name, metric in METRICS.items()}


def _equivalence(metric: Metric, share: float) -> float:
    minority = min(share, 1 - share)
    if metric.needs_both_classes:
        factor = 1.0
    elif metric.is_counted:
        factor = min(1.0, minority / SMALL_MINORITY)
    else:
        scores = [float(metric.of_constant(its, its, 1.0)) for its in (max(minority, 1e-6), 0.5)]
        factor = scores[0] / scores[1]
    return float(f"{metric.equivalence * factor:.2g}")


def leading_metrics(minority_share: float) -> tuple[str, ...]:
    """Return the metrics that reports begin with, for a table whose minority class has that share of the rows.

    Accuracy and the loss; where one class is small, balanced accuracy and ROC AUC in place of accuracy.
    """
    if minority_share < SMALL_MINORITY:
        return BALANCED_ACCURACY.name, ROC_AUC.name, BINARY_CROSSENTROPY.name
    return ACCURACY.name, BINARY_CROSSENTROPY.name


def score_rows(y: np.ndarray, logits: np.ndarray) -> dict[str, np.ndarray]:
    """Return the metrics that are means over rows, per network and row: `(models, rows)` each, by name.

    `logits` `(models, rows)` are float32, as networks give them; labels `y` are `(rows,)`. The means over rows are what
    Keras and scikit-learn compute.
    """
    return {name: metric.of_rows(y, logits) for name, metric in METRICS.items() if metric.of_rows}


def score_classes(y: np.ndarray, logits: np.ndarray) -> dict[str, np.ndarray]:
    """Return the metrics that need both classes, per network: `(models,)` each, by name; NaN where one is missing."""
    both = 0 < np.count_nonzero(y > 0.5) < len(y)
    return {
        name: metric.of_classes(y, logits) if both else np.full(len(logits), np.nan)
        for name, metric in METRICS.items()
        if metric.of_classes
    }


def clipped_share(positive: np.ndarray | float, rows: np.ndarray | float):
    """Return the share of the positive class among the rows trained on, half a row away from 0 and 1 at least.

    It is the probability that the constant predictor gives to every row.
    """
    return np.clip(positive / rows, 0.5 / rows, 1 - 0.5 / rows)
