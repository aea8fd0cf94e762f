"""Do the intervals cover the truth? Simulated studies whose true difference is known.

    python -m benchmarks.interval_studies

A study draws a table from a known population, deals its groups of duplicates into blocks, trains learners on hundreds
of random divisions of the blocks, and takes the intervals of their differences. The truth comes from thousands of fresh
tables. All splits of a study are fitted at once.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from benchmarks.studied_learners import (
    Split,
    draw_table,
    logistic,
    naive_bayes,
    nearest_neighbours,
    network,
    ridge,
)
from regularization.evidence.jackknife import BlockScores, Jackknife, block_jackknife
from regularization.table.blocks import TEST, TRAIN, VALIDATION, deal_blocks, divide_blocks

METRICS = ("accuracy", "loss")
SPLITS = 520
TRUE_TABLES, SEEDS, TEST_ROWS = 2000, 8, 2000


class Case(NamedTuple):
    """Two learners, each a function of a `Split` and rows to predict, on tables of so many rows."""

    name: str
    first: Callable
    second: Callable
    n_rows: int
    duplicates: float = 0.0  # share of rows that repeat another
    stops_early: bool = False  # so that validation blocks are not scored


NO_SEED, OTHER = -1, -2  # streams of learners without a seed
CASES = [
    Case("ridge, nearly equal penalties", ridge(10.0), ridge(14.0), 1000),
    Case("ridge, another penalty", ridge(0.1), ridge(100.0), 1000),
    Case("ridge, another penalty", ridge(0.1), ridge(30.0), 200),
    Case("ridge, another penalty", ridge(0.1), ridge(100.0), 5000),
    Case("ridge without seeds", ridge(0.1, stream=NO_SEED), ridge(100.0, stream=NO_SEED), 1000),
    Case("ridge without seeds, other features", ridge(1.0, stream=NO_SEED), ridge(1.0, stream=OTHER), 200),
    Case("ridge without seeds, other features", ridge(1.0, stream=NO_SEED), ridge(1.0, stream=OTHER), 5000),
    Case("ridge, 15% duplicates", ridge(0.1), ridge(100.0), 1000, 0.15),
    Case("ridge without seeds, 50% duplicates", ridge(0.1, stream=NO_SEED), ridge(100.0, stream=OTHER), 1000, 0.5),
    Case("naive Bayes, no true difference", naive_bayes(4), naive_bayes(4, stream=1), 1000),
    Case("naive Bayes, fewer columns", naive_bayes(6), naive_bayes(3), 1000),
    Case("naive Bayes without seeds", naive_bayes(4, stream=NO_SEED), naive_bayes(4, stream=OTHER), 200),
    Case("logistic, a penalty", logistic(12), logistic(12, penalty=0.1), 1000),
    Case("logistic, early stopping", logistic(25, stops_early=True), logistic(25), 1000, 0.0, True),
    Case("logistic, early stopping", logistic(25, stops_early=True), logistic(12), 200, 0.0, True),
    Case("logistic, early stopping, 15% duplicates", logistic(25, stops_early=True), logistic(12), 1000, 0.15, True),
    Case(
        "logistic without seeds, early stopping",
        logistic(25, stops_early=True, stream=NO_SEED),
        logistic(25, stream=NO_SEED, penalty=0.1),
        200,
        0.15,
        True,
    ),
    Case(
        "nearest neighbours, 9 or 1",
        nearest_neighbours(9, stream=NO_SEED),
        nearest_neighbours(1, stream=NO_SEED),
        200,
    ),
    Case("network, a penalty", network(40, penalty=0.02), network(40), 200),
    Case("network, early stopping", network(40, stops_early=True), network(40), 200, 0.0, True),
]


def study(case: Case, seed: int, *, splits: int, design: int | None = None) -> dict[str, Jackknife]:
    """Table number `seed`, and the difference in each metric; another `design` splits its blocks and trains anew."""
    (estimates,) = differences([case.first, case.second], [(0, 1)], case, seed, splits=splits, design=design).values()
    return estimates


def differences(
    learners: Sequence[Callable],
    pairs: Sequence[tuple[int, int]],
    case: Case,
    seed: int,
    *,
    splits: int,
    design: int | None = None,
) -> dict[tuple[int, int], dict[str, Jackknife]]:
    """The difference of each of the `pairs` of `learners` on one table of the `case`, in each metric."""
    design = seed if design is None else design
    table = draw_table(case.n_rows, np.random.default_rng([seed, 1]), case.duplicates)
    blocks = deal_blocks(table.groups, table.y, random_state=seed)
    divisions = divide_blocks(splits, random_state=design)
    train, val, test = ((divisions == part)[:, blocks].astype(float) for part in (TRAIN, VALIDATION, TEST))
    split = Split(table.X, table.y, blocks, train, val, design)
    found = [scores(fit(split, table.X), table.y) for fit in learners]
    rows, membership = np.bincount(blocks).astype(float), np.eye(blocks.max() + 1)[blocks]
    scored = test if case.stops_early else test + val
    kept = divisions == TEST if case.stops_early else divisions != TRAIN
    estimates = {}
    for first, second in pairs:
        sums = {metric: ((found[first][metric] - found[second][metric]) * scored) @ membership for metric in METRICS}
        estimates[first, second] = {
            metric: block_jackknife(BlockScores(np.where(kept, its_sums, np.nan), rows))
            for metric, its_sums in sums.items()
        }
    return estimates


def scores(probability: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Per split and row, right answers and the cross-entropy."""
    return {
        "accuracy": ((probability > 0.5) == (y > 0.5)).astype(float),
        "loss": -np.log(np.where(y > 0.5, probability, 1 - probability)),
    }


