"""Evaluation of a trained network: its scores on every part of the split, and figures of its weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, balanced_accuracy_score, brier_score_loss, log_loss, roc_auc_score

from regularization.errors import InputError
from regularization.metrics import METRICS
from regularization.table import Arrays

if TYPE_CHECKING:  # the scores of models that are no networks need no TensorFlow
    import keras

KERAS_EPSILON = 1e-7  # Keras keeps probabilities this far from 0 and 1 before it takes their logarithm
NEAR_ZERO = 1e-3
CALIBRATION_BINS = 10
CLASS_SCORES = [name for name, metric in METRICS.items() if metric.needs_both_classes]
PARTS = {"train": "train", "validation": "val", "test": "test"}  # the part's name, and its suffix in `Arrays`


def evaluate_model(model: keras.Sequential, arrays: Arrays) -> dict[str, dict[str, float]]:
    """By part (train, validation, test), the scores of the trained `model`, dropout off.

    `loss` is Keras' own, with the penalties. `binary_crossentropy` is without them and compares between models; it,
    `accuracy`, `brier` and `ece` are those of `score_predictions`. Raises `InputError` where one is not finite.
    """
    found = {}
    for part, suffix in PARTS.items():
        X, y = getattr(arrays, f"X_{suffix}"), getattr(arrays, f"y_{suffix}")
        probability = model(X.astype(np.float32), training=False).numpy().ravel()
        if not np.isfinite(probability).all():
            n_lost = np.count_nonzero(~np.isfinite(probability))
            raise InputError(
                f"the network's predictions for {n_lost} of {len(y)} {part} rows are not finite numbers; lower "
                "learning_rate, or mend rows with huge values"
            )
        scores = score_predictions(y, probability)
        penalty = float(sum(model.losses))
        found[part] = {"loss": scores["binary_crossentropy"] + penalty} | scores
    return found


def headline_metrics(model: keras.Sequential, arrays: Arrays) -> dict:
    """What metrics/<name>.json holds of a headline model: its scores on each part, and how far training looks better.

    Balanced accuracy and ROC AUC stand there for the test rows alone, where these are of both classes.
    `generalization_gap` is the accuracy on the training rows minus that on the test rows.
    """
    names = ("loss", "accuracy", "binary_crossentropy")
    scores = evaluate_model(model, arrays)
    shown = {part: {name: scores[part][name] for name in names} for part in ("test", "validation", "train")}
    shown["test"] |= {name: scores["test"][name] for name in CLASS_SCORES if name in scores["test"]}
    return shown | {"generalization_gap": scores["train"]["accuracy"] - scores["test"]["accuracy"]}


def score_predictions(y: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Accuracy, binary cross-entropy (nats), Brier score and calibration error of `probability` of class 1.

    `y` and `probability` are `(rows,)`. Accuracy counts a probability above 0.5 as class 1, as Keras does. Where rows
    of both classes are there, balanced accuracy and ROC AUC come on top.
    """
    clipped = np.clip(probability.astype(float), KERAS_EPSILON, 1 - KERAS_EPSILON)
    scores = {
        "accuracy": float(accuracy_score(y, probability > 0.5)),
        "binary_crossentropy": float(log_loss(y, clipped, labels=[0, 1])),
        "brier": float(brier_score_loss(y, clipped, pos_label=1)),
        "ece": expected_calibration_error(y, probability),
    }
    if 0 < np.sum(y) < len(y):
        scores["balanced_accuracy"] = float(balanced_accuracy_score(y, probability > 0.5))
        scores["roc_auc"] = float(roc_auc_score(y, probability))
    return scores


def expected_calibration_error(y: np.ndarray, probability: np.ndarray, *, n_bins: int = CALIBRATION_BINS) -> float:
    """Mean distance between the probability of class 1 and its frequency, over `n_bins` equal bins, weighted by rows.

    `sum_b (n_b / n) * |mean(y_b) - mean(p_b)|`: Naeini, Cooper and Hauskrecht (2015), "Obtaining well calibrated
    probabilities using Bayesian binning", section 3, for the probability of class 1.
    """
    surplus = np.bincount(_bins(probability, n_bins), weights=y - probability, minlength=n_bins)
    return float(np.abs(surplus).sum() / len(y))


def _bins(probability: np.ndarray, n_bins: int) -> np.ndarray:
    """The bin of each probability, from 0, of `n_bins` that are equally wide; the last one holds 1 too."""
    return np.minimum((probability * n_bins).astype(int), n_bins - 1)


def calibration_sums(y: np.ndarray, probability: np.ndarray, *, n_bins: int = CALIBRATION_BINS) -> np.ndarray:
    """Per bin of the probability of class 1: its rows, the sum of their probabilities, those of class 1; `(bins, 3)`.

    `y` and `probability` are `(rows,)`; the bins are those of `expected_calibration_error`.
    """
    bins = _bins(probability, n_bins)
    return np.stack([np.bincount(bins, weights, minlength=n_bins) for weights in (None, probability, y)], axis=1)


def calibration_table(variant: str, sums: np.ndarray) -> pd.DataFrame:
    """The reliability diagram of a variant, a row per bin, out of `calibration_sums` of trainings `(n, bins, 3)`.

    Columns: variant, bin (from 1), rows, mean_probability, share_of_class_1; the last two are missing in an empty bin.
    The sums over trainings are exact, so that their order changes nothing.
    """
    rows, probabilities, ones = (
        np.array([math.fsum(sums[:, number, column]) for number in range(sums.shape[1])]) for column in range(3)
    )
    filled = np.where(rows > 0, rows, np.nan)
    columns = {"rows": rows.astype(int), "mean_probability": probabilities / filled, "share_of_class_1": ones / filled}
    return pd.DataFrame({"variant": variant, "bin": np.arange(1, len(rows) + 1)} | columns)


def describe_kernels(kernels: Sequence[np.ndarray]) -> dict[str, float]:
    """Share of the kernels' weights below 0.001 in size, and the Euclidean norm of all of them together."""
    weights = np.concatenate([kernel.ravel() for kernel in kernels])
    return {
        "near_zero_weights": float(np.mean(np.abs(weights) < NEAR_ZERO)),
        "weight_norm": math.sqrt(math.fsum(weights.astype(float) ** 2)),  # exact: BLAS sums in an order of its own
    }
