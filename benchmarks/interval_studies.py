"""Does the interval of the block jackknife cover the truth? Simulated studies whose true difference is known.

    python -m benchmarks.interval_studies

A study draws a table from a known population, deals its groups of duplicates into blocks, trains two learners on
hundreds of random divisions of the blocks, and takes the interval of their difference. The learners are cheap stand-ins
for small networks: each has a seed, a few have early stopping. The truth comes from thousands of fresh tables. All
splits of a study are fitted at once.
"""

import argparse
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from regularization.evidence.jackknife import BlockScores, block_jackknife
from regularization.table.blocks import TEST, TRAIN, VALIDATION, deal_blocks, divide_blocks

N_FEATURES = 8
POOL = 40  # random features to choose from
CHOSEN = 12  # of them, by the seed of a split
METRICS = ("accuracy", "loss")
TRUE_TABLES, TEST_ROWS = 3000, 4000


class Case(NamedTuple):
    """Two learners, each a function of a `Split` and rows to predict, on tables of so many rows."""

    name: str
    first: Callable
    second: Callable
    n_rows: int
    duplicates: float = 0.0  # share of rows that repeat another
    stops_early: bool = False  # so that validation blocks are not scored


class Table(NamedTuple):
    X: np.ndarray
    y: np.ndarray
    groups: np.ndarray


POPULATION = np.random.default_rng(7)
MIXING = POPULATION.normal(size=(N_FEATURES, N_FEATURES)) / np.sqrt(N_FEATURES)
SLOPES = POPULATION.normal(size=N_FEATURES)
DIRECTIONS = POPULATION.normal(size=(N_FEATURES, POOL))
OFFSETS = POPULATION.normal(size=POOL)


def draw_table(n_rows: int, random: np.random.Generator, duplicates: float = 0.0) -> Table:
    """Correlated features with heavy tails, labels from a logistic curve with an interaction."""
    n_distinct = max(2, round(n_rows * (1 - duplicates)))
    Z = random.normal(size=(n_distinct, N_FEATURES)) @ MIXING
    X = np.sign(Z) * np.abs(Z) ** 1.2
    logits = X @ SLOPES + 0.8 * X[:, 0] * X[:, 1]
    y = (random.random(n_distinct) < 1 / (1 + np.exp(-logits))).astype(float)
    groups = np.concatenate([np.arange(n_distinct), random.integers(n_distinct, size=n_rows - n_distinct)])
    return Table(X[groups], y[groups], groups)


class Split(NamedTuple):
    """What a learner is fitted to, for all splits of a study at once; a block is in one part as a whole."""

    X: np.ndarray  # (rows, features)
    y: np.ndarray  # (rows,)
    blocks: np.ndarray  # (rows,)
    train: np.ndarray  # (splits, rows) of 0 and 1
    val: np.ndarray
    seed: int

    def draw(self, size: int, stream: int = 0) -> np.ndarray:
        """What the seeds decide: `(splits, size)`, uniform between 0 and 1."""
        return np.random.default_rng([self.seed, stream]).random((len(self.train), size))


def ridge(penalty: float) -> Callable:
    """Least squares on random features, of which the seed chooses; probabilities are clipped scores."""

    def fit(split: Split, X_new: np.ndarray) -> np.ndarray:
        features, new = (np.maximum(part @ DIRECTIONS + OFFSETS, 0) for part in (split.X, X_new))
        signs, n_blocks = 2 * split.y - 1, split.blocks.max() + 1
        parts = [np.flatnonzero(split.blocks == block) for block in range(n_blocks)]
        grams = np.stack([features[rows].T @ features[rows] for rows in parts])
        moments = np.stack([features[rows].T @ signs[rows] for rows in parts])
        trained = split.train[:, [rows[0] for rows in parts]]  # (splits, blocks)
        chosen = np.argsort(split.draw(POOL), axis=1)[:, :CHOSEN]
        gram = (trained @ grams.reshape(n_blocks, -1)).reshape(-1, POOL, POOL)
        gram = np.take_along_axis(np.take_along_axis(gram, chosen[:, :, None], 1), chosen[:, None, :], 2)
        moment = np.take_along_axis(trained @ moments, chosen, 1)
        weights = np.linalg.solve(gram + penalty * np.eye(CHOSEN), moment[..., None])[..., 0]
        full = np.zeros((len(trained), POOL))
        np.put_along_axis(full, chosen, weights, 1)
        return np.clip((full @ new.T + 1) / 2, 0.02, 0.98)

    return fit


