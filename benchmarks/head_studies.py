"""Do the intervals of the scores of numbers and of several classes cover the truth? As interval_studies.py asks it.

    python -m benchmarks.head_studies

RMSE, R², balanced accuracy and macro F1 are no means over rows but functions of sums, whose tangent the jackknife
takes. A study draws a table, deals it into blocks, trains two learners on hundreds of divisions of these, and takes the
intervals of their differences. The learners are least squares on random features: of a number, or of each class
against the rest. The truth comes from thousands of fresh tables.
"""

import argparse
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from benchmarks.interval_studies import SEEDS, SPLITS, UNEQUAL, Estimate, counted, print_row, summary
from benchmarks.studied_learners import CHOSEN, DIRECTIONS, OFFSETS, POOL, Split, draw_table
from regularization.evidence.jackknife import Jackknife, adjusted
from regularization.evidence.pairing import of_sums
from regularization.heads import Head, head_of
from regularization.heads.metrics import Metric
from regularization.table.blocks import TRAIN, deal_blocks, divide_blocks

PARTS = (1, 4)
TRUE_TABLES, TEST_ROWS = 1000, 2000
EDGES = (-1.2, 0.8, 3.4)  # of the score by which rows fall into four classes; the last has 3% of them
STEEPNESS = 6.0  # of logits: what least squares gives lies between 0 and 1


class Case(NamedTuple):
    """Two learners, each a function of a `Split` whose `y` is `(rows, outputs)` and of rows to predict."""

    name: str
    n_classes: int
    first: Callable
    second: Callable
    n_rows: int
    draw_noise: Callable = np.random.Generator.standard_normal


def heavy_tails(random: np.random.Generator, size: int) -> np.ndarray:
    """Student's t with 3 degrees of freedom: the squares of such errors have no variance."""
    return random.standard_t(3, size)


def least_squares(penalty: float, *, stream: int = 0) -> Callable:
    """Ridge regression on random features, of which the seed chooses; see studied_learners.ridge."""

    def fit(split: Split, X_new: np.ndarray) -> np.ndarray:
        features, new = (np.maximum(part @ DIRECTIONS + OFFSETS, 0) for part in (split.X, X_new))
        features, new = (np.column_stack([part, np.ones(len(part))]) for part in (features, new))
        n_blocks = split.blocks.max() + 1
        parts = [np.flatnonzero(split.blocks == block) for block in range(n_blocks)]
        grams = np.stack([features[rows].T @ features[rows] for rows in parts])
        moments = np.stack([features[rows].T @ split.y[rows] for rows in parts])
        trained = split.train[:, [rows[0] for rows in parts]]  # (splits, blocks)
        chosen = np.argsort(split.draw(POOL, stream), axis=1)[:, :CHOSEN]
        chosen = np.column_stack([chosen, np.full(len(chosen), POOL)])  # and the intercept
        gram = np.tensordot(trained, grams, axes=1)
        gram = np.take_along_axis(np.take_along_axis(gram, chosen[:, :, None], 1), chosen[:, None, :], 2)
        moment = np.take_along_axis(np.tensordot(trained, moments, axes=1), chosen[:, :, None], 1)
        weights = np.linalg.solve(gram + penalty * np.eye(CHOSEN + 1), moment)
        full = np.zeros((len(trained), POOL + 1, moment.shape[2]))
        np.put_along_axis(full, chosen[:, :, None], weights, 1)
        return np.einsum("nf,sfo->sno", new, full)

    return fit


NO_SEED, OTHER = -1, -2  # streams of learners without a seed
APART = least_squares(1.0, stream=NO_SEED), least_squares(1.0, stream=OTHER)
PENALTIES = least_squares(0.1), least_squares(100.0)
CASES = [
    Case("number, another penalty", 0, *PENALTIES, 1000),
    Case("number, without seeds", 0, *APART, 200),
    Case("number, without seeds, heavy tails", 0, *APART, 200, heavy_tails),
    Case("four classes, another penalty", 4, *PENALTIES, 1000),
    Case("four classes, without seeds", 4, *APART, 1000),
    Case("four classes, one of 6 rows, without seeds", 4, *APART, 200),
]


