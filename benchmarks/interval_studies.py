"""Do the intervals cover the truth? Simulated studies whose true difference is known.

    python -m benchmarks.interval_studies

A study draws a table from a known population, deals its groups of duplicates into blocks, trains two learners on
hundreds of random divisions of the blocks, and takes the intervals of their difference: from all splits, from the first
half and the first quarter of them, and from a quarter for one learner and all for the other. The truth comes from
thousands of fresh tables. All splits of a study are fitted at once.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from benchmarks.studied_learners import (
    Split,
    best_column,
    draw_table,
    logistic,
    naive_bayes,
    nearest_neighbours,
    network,
    ridge,
    skewed_mean,
)
from regularization.evidence.jackknife import BlockScores, Jackknife, adjusted, block_jackknife
from regularization.evidence.statistics import rule_of_three
from regularization.table.blocks import TEST, TRAIN, VALIDATION, deal_blocks, divide_blocks

METRICS = ("accuracy", "loss")
SPLITS = 520
PARTS = (1, 2, 4)  # all splits, the first half of them, the first quarter
UNEQUAL = "1 to 4"  # a quarter of the splits for the first learner, all for the second
TRUE_TABLES, SEEDS, TEST_ROWS = 2000, 8, 2000


class Case(NamedTuple):
    """Two learners, each a function of a `Split` and rows to predict, on tables of so many rows."""

    name: str
    first: Callable
    second: Callable
    n_rows: int
    duplicates: float = 0.0  # share of rows that repeat another
    stops_early: bool = False  # so that validation blocks are not scored
    offset: float = 0.0  # of the logits: far below 0, class 1 is rare
    lost: float = 0.0  # share of the trainings of the first learner that diverge


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
# Made to break the method: what it assumes holds badly or not at all.
ADVERSARIAL = [
    Case("nearly always tied", ridge(10.0, stream=NO_SEED), ridge(10.2, stream=NO_SEED), 200),
    Case("60 rows", ridge(1.0), ridge(30.0), 60),
    Case("60 rows, without seeds", naive_bayes(4, stream=NO_SEED), naive_bayes(4, stream=OTHER), 60),
    Case(
        "both stop early, 20% duplicates",
        logistic(25, stops_early=True),
        logistic(25, stops_early=True, penalty=0.3),
        200,
        0.2,
        True,
    ),
    Case("unstable, without seeds", best_column(8, stream=NO_SEED), ridge(10.0, stream=NO_SEED), 200),
    Case("unstable, with seeds", best_column(4), best_column(8), 200),
    Case("training rows rule", skewed_mean(0.5), ridge(10.0, stream=NO_SEED), 200),
    Case("training rows rule, skewed", skewed_mean(3.0), ridge(10.0, stream=NO_SEED), 200),
    Case("training rows rule, skewed, some seed", skewed_mean(3.0), naive_bayes(6), 200),
    Case("a rare class", ridge(1.0), ridge(100.0), 400, 0.0, False, -4.0),
    Case("a rare class, blocks without it", naive_bayes(6), naive_bayes(3), 200, 0.0, False, -5.0),
    Case("30% of one learner's trainings diverge", ridge(0.1), ridge(30.0), 200, 0.0, False, 0.0, 0.3),
]


class Estimate(NamedTuple):
    """The difference in one study, with the half-widths of its interval at 95%."""

    mean: float
    half_width: float
    half_width_of_splits: float


def study(
    case: Case, seed: int, *, splits: int = SPLITS, design: int | None = None
) -> dict[tuple[str, object], Estimate]:
    """Table number `seed`: by metric and part of the splits, the difference; another `design` splits and trains anew.

    Where some block never shows a difference in accuracy, the interval is widened as the evidence does it.
    """
    both = block_scores([case.first, case.second], case, seed, splits=splits, design=design)
    estimates = {}
    for metric in both[0]:
        first, second = (scores[metric] for scores in both)
        mask = ~np.isnan(first.sums) & ~np.isnan(second.sums)
        differences = {part: _cut(first, mask, splits // part) - _cut(second, mask, splits // part) for part in PARTS}
        shallow = splits // PARTS[-1]
        pair = _cut(first, mask, shallow), _cut(second, mask, shallow), _cut(second, ~np.isnan(second.sums), splits)
        differences[UNEQUAL] = adjusted(*pair) - pair[2]
        differs = (np.where(mask, first.sums - second.sums, 0) != 0).any(axis=0).all()
        least = 0.0 if metric != "accuracy" or differs else rule_of_three(int(first.rows.sum()))
        for part, difference in differences.items():
            halves = (np.ptp(bounds) / 2 for bounds in (difference.interval(), difference.interval_of_splits()))
            half, of_splits = halves
            estimates[metric, part] = Estimate(difference.mean, max(half, least), of_splits)
    return estimates


def _cut(scores: BlockScores, mask: np.ndarray, splits: int) -> Jackknife:
    return block_jackknife(BlockScores(np.where(mask, scores.sums, np.nan)[:splits], scores.rows))


def block_scores(
    learners: Sequence[Callable], case: Case, seed: int, *, splits: int, design: int | None = None
) -> list[dict[str, BlockScores]]:
    """The scores of each learner on one table of the `case`, in each metric."""
    design = seed if design is None else design
    table = draw_table(case.n_rows, np.random.default_rng([seed, 1]), case.duplicates, case.offset)
    blocks = deal_blocks(table.groups, table.y, random_state=seed)
    divisions = divide_blocks(splits, random_state=design)
    train, val = ((divisions == part)[:, blocks].astype(float) for part in (TRAIN, VALIDATION))
    split = Split(table.X, table.y, blocks, train, val, design)
    rows, membership = np.bincount(blocks).astype(float), np.eye(blocks.max() + 1)[blocks]
    is_scored = divisions == TEST if case.stops_early else divisions != TRAIN
    lost, of_learners = np.random.default_rng([design, 2]).random(splits) < case.lost, []
    for number, fit in enumerate(learners):
        kept = is_scored & ~lost[:, None] if number == 0 else is_scored
        probability, scored = fit(split, table.X), {}
        for metric, values in scores(probability, table.y).items():
            scored[metric] = BlockScores(np.where(kept, values @ membership, np.nan), rows)
        if case.offset:
            scored |= {"AUC": _auc_of_blocks(probability, table.y, blocks, kept, rows)}
        of_learners.append(scored)
    return of_learners


def _auc_of_blocks(probability, y, blocks, kept, rows) -> BlockScores:
    """Over the blocks of both classes, each one's AUC times its rows."""
    counts = [block for block in range(len(rows)) if 0 < y[blocks == block].sum() < rows[block]]
    sums = [area(probability[:, blocks == block], y[blocks == block]) * rows[block] for block in counts]
    return BlockScores(np.where(kept[:, counts], np.stack(sums, axis=1), np.nan), rows[counts])