def naive_bayes(n_columns: int, *, stream: int = 0) -> Callable:
    """Gaussian naive Bayes on columns that the seed chooses; another `stream` chooses others."""

    def fit(split: Split, X_new: np.ndarray) -> np.ndarray:
        X, y, train = split.X, split.y, split.train
        total = np.zeros((len(train), len(X_new)))
        used = np.argsort(split.draw(N_FEATURES, stream), axis=1)[:, :n_columns]
        chosen = np.zeros((len(train), N_FEATURES))
        np.put_along_axis(chosen, used, 1.0, 1)
        for label, sign in ((1, 1), (0, -1)):
            of_class = train * (y == label)
            n = of_class.sum(axis=1, keepdims=True) + 1
            mean = of_class @ X / n
            variance = np.maximum(of_class @ X**2 / n - mean**2, 0.05)
            density = -0.5 * ((chosen / variance) @ (X_new**2).T - 2 * (chosen * mean / variance) @ X_new.T)
            density += -0.5 * (chosen * (mean**2 / variance + np.log(variance))).sum(axis=1, keepdims=True) + np.log(n)
            total += sign * density
        return np.clip(1 / (1 + np.exp(-np.clip(total, -30, 30))), 0.02, 0.98)

    return fit


def logistic(steps: int, *, stops_early: bool = False, penalty: float = 0.0) -> Callable:
    """Logistic regression by gradient descent on squared and plain columns, from weights that the seed draws large."""

    def fit(split: Split, X_new: np.ndarray) -> np.ndarray:
        X, y, train, val = split.X, split.y, split.train, split.val
        inputs, new = (np.column_stack([part, part**2 - 1, np.ones(len(part))]) for part in (X, X_new))
        weights = 5 * (split.draw(inputs.shape[1]) - 0.5)
        best, lowest = weights.copy(), np.full(len(train), np.inf)
        share = train / train.sum(axis=1, keepdims=True)
        for _ in range(steps):
            p = 1 / (1 + np.exp(-np.clip(weights @ inputs.T, -30, 30)))
            if stops_early:
                loss = -(val * np.log(np.clip(np.where(y > 0.5, p, 1 - p), 1e-6, 1))).sum(axis=1)
                better = loss < lowest
                best[better], lowest = weights[better], np.minimum(loss, lowest)
            weights = weights - 0.5 * (((p - y) * share) @ inputs + penalty * weights)
        final = best if stops_early else weights
        return np.clip(1 / (1 + np.exp(-np.clip(final @ new.T, -30, 30))), 0.001, 0.999)

    return fit


