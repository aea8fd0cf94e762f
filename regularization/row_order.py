"""The order in which a training walks through its rows: one definition for Keras' `fit` and for the population."""

from collections.abc import Iterator

import numpy as np


def batch_order(seed: int, epochs: int, n_rows: int) -> np.ndarray:
    """Row numbers in the order in which each epoch takes them: `(epochs, n_rows)`, int32, each row a permutation.

    Epoch `e` of a longer training is row `e` of a shorter one with the same seed and number of rows.
    """
    return next(batch_orders(seed, epochs, n_rows))


def batch_orders(seed: int, epochs: int, n_rows: int) -> Iterator[np.ndarray]:
    """`batch_order` in endless blocks of `epochs` epochs: the same rows, without holding all of them at once."""
    generator = np.random.default_rng(seed)
    while True:
        # Unlike `permuted`, this lets other threads run. A name for the numbers would keep them in memory.
        yield generator.random((epochs, n_rows)).argsort(axis=1).astype(np.int32)
