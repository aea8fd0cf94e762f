"""How good predicted probabilities are, and what a trained network's weights look like."""

from collections.abc import Sequence

import numpy as np
from sklearn.metrics import accuracy_score, brier_score_loss, log_loss

KERAS_EPSILON = 1e-7  # Keras keeps probabilities this far from 0 and 1 before it takes their logarithm
NEAR_ZERO = 1e-3


def score_predictions(y: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """Accuracy, binary cross-entropy (nats), Brier score and calibration error of `probability` of class 1.

    `y` and `probability` are `(rows,)`. Accuracy counts a probability above 0.5 as class 1, as Keras does.
    """
    clipped = np.clip(probability.astype(float), KERAS_EPSILON, 1 - KERAS_EPSILON)
    return {
        "accuracy": float(accuracy_score(y, probability > 0.5)),
        "binary_crossentropy": float(log_loss(y, clipped, labels=[0, 1])),
        "brier": float(brier_score_loss(y, clipped, pos_label=1)),
        "ece": expected_calibration_error(y, probability),
    }


def expected_calibration_error(y: np.ndarray, probability: np.ndarray, *, n_bins: int = 10) -> float:
    """Mean distance between the probability of class 1 and its frequency, over `n_bins` equal bins, weighted by rows.

    `sum_b (n_b / n) * |mean(y_b) - mean(p_b)|`: Naeini, Cooper and Hauskrecht (2015), "Obtaining well calibrated
    probabilities using Bayesian binning", section 3, for the probability of class 1.
    """
    bins = np.minimum((probability * n_bins).astype(int), n_bins - 1)
    surplus = np.bincount(bins, weights=y - probability, minlength=n_bins)
    return float(np.abs(surplus).sum() / len(y))


def describe_kernels(kernels: Sequence[np.ndarray]) -> dict[str, float]:
    """Share of the kernels' weights below 0.001 in size, and the Euclidean norm of all of them together."""
    weights = np.concatenate([kernel.ravel() for kernel in kernels])
    return {
        "near_zero_weights": float(np.mean(np.abs(weights) < NEAR_ZERO)),
        "weight_norm": float(np.linalg.norm(weights)),
    }
