"""The order in which a training walks through its rows: one definition for Keras' `fit` and for the population.

And how many of a population's orders stand in memory at a time, which no TensorFlow is needed to know.
"""

import numpy as np

LANES = 16  # models in one program: a vector of 16 floats is as wide as processors have them
BLOCK = 25  # epochs in one call of the program: models that are done leave between two calls
BLOCK_BYTES = 10**9  # what the row orders in work may take: a long table gets fewer epochs
ORDERS_KEPT = 2  # for each model in work: models of other techniques take their rows in the same order


def batch_order(seed: int, epochs: int, n_rows: int, *, first_epoch: int = 0) -> np.ndarray:
    """Row numbers in the order in which each epoch takes them: `(epochs, n_rows)`, int32, each row a permutation.

    They depend on the seed, the epoch and the number of rows alone: epoch `e` of a training is row `e - first_epoch`.
    """
    draws = np.random.PCG64(seed).advance(first_epoch * n_rows)  # one for every row of the epochs before
    # Unlike `permuted`, this lets other threads run. A name for the numbers would keep them in memory.
    return np.random.Generator(draws).random((epochs, n_rows)).argsort(axis=1).astype(np.int32)


def epochs_per_block(n_rows: int, *, epochs: int, workers: int) -> int:
    """How many of the `epochs` one call of the program takes: `BLOCK`, or what `BLOCK_BYTES` allow of `n_rows` rows.

    All blocks have one length, and as little as can be goes beyond the last epoch.
    """
    most = max(1, min(BLOCK, BLOCK_BYTES // _order_bytes(n_rows, workers)))
    n_blocks = -(-epochs // most)
    return -(-epochs // n_blocks)


def block_bytes(n_rows: int, n_columns: int, *, epochs: int, workers: int) -> int:
    """What a block of epochs takes in memory: the row orders of all of them, and the rows of one as they are read."""
    orders = epochs_per_block(n_rows, epochs=epochs, workers=workers) * _order_bytes(n_rows, workers)
    return orders + 2 * 4 * LANES * n_rows * n_columns * workers


def _order_bytes(n_rows: int, workers: int) -> int:
    """Of one epoch: those that are kept, and where each row of every model stands; 32-bit."""
    return 4 * LANES * n_rows * (ORDERS_KEPT + 1) * workers
