import numpy as np
def batch_order(seed, epochs, n_rows):
    rng = np.random.default_rng(seed)
    return rng.permuted(np.tile(np.arange(n_rows, dtype=np.int32), (epochs, 1)), axis=1)
