"""The scores by which variants are compared. All that one metric is stands in its entry here.

A score is made of sums over rows: `Head.score_rows` says what a row adds to each, `(models, rows)`. Most metrics are
the mean of such a column over the rows, `(models,)`. The others work a value out of several means (`of_means`), but two
of binary labels, which need rows of both classes (`of_classes`): of what is true of the rows, `y` `(rows,)`, and what
many models make of them, `outputs`.

Outputs are logits `(models, rows)` for binary labels, logits `(models, rows, classes)` for several classes, whose
labels are 0, 1, 2 and so on, and predictions `(models, rows)` in its own units for a number.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

OWN_UNITS = "units of the target"


@dataclass(frozen=True)
class Metric:
    """One score of a trained network.

    `equivalence` is the half-width of its region of equivalence, on a table of two equal classes unless
    `Head.with_equivalence` has made it that of another table: smaller differences do not matter in practice.
    """

    name: str  # as in Keras, or else in scikit-learn
    label: str
    unit: str
    higher_is_better: bool
    columns: tuple[str, ...]  # where the replicates hold the sums over the rows of a block that it is made of
    equivalence: float = 0.01
    of_classes: Callable[[np.ndarray, np.ndarray], np.ndarray] | None = None  # of labels and logits, `(models,)`
    of_means: Callable[..., np.ndarray] | None = None  # of the means of its `columns` over rows, one argument each
    is_counted: bool = False  # made of rows, or pairs of rows, that are right or wrong
    short: str = ""  # a label for sentences

    @property
    def needs_both_classes(self) -> bool:
        """Whether it is no function of sums: its "sum" over a block is its value there times the rows."""
        return self.of_classes is not None

    @property
    def block_column(self) -> str:
        """The first of its columns, which says whether a block was scored."""
        return self.columns[0]

    @property
    def in_own_units(self) -> bool:
        """Whether it is in the units of the target, whose figures may be of any size."""
        return self.unit == OWN_UNITS

    @property
    def in_words(self) -> str:
        """Its label in sentences."""
        return self.short or self.label

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

    def value(self, means: Sequence) -> np.ndarray:
        """Return its value from the means of its `columns` over some rows."""
        return self.of_means(*means) if self.of_means else means[0]

    def gradient(self, means: Sequence[float]) -> np.ndarray:
        """Return how its value changes with each of the means, to the last digit.

        By complex steps: W. Squire and G. Trapp, "Using complex variables to estimate derivatives of real functions",
        SIAM Review 40 (1998), 110-112.
        """
        point = np.asarray(means, float)
        sizes = np.where(point == 0, 1.0, np.abs(point)) * 1e-30
        steps = point + 1j * np.diag(sizes)
        return np.array([float(np.imag(self.value(list(step)))) for step in steps]) / sizes


def right(y: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """Whether the binary label is predicted: a logit above 0 says 1, as in Keras."""
    return (logits > 0) == (y > 0.5)


def crossentropy(y: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """The binary cross-entropy, in nats."""
    logits = logits.astype(float)
    # log(1 + exp(x)) - y x, in a form that does not overflow
    return np.maximum(logits, 0) - y * logits + np.log1p(np.exp(-np.abs(logits)))


def squared_error_of_probability(y: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """What a row of binary labels adds to the Brier score."""
    return (y - 1 / (1 + np.exp(-logits.astype(float)))) ** 2


def _balanced_accuracy(y: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """The mean of the shares of correct predictions among the rows of each class."""
    is_1, correct = y > 0.5, right(y, logits)
    return (correct[:, is_1].mean(axis=1) + correct[:, ~is_1].mean(axis=1)) / 2


def _roc_auc(y: np.ndarray, logits: np.ndarray) -> np.ndarray:
    """The share of pairs of a row of each class in which the positive one has the higher logit; ties count half.

    By the ranks of the positive rows (Mann and Whitney 1947).
    """
    from scipy.stats import rankdata

    is_1 = y > 0.5
    n_1, n_0 = int(is_1.sum()), int((~is_1).sum())
    ranks = rankdata(logits, axis=1)[:, is_1].sum(axis=1)
    return (ranks - n_1 * (n_1 + 1) / 2) / (n_1 * n_0)


def _of_each_class(means: tuple, n_columns: int) -> np.ndarray:
    """The means as `(columns, classes)`, where each column stands once for each class."""
    return np.array(means).reshape(n_columns, -1, *np.shape(means[0]))


def _mean_recall(*means) -> np.ndarray:
    """Balanced accuracy: the mean over classes of the share of their rows that are recognized."""
    recognized, of_class = _of_each_class(means, 2)
    return (recognized / of_class).mean(axis=0)


def _macro_f1(*means) -> np.ndarray:
    """The mean over classes of the harmonic mean of precision and recall, as scikit-learn's `f1_score(macro)`.

    NaN where a class is missing.
    """
    recognized, of_class, predicted = _of_each_class(means, 3)
    return np.where(np.real(of_class) > 0, 2 * recognized / (of_class + predicted), np.nan).mean(axis=0)


def _explained(squared_error, spread) -> np.ndarray:
    """R², the share of the variance that is explained; NaN where there is none."""
    return np.where(np.real(spread) > 0, 1 - squared_error / spread, np.nan)


ACCURACY = Metric("accuracy", "test accuracy", "share of rows", True, ("right",), is_counted=True)
BINARY_CROSSENTROPY = Metric(
    "binary_crossentropy", "test loss without penalty", "nats per row", False, ("loss",), 0.02, short="test loss"
)
BRIER = Metric("brier", "test Brier score", "squared error of the probability", False, ("squared_error",), 0.005)
BALANCED_ACCURACY = Metric(
    "balanced_accuracy",
    "test balanced accuracy",
    "mean of the two classes' shares of rows",
    True,
    ("balanced",),
    of_classes=_balanced_accuracy,
    is_counted=True,
)
ROC_AUC = Metric(
    "roc_auc",
    "test ROC AUC",
    "share of pairs of a row of each class",
    True,
    ("auc",),
    of_classes=_roc_auc,
    is_counted=True,
)
CATEGORICAL_CROSSENTROPY = replace(BINARY_CROSSENTROPY, name="categorical_crossentropy")
MACRO_F1 = Metric("macro_f1", "test macro F1", "mean of the classes' F1", True, (), of_means=_macro_f1, is_counted=True)
RMSE = Metric("rmse", "test RMSE", OWN_UNITS, False, ("squared_error",), 0.02, of_means=np.sqrt)
MAE = Metric("mae", "test MAE", OWN_UNITS, False, ("error",), 0.02)
R2 = Metric(
    "r2",
    "test R²",
    "share of the variance",
    True,
    ("squared_error", "spread"),
    0.02,
    of_means=_explained,
)

OF_BINARY = {metric.name: metric for metric in (ACCURACY, BINARY_CROSSENTROPY, BRIER, BALANCED_ACCURACY, ROC_AUC)}
OF_NUMBER = {metric.name: metric for metric in (RMSE, MAE, R2)}
OF_CLASSES = {metric.name: metric for metric in (CATEGORICAL_CROSSENTROPY, MACRO_F1)}
METRICS = OF_BINARY | OF_CLASSES | OF_NUMBER  # by name
LOSSES = (BINARY_CROSSENTROPY.name, CATEGORICAL_CROSSENTROPY.name, RMSE.name)  # which decide, one for each task


def metrics_of_classes(n_classes: int) -> dict[str, Metric]:
    """The metrics of a table of so many classes; the limits of their regions of equivalence as for binary labels."""
    columns = {name: tuple(f"{name}_{label}" for label in range(n_classes)) for name in ("right", "class", "predicted")}
    recall = columns["right"] + columns["class"]
    chance = 2 * (1 - 1 / n_classes)  # what there is to gain over a guess, as a multiple of that with two classes
    metrics = (
        ACCURACY,
        CATEGORICAL_CROSSENTROPY,
        replace(BRIER, unit="squared errors of the probabilities, summed over classes", equivalence=0.01),
        replace(
            BALANCED_ACCURACY,
            unit="mean of the classes' shares of rows",
            columns=recall,
            of_classes=None,
            of_means=_mean_recall,
            equivalence=0.01 * chance,
        ),
        replace(MACRO_F1, columns=recall + columns["predicted"], equivalence=0.01 * chance),
    )
    return {metric.name: metric for metric in metrics}