def area(probability: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The area under the ROC curve of each row of `probability` `(n, rows)`; ties count half."""
    positive, negative = probability[:, y > 0.5, None], probability[:, None, y <= 0.5]
    return ((positive > negative) + 0.5 * (positive == negative)).mean(axis=(1, 2))


def scores(probability: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Per split and row, right answers and the cross-entropy."""
    return {
        "accuracy": ((probability > 0.5) == (y > 0.5)).astype(float),
        "loss": -np.log(np.where(y > 0.5, probability, 1 - probability)),
    }


def truth(case: Case, *, tables: int = TRUE_TABLES) -> dict[str, tuple[float, float]]:
    """The difference of the expected scores with its standard error, per metric."""
    values = true_scores([case.first, case.second], case, tables=tables)
    differences = {metric: first - second for metric, (first, second) in values.items()}
    return {metric: (float(value.mean()), float(value.std() / tables**0.5)) for metric, value in differences.items()}


def true_scores(learners: Sequence[Callable], case: Case, *, tables: int = TRUE_TABLES) -> dict[str, np.ndarray]:
    """The mean scores `(learners, tables)` on fresh tables, per metric.

    Over fresh tables of as many rows as a split trains on, each with several seeds and with fresh rows to score them.
    """
    random = np.random.default_rng(99)
    n_train, n_val = round(case.n_rows * 13 / 20), round(case.n_rows * 3 / 20)
    metrics = (*METRICS, "AUC") if case.offset else METRICS
    of_tables = {metric: np.empty((len(learners), tables)) for metric in metrics}
    for number in range(tables):
        table = draw_table(n_train + n_val, random, case.duplicates, case.offset)
        fresh = draw_table(TEST_ROWS, random, offset=case.offset)
        shuffled = random.permutation(table.groups.max() + 1)[table.groups].argsort(kind="stable")
        train = np.zeros((SEEDS, len(shuffled)))
        train[:, shuffled[:n_train]] = 1.0
        split = Split(table.X, table.y, 1 - train[0].astype(int), train, 1 - train, 10**6 + number)
        for place, fit in enumerate(learners):
            probability = fit(split, fresh.X)
            for metric, values in scores(probability, fresh.y).items():
                of_tables[metric][place, number] = values.mean()
            if case.offset:
                of_tables["AUC"][place, number] = area(probability, fresh.y).mean()
    return of_tables


def coverage(
    case: Case, *, studies: int, splits: int = SPLITS, tables: int = TRUE_TABLES
) -> dict[tuple[str, object], dict[str, float]]:
    """Per metric and part of the splits, what `summary` says of so many studies, beside the truth and its error."""
    studied = [study(case, seed, splits=splits) for seed in counted(studies, case.name)]
    true = truth(case, tables=tables)
    return {
        (metric, part): {"truth": true[metric][0], "error_of_truth": true[metric][1]}
        | summary([estimates[metric, part] for estimates in studied], true[metric][0])
        for metric, part in studied[0]
    }


def summary(estimates: Sequence[Estimate], true: float) -> dict[str, float]:
    """How often the interval for new tables covered the truth and excluded 0, and its mean half-width.

    `ideal` is the half-width that covers in 95 of 100 studies were the spread of the estimates known.
    """
    means, halves, _ = np.array(estimates).T
    return {
        "coverage": float((np.abs(means - true) <= halves).mean()),
        "half_width": float(halves.mean()),
        "ideal": float(1.96 * means.std(ddof=1)),
        "excludes_0": float((np.abs(means) > halves).mean()),
    }


def agreement(case: Case, *, studies: int, splits: int = SPLITS) -> dict[str, float]:
    """Per metric, how often two designs differ by no more than their intervals for the same blocks allow."""
    pairs = [
        [study(case, seed, splits=splits, design=design) for design in (seed, 10**5 + seed)]
        for seed in counted(studies, f"{case.name}, twice")
    ]
    return {
        metric: float(np.mean([_agree(first[metric, 1], second[metric, 1]) for first, second in pairs]))
        for metric in METRICS
    }


def _agree(first: Estimate, second: Estimate) -> bool:
    return abs(first.mean - second.mean) <= np.hypot(first.half_width_of_splits, second.half_width_of_splits)


def counted(studies: int, name: str) -> tqdm:
    return tqdm(range(studies), name, disable=not sys.stderr.isatty())


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.interval_studies", description=__doc__)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--share", default="1/1", help="which of how many parts of the cases, such as 1/2")
    parser.add_argument(
        "--splits", type=int, default=SPLITS, help="all splits of a study; 60 are those of a large table"
    )
    asked = parser.parse_args()
    number, parts = map(int, asked.share.split("/"))
    print_row("case", "rows", "metric", "splits", "true difference", "coverage", "width", "excludes 0")
    print_row(*["---"] * 8)
    for case in [*CASES, *ADVERSARIAL][number - 1 :: parts]:
        for (metric, part), row in coverage(case, studies=asked.studies, splits=asked.splits).items():
            splits = f"{asked.splits // part}" if isinstance(part, int) else part
            figures = [f"{row['truth']:+.4f}", f"{row['coverage']:.1%}", f"{row['half_width'] / row['ideal']:.2f}"]
            print_row(case.name, f"{case.n_rows:,}", metric, splits, *figures, f"{row['excludes_0']:.0%}")


def print_row(*cells: str) -> None:
    print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
