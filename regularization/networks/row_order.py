"""The order in which a training walks through its rows: one definition for Keras' `fit` and for the population."""

import numpy as np


def batch_order(seed: int, epochs: int, n_rows: int, *, first_epoch: int = 0) -> np.ndarray:
    """Row numbers in the order in which each epoch takes them: `(epochs, n_rows)`, int32, each row a permutation.

    They depend on the seed, the epoch and the number of rows alone: epoch `e` of a training is row `e - first_epoch`.
    """
    draws = np.random.PCG64(seed).advance(first_epoch * n_rows)  # one for every row of the epochs before
    # Unlike `permuted`, this lets other threads run. A name for the numbers would keep them in memory.
    return np.random.Generator(draws).random((epochs, n_rows)).argsort(axis=1).astype(np.int32)
