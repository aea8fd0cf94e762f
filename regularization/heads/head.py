"""What all heads have in common, and what the two heads of classes share."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from regularization.heads.metrics import ACCURACY, Metric

SMALL_MINORITY = 0.2  # below this share of the rows, always predicting the majority class looks good by accuracy
BINS = 10  # of the reliability diagram, and of the picture of predicted against true numbers
CLIP = 1e-7  # Keras keeps probabilities this far from 0 and 1 before it takes their logarithm


class Head:
    """What the heads have in common; `n_classes` is 0 for a number."""

    task: str
    n_classes: int
    units: int  # of the last layer
    activation: str
    keras_loss: str
    curve_loss: str  # the loss without penalties and the score of each epoch, as Keras names them
    curve_score: str
    loss: Metric  # the one that decides
    rate = ACCURACY.name  # the one that stands beside it
    rate_column = ACCURACY.columns[0]  # what rows add to the score that a sweep shows beside the loss
    shown_of_training: tuple[str, ...]  # in the metrics of the recommended model
    shown_of_test: tuple[str, ...]  # the others in the metrics of a headline model
    metrics: dict[str, Metric]
    constant: str  # the constant predictor, in words
    constant_key = "majority_class_on_test_rows"  # of metrics/data.json: its scores
    predicted_column: str
    bin_columns: tuple[str, str]  # of the table that pictures predictions by bins

    @property
    def loss_in_words(self) -> str:
        """What the networks are trained on: `binary cross-entropy`."""
        return self.keras_loss.replace("_", " ").replace("crossentropy", "cross-entropy")

    @property
    def curves(self) -> dict[str, str]:
        """The curves of each training, as `data.curves` of params.yaml names them."""
        return {"loss": self.curve_loss, "score": self.curve_score}

    @property
    def shown_of_model(self) -> dict[str, str]:
        """The test scores that tables of the headline models show, with their headings."""
        return {self.rate: f"test {self.rate}", "loss": "test loss", self.loss.name: "without penalty"}

    def constant_of_model(self, scores: Mapping[str, float]) -> list[float]:
        """The same scores of the constant predictor, which has no penalty."""
        return [scores[self.rate], scores[self.loss.name], scores[self.loss.name]]

    @property
    def columns(self) -> list[str]:
        """The columns of block sums that its metrics are made of, each once; facts of the rows are not among them."""
        facts = set(self.facts(np.zeros(1)))
        columns = dict.fromkeys(name for metric in self.metrics.values() for name in metric.columns)
        return [name for name in columns if name not in facts]

    def facts(self, y: np.ndarray) -> dict[str, np.ndarray]:
        """Of each row, what metrics need beside scores, and what tells tables apart: `(rows,)` by name."""
        raise NotImplementedError

    def score_rows(self, y: np.ndarray, outputs: np.ndarray) -> dict[str, np.ndarray]:
        """What each row adds to the sums that metrics are made of, `(models, rows)` by column."""
        raise NotImplementedError

    def scores(self, y: np.ndarray, outputs: np.ndarray) -> dict[str, np.ndarray]:
        """The metrics `(models,)` of some rows; NaN where a metric needs a class, or a spread, that these lack."""
        return self.scores_of_sums(y, self.score_rows(y, outputs)) | self.scores_of_classes(y, outputs)

    def scores_of_sums(self, y: np.ndarray, rows: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The metrics `(models,)` that are made of sums over some rows, whose `score_rows` are given."""
        means = {name: values.mean(axis=-1) for name, values in rows.items()}
        means |= {name: np.asarray(values.mean()) for name, values in self.facts(y).items()}
        with np.errstate(invalid="ignore", divide="ignore"):
            return {
                name: metric.value(np.broadcast_arrays(*(means[column] for column in metric.columns)))
                for name, metric in self.metrics.items()
                if not metric.needs_both_classes
            }

    def scores_of_classes(self, y: np.ndarray, outputs: np.ndarray) -> dict[str, np.ndarray]:
        """The metrics `(models,)` that need rows of both classes; NaN where one is missing."""
        both = 0 < np.count_nonzero(y > 0.5) < len(y)
        return {
            name: metric.of_classes(y, outputs) if both else np.full(len(outputs), np.nan)
            for name, metric in self.metrics.items()
            if metric.of_classes
        }

    def constant_sums(self, facts: Mapping[str, np.ndarray], rows: np.ndarray, seen: np.ndarray) -> dict:
        """The sums over blocks by column, `(splits, blocks)`, of the constant predictor; of some metrics at least.

        `facts` and `rows` are those of the blocks, `(blocks,)`; `seen` `(splits, blocks)` says which were trained on.
        """
        raise NotImplementedError

    def outputs_of(self, predicted: np.ndarray) -> np.ndarray:
        """Outputs from the probabilities or the numbers that another model predicts."""
        return predicted

    def predicted(self, outputs: np.ndarray) -> float:
        """What the `predicted_column` holds of one model: by it, `only_class` tells who predicts one class alone."""
        raise NotImplementedError

    def only_class(self, predicted: pd.Series) -> pd.Series:
        """The one class that each training predicts for all its test rows; NaN where there are several, or numbers."""
        raise NotImplementedError

    def calibration_error(self, y: np.ndarray, outputs: np.ndarray) -> float:  # noqa: ARG002
        """The expected calibration error of one model; NaN of a number."""
        return np.nan

    def picture_sums(self, y: np.ndarray, outputs: np.ndarray, all_y: np.ndarray) -> np.ndarray:
        """By bin of what one model predicts: rows, the sum of what it predicts, and of what is true: `(bins, 3)`."""
        raise NotImplementedError

    def picture_table(self, sums: np.ndarray) -> pd.DataFrame:
        """The bins, from 1, out of the sums of all trainings: rows, and the means of what is predicted and true."""
        filled = np.where(sums[:, 0] > 0, sums[:, 0], np.nan)
        columns = dict(zip(self.bin_columns, (sums[:, 1:] / filled[:, None]).T, strict=True))
        return pd.DataFrame({"bin": np.arange(1, len(sums) + 1), "rows": sums[:, 0].astype(int)} | columns)

    def describe(self, y: np.ndarray, parts: Mapping[str, np.ndarray], labels: Sequence[str]) -> dict:
        """What metrics/data.json says of the target, in all rows and in each of the `parts`."""
        raise NotImplementedError

    def constant_scores(self, y_train: np.ndarray, y: np.ndarray) -> dict[str, float]:
        """The scores on the rows `y` of the constant predictor of the training rows."""
        rows, facts = np.array([len(y_train), len(y)]), {}
        for name in self.facts(y):
            facts[name] = np.array([self.facts(part)[name].sum() for part in (y_train, y)])
        sums = self.constant_sums(facts, rows, np.array([[True, False]])) | facts
        scores = {}
        for name in (self.rate, self.loss.name):
            metric = self.metrics[name]
            means = [float(np.broadcast_to(sums[column], (1, 2))[0, 1]) / len(y) for column in metric.columns]
            scores[name] = float(metric.value(means))
        return scores

    def minority(self, data: Mapping) -> float:
        """The share of the smallest class in the table that metrics/data.json describes; 1 for a number."""
        raise NotImplementedError

    def leading(self, minority: float) -> tuple[str, ...]:
        """The metrics that reports begin with, the one that decides last, where the smallest class has that share."""
        raise NotImplementedError

    def equivalence(self, metric: Metric, data: Mapping) -> float:
        """The half-width of a metric's region of equivalence on the table that `data` (metrics/data.json) describes."""
        raise NotImplementedError

    def with_equivalence(self, fixed: Mapping[str, float | None], data: Mapping) -> dict[str, Metric]:
        """The metrics with their regions of equivalence on a table; those that are `fixed`, by name, as they are."""
        widths = {
            name: fixed.get(name) or float(f"{self.equivalence(metric, data):.2g}")
            for name, metric in self.metrics.items()
        }
        return {name: replace(metric, equivalence=widths[name]) for name, metric in self.metrics.items()}


def counted_equivalence(metric: Metric, minority: float) -> float:
    """Of a share of rows: less where all but so few rows are of one class, as there is less to gain."""
    return metric.equivalence * min(1.0, minority / SMALL_MINORITY)


def expected_calibration_error(y: np.ndarray, probability: np.ndarray, *, n_bins: int = BINS) -> float:
    """Mean distance between the probability of class 1 and its frequency, over `n_bins` equal bins, weighted by rows.

    `sum_b (n_b / n) * |mean(y_b) - mean(p_b)|`: Naeini, Cooper and Hauskrecht (2015), "Obtaining well calibrated
    probabilities using Bayesian binning", section 3, for the probability of class 1.
    """
    surplus = np.bincount(bins_of(probability, n_bins), weights=y - probability, minlength=n_bins)
    return float(np.abs(surplus).sum() / len(y))


def bins_of(probability: np.ndarray, n_bins: int = BINS) -> np.ndarray:
    """The bin of each probability, from 0, of `n_bins` that are equally wide; the last one holds 1 too."""
    return np.minimum((probability * n_bins).astype(int), n_bins - 1)
