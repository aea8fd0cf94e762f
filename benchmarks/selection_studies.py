"""Does the set not distinguishable from the best hold the best one? Simulated sweeps of a cheap learner.

`python -m benchmarks.selection_studies` draws tables of 1,000 rows from a known population and runs the whole design on
each: five folds, two seeds, 20 configurations. A configuration is a number of random ReLU features and a strength of
ridge, so that it depends on its rows and on its seed as a small network does. Which one is truly the best is known from
fresh tables and 20,000 fresh rows.
"""

import argparse

import numpy as np

from regularization.sweep.selection import Scores, not_told_from_best

FEATURES, ROWS, FOLDS, ROUNDS = 11, 1000, 5, 2
WIDTHS, RIDGES = (10, 20, 40, 80), (3, 10, 30, 100, 300)
TABLES_FOR_TRUTH, ROWS_FOR_TRUTH = 150, 20_000
POPULATION = np.random.default_rng(777)
DIRECTIONS, EFFECTS = POPULATION.standard_normal((FEATURES, 8)), POPULATION.standard_normal(8)


def draw_table(random: np.random.Generator, rows: int) -> tuple[np.ndarray, np.ndarray]:
    X = random.standard_normal((rows, FEATURES))
    logits = np.tanh(X @ DIRECTIONS / 2) @ EFFECTS + X[:, 0] / 2
    return X, (random.random(rows) < 1 / (1 + np.exp(-logits))).astype(float)


def losses(X_train, y_train, X, y, *, seed: int) -> np.ndarray:
    """The cross-entropy of every configuration on every row of `X`: `(configurations, rows)`."""
    of_configurations = []
    for width in WIDTHS:
        random = np.random.default_rng([seed, width])
        kernel = 1.5 * random.standard_normal((FEATURES, width)) / np.sqrt(FEATURES)
        bias = random.standard_normal(width)
        train, scored = (
            np.column_stack([np.maximum(rows @ kernel + bias, 0), np.ones(len(rows))]) for rows in (X_train, X)
        )
        values, vectors = np.linalg.eigh(train.T @ train)
        projected = vectors.T @ (train.T @ (2 * y_train - 1))
        for ridge in RIDGES:
            logits = 2 * scored @ (vectors @ (projected / (values + ridge)))
            of_configurations.append(np.logaddexp(0, logits) - y * logits)
    return np.array(of_configurations)


def true_losses() -> np.ndarray:
    """The expected loss of each configuration, trained on as many rows as a fold trains on."""
    X, y = draw_table(np.random.default_rng(5), ROWS_FOR_TRUTH)
    means = []
    for number in range(TABLES_FOR_TRUTH):
        train = draw_table(np.random.default_rng([6, number]), ROWS * (FOLDS - 1) // FOLDS)
        means.append(losses(*train, X, y, seed=10**6 + number).mean(axis=1))
    return np.mean(means, axis=0)


def study(number: int) -> Scores:
    """The scores that a sweep of one table gives."""
    random = np.random.default_rng([7, number])
    (X, y), order = draw_table(random, ROWS), random.permutation(ROWS)
    rows, cells = np.zeros((len(WIDTHS) * len(RIDGES), ROWS)), []
    for cell in range(ROUNDS * FOLDS):
        scored = order[cell % FOLDS :: FOLDS]
        kept = np.setdiff1d(order, scored)
        rows_of_cell = losses(X[kept], y[kept], X[scored], y[scored], seed=1000 * number + cell)
        rows[:, scored] += rows_of_cell / ROUNDS
        cells.append(rows_of_cell.mean(axis=1))
    return Scores(rows, np.array(cells).T, np.arange(ROWS))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.selection_studies", description=__doc__)
    parser.add_argument("--studies", type=int, default=200)
    studies = parser.parse_args().studies
    best, stayed, sizes, picked = int(true_losses().argmin()), [], [], []
    for number in range(studies):
        scores = study(number)
        stays = not_told_from_best(scores, random_state=number)
        stayed.append(stays[best])
        sizes.append(stays.sum())
        picked.append(scores.means.argmin() == best)
    print(
        f"{studies} studies: the truly best of {len(stays)} configurations stayed in {sum(stayed)}, had the best mean "
        f"in {sum(picked)}; the set held {np.mean(sizes):.1f} on average"
    )


if __name__ == "__main__":
    main()
