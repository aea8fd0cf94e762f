"""The head of several classes, 0, 1, 2 and so on: a softmax unit for each."""

import numpy as np
import pandas as pd

from regularization.heads import metrics as formulas
from regularization.heads.head import CLIP, SMALL_MINORITY, Head, counted_equivalence, expected_calibration_error
from regularization.heads.metrics import ACCURACY, BALANCED_ACCURACY, MACRO_F1


class Classes(Head):
    """Several classes, 0 to `n_classes` - 1; outputs are logits of each, as the last axis."""

    task, activation = "classes", "softmax"
    keras_loss = curve_loss = "categorical_crossentropy"
    curve_score = "accuracy"
    loss = formulas.CATEGORICAL_CROSSENTROPY
    shown_of_training = ACCURACY.name, formulas.CATEGORICAL_CROSSENTROPY.name, formulas.BRIER.name
    shown_of_test = BALANCED_ACCURACY.name, MACRO_F1.name
    constant = "always predicting the majority class"
    predicted_column = "test_predicted_alone"

    def __init__(self, n_classes: int) -> None:
        self.n_classes = self.units = n_classes
        self.metrics = formulas.metrics_of_classes(n_classes)

    def facts(self, y):
        return {f"class_{label}": (np.asarray(y) == label).astype(int) for label in range(self.n_classes)}

    def score_rows(self, y, outputs):
        logits = outputs.astype(float)
        shifted = logits - logits.max(axis=-1, keepdims=True)
        parts = np.exp(shifted)
        totals, labels = parts.sum(axis=-1), np.asarray(y, int)
        of_label = np.take_along_axis(shifted, labels[None, :, None], axis=-1)[..., 0]
        probability, predicted = parts / totals[..., None], outputs.argmax(axis=-1)
        of_true = np.take_along_axis(probability, labels[None, :, None], axis=-1)[..., 0]
        scores = {
            "right": predicted == labels,
            "loss": np.log(totals) - of_label,
            "squared_error": (probability**2).sum(axis=-1) - 2 * of_true + 1,
        }
        for label in range(self.n_classes):
            scores[f"right_{label}"] = (predicted == label) & (labels == label)
        for label in range(self.n_classes):
            scores[f"predicted_{label}"] = predicted == label
        return scores

    def constant_sums(self, facts, rows, seen):
        counts = np.stack([facts[f"class_{label}"] for label in range(self.n_classes)], axis=-1)  # (blocks, classes)
        of_seen = np.maximum(seen @ counts, 0.5)
        share = of_seen / of_seen.sum(axis=1, keepdims=True)  # (splits, classes)
        predicted = np.eye(self.n_classes)[share.argmax(axis=1)]
        sums = {
            "right": predicted @ counts.T,
            "loss": -np.log(share) @ counts.T,
            "squared_error": (1 + (share**2).sum(axis=1))[:, None] * rows - 2 * share @ counts.T,
        }
        for label in range(self.n_classes):
            sums[f"right_{label}"] = predicted[:, [label]] * counts[:, label]
            sums[f"predicted_{label}"] = predicted[:, [label]] * rows
        return sums

    def outputs_of(self, predicted):
        return np.log(np.clip(predicted, CLIP, 1))

    def predicted(self, outputs):
        """The class that it predicts for all rows, -1 where there are several."""
        predicted = outputs.argmax(axis=-1)
        return float(predicted[0]) if (predicted == predicted[0]).all() else -1.0

    def only_class(self, predicted):
        return predicted.where(predicted >= 0)

    def calibration_error(self, y, outputs):
        """Of the class that it predicts: its probability, and whether it is right (Guo and others 2017)."""
        probability = np.exp(outputs.astype(float) - outputs.max(axis=-1, keepdims=True))
        highest = 1 / probability.sum(axis=-1)
        return expected_calibration_error((outputs.argmax(axis=-1) == y).astype(float), highest)

    def picture_sums(self, y, outputs, all_y):  # noqa: ARG002
        """The confusion matrix, row after row: how many rows of each class are predicted as each class."""
        cells = np.asarray(y, int) * self.n_classes + outputs.argmax(axis=-1)
        return np.bincount(cells, minlength=self.n_classes**2)[:, None]

    def picture_table(self, sums):
        labels = np.arange(self.n_classes)
        true, predicted = np.repeat(labels, self.n_classes), np.tile(labels, self.n_classes)
        return pd.DataFrame({"true": true, "predicted": predicted, "rows": sums[:, 0].astype(int)})

    def describe(self, y, parts, labels):
        return {
            "shares_of_classes": {
                part: {label: round(float(np.mean(y[rows] == number)), 4) for number, label in enumerate(labels)}
                for part, rows in parts.items()
            }
        }

    def equivalence(self, metric, data):
        share = np.array(list(data["shares_of_classes"]["all"].values()))
        share = np.clip(share, 1e-6, None) / np.clip(share, 1e-6, None).sum()
        if metric.name == ACCURACY.name:
            return counted_equivalence(metric, 1 - share.max())
        if metric.name == self.loss.name:
            return metric.equivalence * float(-(share * np.log(share)).sum()) / np.log(2)
        if metric.name == formulas.BRIER.name:
            return metric.equivalence * float(1 - (share**2).sum()) / 0.5
        return metric.equivalence

    def minority(self, data):
        return min(data["shares_of_classes"]["all"].values())

    def leading(self, minority):
        if minority * self.n_classes / 2 < SMALL_MINORITY:
            return BALANCED_ACCURACY.name, MACRO_F1.name, self.loss.name
        return ACCURACY.name, self.loss.name
