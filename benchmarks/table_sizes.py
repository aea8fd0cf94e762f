"""`python -m benchmarks.table_sizes`: time and memory that replicates take on tables of many sizes.

Each size runs in a process of its own: a synthetic table, 10 honest splits and 2 networks on one more split, 3 epochs
each, as `stages.replicate base` trains them. Prints a table; a few minutes, and the largest size takes some GB. The
seconds are those that all cores together were at work, which others on the machine change little.
`python -m benchmarks.table_sizes 200000x20` measures that size alone.
"""

import multiprocessing
import resource
import sys
import time
from functools import partial

import numpy as np

import benchmarks.threads  # noqa: F401
from regularization.params import load_params
from regularization.table import Table, plan_splits
from regularization.variants import network_settings

SIZES = [(rows, columns) for columns in (2, 30, 500) for rows in (10**3, 10**4, 10**5, 10**6)]
SIZES = [size for size in SIZES if size != (10**6, 500)] + [(200_000, 20)]  # that one takes 4 GB for the table alone
SPLITS, SEEDS, EPOCHS = 10, 2, 3


def main() -> None:
    print(f"{SPLITS + SEEDS} networks on {SPLITS + 1} splits, {EPOCHS} epochs each")
    print("| rows | columns | seconds of a core | peak memory, GB |\n| --- | --- | --- | --- |")
    for rows, columns in [size for size in SIZES if not sys.argv[1:] or f"{size[0]}x{size[1]}" in sys.argv[1:]]:
        with multiprocessing.get_context("spawn").Pool(1) as process:  # its peak is that of this size alone
            seconds, memory = process.apply(partial(measure, rows, columns))
        print(f"| {rows:,} | {columns} | {seconds:.0f} | {memory:.1f} |", flush=True)


def measure(rows: int, columns: int) -> tuple[float, float]:
    """Seconds of a core for the training, compiling included, imports not; and the process' peak memory in GB."""
    from regularization.replicates.training import train_replicates

    params, random = load_params(), np.random.default_rng(0)
    X = random.standard_normal((rows, columns))
    y = (X[:, 0] + random.standard_normal(rows) > 0).astype(int)
    table = Table(X, y, np.arange(rows))
    split = {"test_size": 0.2, "validation_split": 0.2, "random_state": 42, "seed": 42}
    start = time.process_time()
    train_replicates(
        {"base": {}},
        plan_splits(table, **split, seeds=SEEDS, splits=SPLITS, leaky_twins=2),
        table,
        network=network_settings(params) | {"n_features": columns},
        epochs=EPOCHS,
        batch_size=params.batch_size,
    )
    return time.process_time() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6


if __name__ == "__main__":
    main()
