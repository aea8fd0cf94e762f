"""The head of two classes, 0 and 1: one sigmoid unit."""

import numpy as np

from regularization.heads import metrics as formulas
from regularization.heads.head import (
    BINS,
    CLIP,
    SMALL_MINORITY,
    Head,
    bins_of,
    counted_equivalence,
    expected_calibration_error,
)
from regularization.heads.metrics import ACCURACY, BALANCED_ACCURACY, ROC_AUC, Metric


class Binary(Head):
    """Two classes, 0 and 1; outputs are logits."""

    task, n_classes, units = "binary", 2, 1
    activation, keras_loss = "sigmoid", "binary_crossentropy"
    curve_loss, curve_score = "binary_crossentropy", "accuracy"
    loss, metrics = formulas.BINARY_CROSSENTROPY, formulas.OF_BINARY
    shown_of_training = ACCURACY.name, formulas.BINARY_CROSSENTROPY.name, formulas.BRIER.name
    shown_of_test = BALANCED_ACCURACY.name, ROC_AUC.name
    constant = "always predicting the majority class"
    predicted_column = "test_predicted_1"
    bin_columns = "mean_probability", "share_of_class_1"

    def facts(self, y):
        return {"class_1": np.asarray(y)}

    def score_rows(self, y, outputs):
        return {
            "right": formulas.right(y, outputs),
            "loss": formulas.crossentropy(y, outputs),
            "squared_error": formulas.squared_error_of_probability(y, outputs),
        }

    def constant_sums(self, facts, rows, seen):
        positive = facts["class_1"]
        share = clipped_share(seen @ positive, seen @ rows)[:, None]
        return {
            "right": np.where(share > 0.5, positive, rows - positive),
            "loss": -(positive * np.log(share) + (rows - positive) * np.log1p(-share)),
            "squared_error": positive * (1 - share) ** 2 + (rows - positive) * share**2,
            "balanced": np.broadcast_to(0.5 * rows, seen.shape),  # by chance: the same prediction for every row
            "auc": np.broadcast_to(0.5 * rows, seen.shape),
        }

    def outputs_of(self, predicted):
        predicted = np.clip(predicted, CLIP, 1 - CLIP)
        return np.log(predicted / (1 - predicted))

    def predicted(self, outputs):
        """The share of rows that it calls class 1."""
        return float((outputs > 0).mean())

    def only_class(self, predicted):
        return predicted.where(predicted.isin([0, 1]))

    def calibration_error(self, y, outputs):
        return expected_calibration_error(y, self.probability(outputs))

    def picture_sums(self, y, outputs, all_y):  # noqa: ARG002
        probability = self.probability(outputs)
        bins = bins_of(probability)
        return np.stack([np.bincount(bins, weights, minlength=BINS) for weights in (None, probability, y)], axis=1)

    @staticmethod
    def probability(outputs: np.ndarray) -> np.ndarray:
        """Of class 1."""
        return 1 / (1 + np.exp(-outputs.astype(float)))

    def describe(self, y, parts, labels):  # noqa: ARG002
        return {"share_of_class_1": {part: round(float(y[rows].mean()), 4) for part, rows in parts.items()}}

    def equivalence(self, metric, data):
        minority = self.minority(data)
        if metric.needs_both_classes:
            return metric.equivalence
        if metric.is_counted:
            return counted_equivalence(metric, minority)
        scores = [self._of_shares(metric, share) for share in (max(minority, 1e-6), 0.5)]
        return metric.equivalence * (scores[0] / scores[1])

    def _of_shares(self, metric: Metric, share: float) -> float:
        """The score of the constant predictor where a share of the rows is of class 1."""
        if metric is self.loss or metric.name == self.loss.name:
            return float(-(share * np.log(share) + (1 - share) * np.log1p(-share)))
        return float(share * (1 - share) ** 2 + (1 - share) * share**2)

    def minority(self, data):
        share = data["share_of_class_1"]["all"]
        return min(share, 1 - share)

    def leading(self, minority):
        if minority < SMALL_MINORITY:
            return BALANCED_ACCURACY.name, ROC_AUC.name, formulas.BINARY_CROSSENTROPY.name
        return ACCURACY.name, formulas.BINARY_CROSSENTROPY.name


def clipped_share(positive: np.ndarray | float, rows: np.ndarray | float):
    """The share of the positive class among the rows trained on, half a row away from 0 and 1 at least.

    It is the probability that the constant predictor gives to every row.
    """
    return np.clip(positive / rows, 0.5 / rows, 1 - 0.5 / rows)