def scores(probability: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
    """Per split and row, right answers and the cross-entropy."""
    return {
        "accuracy": ((probability > 0.5) == (y > 0.5)).astype(float),
        "loss": -np.log(np.where(y > 0.5, probability, 1 - probability)),
    }


def study(case: Case, seed: int, *, splits: int) -> dict[str, object]:
    """One table, and the jackknife of the difference in each metric."""
    random = np.random.default_rng([seed, 1])
    table = draw_table(case.n_rows, random, case.duplicates)
    blocks = deal_blocks(table.groups, table.y, random_state=seed)
    divisions = divide_blocks(splits, random_state=seed)
    train, val, test = ((divisions == part)[:, blocks].astype(float) for part in (TRAIN, VALIDATION, TEST))
    rows = np.bincount(blocks).astype(float)
    split = Split(table.X, table.y, blocks, train, val, seed)
    probabilities = [fit(split, table.X) for fit in (case.first, case.second)]
    first, second = (scores(probability, table.y) for probability in probabilities)
    membership = np.eye(len(rows))[blocks]
    scored = test if case.stops_early else test + val
    kept = divisions == TEST if case.stops_early else divisions != TRAIN
    found = {}
    for metric in METRICS:
        sums = ((first[metric] - second[metric]) * scored) @ membership
        found[metric] = block_jackknife(BlockScores(np.where(kept, sums, np.nan), rows))
    return found


def truth(case: Case, *, tables: int = TRUE_TABLES) -> dict[str, float]:
    """The difference of the expected scores, over fresh tables, one training each, of as many rows as a split's."""
    random = np.random.default_rng(99)
    fresh = draw_table(TEST_ROWS, random)
    n_train, n_val = round(case.n_rows * 13 / 20), round(case.n_rows * 3 / 20)
    total = dict.fromkeys(METRICS, 0.0)
    for number in range(tables):
        table = draw_table(n_train + n_val, random, case.duplicates)
        order = random.permutation(table.groups.max() + 1)[table.groups].argsort(kind="stable")
        train = np.zeros((1, len(order)))
        train[0, order[:n_train]] = 1.0
        split = Split(table.X, table.y, 1 - train[0].astype(int), train, 1 - train, 10**6 + number)
        pair = [fit(split, fresh.X) for fit in (case.first, case.second)]
        first, second = (scores(probability, fresh.y) for probability in pair)
        for metric in METRICS:
            total[metric] += float((first[metric] - second[metric]).mean()) / tables
    return total


CASES = [
    Case("ridge, nearly equal penalties", ridge(10.0), ridge(14.0), 1000),
    Case("ridge, another penalty", ridge(0.1), ridge(100.0), 1000),
    Case("ridge, 200 rows", ridge(0.1), ridge(30.0), 200),
    Case("ridge, 5,000 rows", ridge(0.1), ridge(100.0), 5000),
    Case("naive Bayes, no true difference", naive_bayes(4), naive_bayes(4, stream=1), 1000),
    Case("naive Bayes, fewer columns", naive_bayes(6), naive_bayes(3), 1000),
    Case("naive Bayes, 200 rows", naive_bayes(6), naive_bayes(3), 200),
    Case("ridge, 15% duplicates", ridge(0.1), ridge(100.0), 1000, 0.15),
    Case("ridge, 50% duplicates", ridge(0.1), ridge(100.0), 1000, 0.5),
    Case("logistic, a penalty", logistic(12), logistic(12, penalty=0.1), 1000),
    Case("logistic, early stopping", logistic(25, stops_early=True), logistic(25), 1000, 0.0, True),
    Case("logistic, early stopping, 200 rows", logistic(25, stops_early=True), logistic(12), 200, 0.0, True),
    Case("logistic, early stopping, 15% duplicates", logistic(25, stops_early=True), logistic(12), 1000, 0.15, True),
]


def coverage(case: Case, *, studies: int, splits: int = 520, tables: int = TRUE_TABLES, progress: bool = False) -> dict:
    """Per metric: the truth, how often the interval covered it and left out 0, and its mean half-width."""
    true = truth(case, tables=tables)
    found = [study(case, seed, splits=splits) for seed in tqdm(range(studies), case.name, disable=not progress)]
    result = {}
    for metric in METRICS:
        bounds = np.array([estimate[metric].interval() for estimate in found])
        covered = (bounds[:, 0] <= true[metric]) & (true[metric] <= bounds[:, 1])
        sd = np.std([estimate[metric].mean for estimate in found], ddof=1)
        result[metric] = {
            "truth": true[metric],
            "coverage": float(covered.mean()),
            "half_width": float(np.ptp(bounds, axis=1).mean() / 2),
            "ideal": float(1.96 * sd),
            "leaves_out_0": float(((bounds[:, 0] > 0) | (bounds[:, 1] < 0)).mean()),
        }
    return result


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.interval_studies", description=__doc__)
    parser.add_argument("--studies", type=int, default=1000)
    parser.add_argument("--cases", default="", help="only cases whose name holds this")
    arguments = parser.parse_args()
    heads = ["case", "metric", "true difference", "coverage", "half-width", "were the spread known", "leaves out 0"]
    print(f"| {' | '.join(heads)} |")
    print("| --- | --- | --- | --- | --- | --- | --- |")
    for case in CASES:
        if arguments.cases in case.name:
            for metric, row in coverage(case, studies=arguments.studies, progress=None).items():
                print(
                    f"| {case.name}, {case.n_rows} rows | {metric} | {row['truth']:+.4f} | {row['coverage']:.1%} | "
                    f"{row['half_width']:.4f} | {row['ideal']:.4f} | {row['leaves_out_0']:.0%} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