def draw(case: Case, n_rows: int, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Features, and numbers or labels that depend on them."""
    while True:  # until every class is there
        X = draw_table(n_rows, random).X
        score = X @ np.linspace(-1, 1, X.shape[1]) + 0.8 * X[:, 0] * X[:, 1] + case.draw_noise(random, n_rows)
        y = np.digitize(score, EDGES) if case.n_classes else score
        if len(np.unique(y)) >= case.n_classes:
            return X, y


def outputs(case: Case, fit: Callable, split: Split, X: np.ndarray) -> np.ndarray:
    raw = fit(split, X)
    return STEEPNESS * raw if case.n_classes else raw[..., 0]


def targets(case: Case, y: np.ndarray) -> np.ndarray:
    return np.eye(case.n_classes)[y] if case.n_classes else y[:, None]


def study(case: Case, seed: int, *, splits: int = SPLITS) -> dict[tuple[str, object], Estimate]:
    """Table number `seed`: by metric and part of the splits, the difference with the half-width of its interval."""
    head, random = head_of(case.n_classes), np.random.default_rng([seed, 1])
    X, y = draw(case, case.n_rows, random)
    blocks = deal_blocks(np.arange(len(y)), np.zeros(len(y)), random_state=seed)
    divisions = divide_blocks(splits, random_state=seed)
    train, scored = (divisions == TRAIN)[:, blocks].astype(float), divisions != TRAIN
    split = Split(X, targets(case, y), blocks, train, 1 - train, seed)
    rows, both = np.bincount(blocks).astype(float), []
    facts = {name: np.bincount(blocks, values) for name, values in head.facts(y).items()}
    membership = np.eye(len(rows))[blocks]
    for fit in (case.first, case.second):
        of_rows = head.score_rows(y, outputs(case, fit, split, X))
        sums = {name: np.where(scored, values @ membership, np.nan) for name, values in of_rows.items()}
        both.append(sums | {name: np.where(scored, values, np.nan) for name, values in facts.items()})
    estimates = {}
    for metric in head.metrics.values():
        for part, difference in _differences(metric, both, rows, splits).items():
            half = float(np.ptp(difference.interval())) / 2
            estimates[metric.name, part] = Estimate(difference.mean, half, 0.0)
    return estimates


def _differences(metric: Metric, both: Sequence[dict], rows: np.ndarray, splits: int) -> dict[object, Jackknife]:
    first, second = (np.stack([sums[column] for column in metric.columns]) for sums in both)

    def cut(sums: np.ndarray, part: int) -> Jackknife:
        return of_sums(metric, sums[:, : splits // part], rows)

    differences: dict[object, Jackknife] = {part: cut(first, part) - cut(second, part) for part in PARTS}
    deep, shallow = cut(second, 1), cut(second, PARTS[-1])
    return differences | {UNEQUAL: adjusted(cut(first, PARTS[-1]), shallow, deep) - deep}


def truth(case: Case, *, tables: int = TRUE_TABLES) -> dict[str, float]:
    """The difference of the scores of expected sums: over fresh tables of as many rows as a split trains on."""
    head, random = head_of(case.n_classes), np.random.default_rng(99)
    n_train, means = round(case.n_rows * 13 / 20), [{}, {}]
    for number in range(tables):
        X, y = draw(case, n_train, random)
        X_new, y_new = draw(case, TEST_ROWS, random)
        everything = np.ones((SEEDS, n_train))
        split = Split(X, targets(case, y), np.zeros(n_train, int), everything, 0 * everything, 10**6 + number)
        for its_means, fit in zip(means, (case.first, case.second), strict=True):
            for name, values in _means(head, case, fit, split, X_new, y_new).items():
                its_means[name] = its_means.get(name, 0) + values / tables
    first, second = (
        {metric.name: metric.value([sides[name] for name in metric.columns]) for metric in head.metrics.values()}
        for sides in means
    )
    return {name: float(first[name] - second[name]) for name in first}


def _means(head: Head, case: Case, fit: Callable, split: Split, X: np.ndarray, y: np.ndarray) -> dict[str, float]:
    of_rows = head.score_rows(y, outputs(case, fit, split, X))
    means = {name: float(values.mean()) for name, values in of_rows.items()}
    return means | {name: float(values.mean()) for name, values in head.facts(y).items()}


def coverage(
    case: Case, *, studies: int, splits: int = SPLITS, tables: int = TRUE_TABLES
) -> dict[tuple[str, object], dict[str, float]]:
    """Per metric and part of the splits, what `summary` says of so many studies, beside the truth."""
    studied = [study(case, seed, splits=splits) for seed in counted(studies, case.name)]
    true = truth(case, tables=tables)
    return {
        key: {"truth": true[key[0]]} | summary([estimates[key] for estimates in studied], true[key[0]])
        for key in studied[0]
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.head_studies", description=__doc__)
    parser.add_argument("--studies", type=int, default=400)
    parser.add_argument("--share", default="1/1", help="which of how many parts of the cases, such as 1/2")
    asked = parser.parse_args()
    number, parts = map(int, asked.share.split("/"))
    print_row("case", "rows", "metric", "splits", "true difference", "coverage", "width", "excludes 0")
    print_row(*["---"] * 8)
    for case in CASES[number - 1 :: parts]:
        for (metric, part), row in coverage(case, studies=asked.studies).items():
            splits = f"{SPLITS // part}" if isinstance(part, int) else part
            figures = [f"{row['truth']:+.4f}", f"{row['coverage']:.1%}", f"{row['half_width'] / row['ideal']:.2f}"]
            print_row(case.name, f"{case.n_rows:,}", metric, splits, *figures, f"{row['excludes_0']:.0%}")


if __name__ == "__main__":
    main()
