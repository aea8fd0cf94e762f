"""What the models of a population learn from, and all of it as one table for the program."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import tensorflow as tf


class Dataset(NamedTuple):
    """What a model learns from: features `(rows, features)` and labels or numbers `(rows,)`.

    Labels are 0 and 1, or 0, 1, 2 and so on; of several classes they may be one-hot, `(rows, classes)`.
    """

    X_train: np.ndarray
    y_train: np.ndarray
    X_val: np.ndarray
    y_val: np.ndarray


def class_numbers(y: np.ndarray) -> np.ndarray:
    """Labels, or numbers, `(rows,)`; one-hot labels by the number of their class."""
    y = np.asarray(y)
    return y.argmax(axis=1) if y.ndim == 2 and y.shape[1] > 1 else y.reshape(-1)


def stack_rows(datasets: Sequence[Dataset]) -> tuple[tf.Tensor, dict[str, Sequence[int]]]:
    """All rows, one after another, label last, `(rows, features + 1)`, and where each model's begin.

    Rows that models share stand there once. Rows of zeros, one at least, fill the table up to the next power of two, so
    that one compiled program serves tables of many lengths; the last of them fills short batches. A tensor: an array
    would be copied in each call of the program.
    """
    different = {id(data): data for data in datasets}
    n_rows = sum(len(data.X_train) + len(data.X_val) for data in different.values())
    table = np.zeros((1 << n_rows.bit_length(), np.shape(datasets[0].X_train)[1] + 1), np.float32)
    firsts, end = {}, 0
    for name, data in different.items():
        firsts[name] = (end, end + len(data.X_train))
        for X, y in ((data.X_train, data.y_train), (data.X_val, data.y_val)):
            rows = table[end : end + len(X)]
            rows[:, :-1], rows[:, -1] = X, class_numbers(y)
            end += len(X)
    train, val = zip(*(firsts[id(data)] for data in datasets), strict=True)
    return tf.constant(table), {"train": train, "val": val}