def truth(case: Case, *, tables: int = TRUE_TABLES) -> dict[str, tuple[float, float]]:
    """The difference of the expected scores with its standard error, per metric."""
    values = true_scores([case.first, case.second], case, tables=tables)
    found = {metric: first - second for metric, (first, second) in values.items()}
    return {metric: (float(value.mean()), float(value.std() / tables**0.5)) for metric, value in found.items()}


def true_scores(learners: Sequence[Callable], case: Case, *, tables: int = TRUE_TABLES) -> dict[str, np.ndarray]:
    """The mean scores `(learners, tables)` on fresh tables, per metric.

    Over fresh tables of as many rows as a split trains on, each with several seeds and with fresh rows to score them.
    """
    random = np.random.default_rng(99)
    n_train, n_val = round(case.n_rows * 13 / 20), round(case.n_rows * 3 / 20)
    found = {metric: np.empty((len(learners), tables)) for metric in METRICS}
    for number in range(tables):
        table, fresh = draw_table(n_train + n_val, random, case.duplicates), draw_table(TEST_ROWS, random)
        shuffled = random.permutation(table.groups.max() + 1)[table.groups].argsort(kind="stable")
        train = np.zeros((SEEDS, len(shuffled)))
        train[:, shuffled[:n_train]] = 1.0
        split = Split(table.X, table.y, 1 - train[0].astype(int), train, 1 - train, 10**6 + number)
        for place, fit in enumerate(learners):
            for metric, values in scores(fit(split, fresh.X), fresh.y).items():
                found[metric][place, number] = values.mean()
    return found


def coverage(
    case: Case, *, studies: int, splits: int = SPLITS, tables: int = TRUE_TABLES
) -> dict[str, dict[str, float]]:
    """Per metric, what `summary` says of so many studies, beside the truth and its standard error."""
    found = [study(case, seed, splits=splits) for seed in counted(studies, case.name)]
    true = truth(case, tables=tables)
    return {
        metric: {"truth": true[metric][0], "error_of_truth": true[metric][1]}
        | summary([estimates[metric] for estimates in found], true[metric][0])
        for metric in METRICS
    }


def summary(estimates: Sequence[Jackknife], true: float) -> dict[str, float]:
    """How often the interval for new tables covered the truth and left out 0, and its mean half-width.

    `ideal` is the half-width that covers in 95 of 100 studies were the spread of the estimates known.
    """
    bounds = np.array([estimate.interval() for estimate in estimates])
    return {
        "coverage": float(((bounds[:, 0] <= true) & (true <= bounds[:, 1])).mean()),
        "half_width": float(np.ptp(bounds, axis=1).mean() / 2),
        "ideal": float(1.96 * np.std([estimate.mean for estimate in estimates], ddof=1)),
        "leaves_out_0": float(((bounds[:, 0] > 0) | (bounds[:, 1] < 0)).mean()),
    }


def agreement(case: Case, *, studies: int, splits: int = SPLITS) -> dict[str, float]:
    """Per metric, how often two designs differ by no more than their intervals for the same blocks allow."""
    pairs = [
        [study(case, seed, splits=splits, design=design) for design in (seed, 10**5 + seed)]
        for seed in counted(studies, f"{case.name}, twice")
    ]
    return {
        metric: float(np.mean([_agree(first[metric], second[metric]) for first, second in pairs])) for metric in METRICS
    }


def _agree(first: Jackknife, second: Jackknife) -> bool:
    return abs(first.mean - second.mean) <= 1.96 * np.hypot(first.error_of_splits, second.error_of_splits)


def counted(studies: int, name: str) -> tqdm:
    return tqdm(range(studies), name, disable=not sys.stderr.isatty())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.interval_studies", description=__doc__)
    parser.add_argument("--studies", type=int, default=1000)
    studies = parser.parse_args().studies
    print_row(
        "case", "rows", "metric", "true difference", "coverage", "half-width", "were the spread known", "leaves out 0"
    )
    print_row(*["---"] * 8)
    for case in CASES:
        for metric, row in coverage(case, studies=studies).items():
            figures = [
                f"{row['truth']:+.4f}",
                f"{row['coverage']:.1%}",
                f"{row['half_width']:.4f}",
                f"{row['ideal']:.4f}",
            ]
            print_row(case.name, f"{case.n_rows:,}", metric, *figures, f"{row['leaves_out_0']:.0%}")
    print_row("case, two designs on the same blocks", "rows", "metric", "agree")
    print_row(*["---"] * 4)
    for case in CASES:
        for metric, share in agreement(case, studies=studies // 4).items():
            print_row(case.name, f"{case.n_rows:,}", metric, f"{share:.1%}")


def print_row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
