"""The head of a number: one linear unit, trained on the standardized target."""

import numpy as np

from regularization.heads import metrics as formulas
from regularization.heads.head import BINS, Head
from regularization.heads.metrics import MAE, R2, RMSE


class Number(Head):
    """A number; outputs are in its own units."""

    task, n_classes, units, activation = "number", 0, 1, "linear"
    keras_loss = curve_loss = "mean_squared_error"
    curve_score = "mean_absolute_error"
    loss, metrics = RMSE, formulas.OF_NUMBER
    rate, rate_column = R2.name, MAE.columns[0]
    shown_of_training = R2.name, RMSE.name, MAE.name
    shown_of_test = (MAE.name,)
    constant_key = "mean_on_test_rows"
    constant = "always predicting the mean of the training rows"
    predicted_column = "test_predicted_sd"
    bin_columns = "mean_predicted", "mean_true"

    @property
    def shown_of_model(self):
        return {metric.name: metric.label for metric in (R2, RMSE)}

    def constant_of_model(self, scores):
        return [scores.get(name, np.nan) for name in self.shown_of_model]

    def facts(self, y):
        """`target` sums to 0, and `spread` to the squares about the mean."""
        away = np.asarray(y, float) - np.mean(y)
        away = away if np.ptp(y) else 0 * away  # of a constant, what rounding leaves is no spread
        return {"target": away, "spread": away**2}

    def score_rows(self, y, outputs):
        away = outputs.astype(float) - y
        return {"squared_error": away**2, "error": np.abs(away)}

    def constant_sums(self, facts, rows, seen):
        """Of the squared error alone; about `m` it is the sum of `(y - m)**2 = spread - 2 m target + m**2 rows`."""
        m = ((seen @ facts["target"]) / (seen @ rows))[:, None]
        return {"squared_error": facts["spread"] - 2 * m * facts["target"] + m**2 * rows}

    def constant_scores(self, y_train, y):
        mean = np.full((1, len(y)), np.mean(y_train))
        scores = {name: float(values[0]) for name, values in self.scores(y, mean).items()}
        return {name: value for name, value in scores.items() if np.isfinite(value)}

    def predicted(self, outputs):
        """The spread of what it predicts."""
        return float(outputs.std())

    def only_class(self, predicted):
        return predicted.where(predicted < 0)  # never

    def picture_sums(self, y, outputs, all_y):
        """Bins have the tenths of the table's own values as their limits."""
        bins = np.searchsorted(np.quantile(all_y, np.arange(1, BINS) / BINS), outputs)
        return np.stack([np.bincount(bins, weights, minlength=BINS) for weights in (None, outputs, y)], axis=1)

    def describe(self, y, parts, labels):  # noqa: ARG002
        figures = {
            "mean": np.mean,
            "sd": np.std,
            "mean_deviation": lambda values: np.abs(values - values.mean()).mean(),
        }
        return {
            "target": {
                name: {part: float(figure(y[rows])) for part, rows in parts.items()} for name, figure in figures.items()
            }
        }

    def equivalence(self, metric, data):
        unit = {RMSE.name: "sd", MAE.name: "mean_deviation"}.get(metric.name)
        return metric.equivalence * (data["target"][unit]["all"] if unit else 1)

    def minority(self, data):  # noqa: ARG002
        return 1.0

    def leading(self, minority):  # noqa: ARG002
        return R2.name, RMSE.name
