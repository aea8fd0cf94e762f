"""Evaluation of a trained network: its scores on every part of the split, and figures of its weights."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from sklearn.metrics import accuracy_score, balanced_accuracy_score, brier_score_loss, log_loss, roc_auc_score

from regularization.errors import InputError
from regularization.heads import Head
from regularization.heads.head import CLIP, expected_calibration_error
from regularization.table import Arrays

if TYPE_CHECKING:  # the scores of models that are no networks need no TensorFlow
    import keras

NEAR_ZERO = 1e-3
PARTS = {"train": "train", "validation": "val", "test": "test"}  # the part's name, and its suffix in `Arrays`


def evaluate_model(model: keras.Sequential, arrays: Arrays, head: Head) -> dict[str, dict[str, float]]:
    """By part (train, validation, test), the scores of the trained `model`, dropout off.

    `loss` is Keras' own, with the penalties. The other scores are without them and compare between models: those of
    `score_predictions`, a number's in its own units. Raises `InputError` where one is not finite.
    """
    measured = {}
    for part, suffix in PARTS.items():
        X, y = getattr(arrays, f"X_{suffix}"), getattr(arrays, f"y_{suffix}")
        predicted = predictions(model, X)
        lost = ~np.isfinite(predicted.reshape(len(y), -1)).all(axis=1)
        if lost.any():
            raise InputError(
                f"the network's predictions for {np.count_nonzero(lost)} of {len(y)} {part} rows are not finite "
                "numbers; lower learning_rate, or mend rows with huge values"
            )
        scores = score_predictions(arrays.restored(y), arrays.restored(predicted), head)
        penalty, loss = float(sum(model.losses)), scores[head.loss.name]
        if not head.n_classes:
            loss = float(((predicted - y) ** 2).mean())  # of the standardized number
        measured[part] = {"loss": loss + penalty} | scores
    return measured


def predictions(model: keras.Sequential, X: np.ndarray) -> np.ndarray:
    """What the model makes of the rows `X` `(rows, features)`, dropout off.

    The probability of class 1 `(rows,)`, of several classes their logits `(rows, classes)`, whose softmax differs in
    the last bits from processor to processor, or a standardized number `(rows,)`.
    """
    import keras

    last = model.layers[-1]
    activation, is_softmax = last.activation, last.units > 1
    if is_softmax:
        last.activation = keras.activations.linear
    outputs = model(X.astype(np.float32), training=False).numpy()
    last.activation = activation
    return outputs if is_softmax else outputs.ravel()


def headline_metrics(model: keras.Sequential, arrays: Arrays, head: Head) -> dict:
    """What metrics/<name>.json holds of a headline model: its scores on each part, and how far training looks better.

    Scores beside the two leading ones stand there for the test rows alone; of binary labels, those that need both
    classes, where the rows are of both. `generalization_gap` is the accuracy, or the R² of a number, on the training
    rows minus that on the test rows.
    """
    names = ("loss", head.rate, head.loss.name)
    scores = evaluate_model(model, arrays, head)
    metrics = {
        part: {name: scores[part][name] for name in names if name in scores[part]}
        for part in ("test", "validation", "train")
    }
    metrics["test"] |= {name: scores["test"][name] for name in head.shown_of_test if name in scores["test"]}
    if head.rate not in scores["train"].keys() & scores["test"].keys():
        return metrics
    return metrics | {"generalization_gap": scores["train"][head.rate] - scores["test"][head.rate]}


def score_predictions(y: np.ndarray, predicted: np.ndarray, head: Head) -> dict[str, float]:
    """The head's metrics of the rows, and of classes the calibration error; those that are not defined are left out.

    `y` is `(rows,)`; `predicted` is as `predictions` gives it, a number in its own units. Accuracy counts a probability
    above 0.5 as class 1, as Keras does.
    """
    if head.n_classes != 2:
        by_name = {name: float(values[0]) for name, values in head.scores(y, predicted[None]).items()}
        by_name |= {"ece": head.calibration_error(y, predicted)}
        return {name: value for name, value in by_name.items() if np.isfinite(value)}
    clipped = np.clip(predicted.astype(float), CLIP, 1 - CLIP)
    scores = {
        "accuracy": float(accuracy_score(y, predicted > 0.5)),
        "binary_crossentropy": float(log_loss(y, clipped, labels=[0, 1])),
        "brier": float(brier_score_loss(y, clipped, pos_label=1)),
        "ece": expected_calibration_error(y, predicted),
    }
    if 0 < np.sum(y) < len(y):
        scores["balanced_accuracy"] = float(balanced_accuracy_score(y, predicted > 0.5))
        scores["roc_auc"] = float(roc_auc_score(y, predicted))
    return scores


def describe_kernels(kernels: Sequence[np.ndarray]) -> dict[str, float]:
    """Share of the kernels' weights below 0.001 in size, and the Euclidean norm of all of them together."""
    weights = np.concatenate([kernel.ravel() for kernel in kernels])
    return {
        "near_zero_weights": float(np.mean(np.abs(weights) < NEAR_ZERO)),
        "weight_norm": math.sqrt(math.fsum(weights.astype(float) ** 2)),  # exact: BLAS sums in an order of its own
    }
