"""The scores by which variants are compared: what each is called, where it stands, which way is better."""

from collections.abc import Mapping
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Metric:
    """One score of a trained network.

    `equivalence` is the half-width of its region of equivalence: a smaller difference makes none in practice.
    """

    name: str  # as in Keras, or else in scikit-learn
    label: str
    unit: str
    higher_is_better: bool
    equivalence: float
    block_column: str  # where the replicates hold its sum over the rows of a block
    is_counted: bool = False  # made of rows, or pairs of rows, that are right or wrong
    needs_both_classes: bool = False  # no mean over rows: its "sum" over a block is its value there times the rows

    @property
    def column(self) -> str:
        """Where the replicates hold it for the test rows."""
        return f"test_{self.name}"

    @property
    def validation_column(self) -> str:
        """Where the replicates hold it for the validation rows."""
        return f"val_{self.name}"

    @property
    def sign(self) -> int:
        """What a difference is multiplied by so that above 0 is better."""
        return 1 if self.higher_is_better else -1


ACCURACY = Metric(
    "accuracy",
    "test accuracy",
    "share of rows",
    higher_is_better=True,
    equivalence=0.01,
    block_column="right",
    is_counted=True,
)
BINARY_CROSSENTROPY = Metric(
    "binary_crossentropy",
    "test loss without penalty",
    "nats per row",
    higher_is_better=False,
    equivalence=0.02,
    block_column="loss",
)
BRIER = Metric(
    "brier",
    "test Brier score",
    "squared error of the probability",
    higher_is_better=False,
    equivalence=0.005,
    block_column="squared_error",
)
BALANCED_ACCURACY = Metric(
    "balanced_accuracy",
    "test balanced accuracy",
    "mean of the two classes' shares of rows",
    higher_is_better=True,
    equivalence=0.01,
    block_column="balanced",
    is_counted=True,
    needs_both_classes=True,
)
ROC_AUC = Metric(
    "roc_auc",
    "test ROC AUC",
    "share of pairs of a row of each class",
    higher_is_better=True,
    equivalence=0.01,
    block_column="auc",
    is_counted=True,
    needs_both_classes=True,
)
METRICS = {metric.name: metric for metric in (ACCURACY, BINARY_CROSSENTROPY, BRIER, BALANCED_ACCURACY, ROC_AUC)}
SMALL_MINORITY = 0.2  # below this share of the rows, whoever names the larger class alone looks good by accuracy


def metrics_with(equivalence: Mapping[str, float]) -> dict[str, Metric]:
    """`METRICS` with the regions of equivalence of params.yaml, by the metrics' names."""
    return {name: replace(metric, equivalence=equivalence[name]) for name, metric in METRICS.items()}


def leading_metrics(minority_share: float) -> tuple[str, ...]:
    """The metrics that what is told to people begins with, for a table whose smaller class has that share of the rows.

    Accuracy and the loss; where one class is small, balanced accuracy and ROC AUC in place of accuracy.
    """
    if minority_share < SMALL_MINORITY:
        return BALANCED_ACCURACY.name, ROC_AUC.name, BINARY_CROSSENTROPY.name
    return ACCURACY.name, BINARY_CROSSENTROPY.name
