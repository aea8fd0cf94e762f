"""Cheap learners with a seed, and the population of tables they are tried on: stand-ins for the networks.

A learner is a function of a `Split` and of new rows. It fits all splits of a study at once and returns the probability
of class 1, `(splits, new rows)`. What chance decides in it hangs on the seed and a `stream`: two learners of one stream
draw the same, as two networks of one seed do, and two of different streams do not. A stream below 0 draws the same in
every split and study: a learner without a seed.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

N_FEATURES = 8
POOL = 40  # random features to choose from
CHOSEN = 12  # of them, by the seed of a split


class Table(NamedTuple):
    X: np.ndarray
    y: np.ndarray
    groups: np.ndarray


POPULATION = np.random.default_rng(7)
MIXING = POPULATION.normal(size=(N_FEATURES, N_FEATURES)) / np.sqrt(N_FEATURES)
SLOPES = POPULATION.normal(size=N_FEATURES)
DIRECTIONS = POPULATION.normal(size=(N_FEATURES, POOL))
OFFSETS = POPULATION.normal(size=POOL)


def draw_table(n_rows: int, random: np.random.Generator, duplicates: float = 0.0, offset: float = 0.0) -> Table:
    """Correlated features with heavy tails, labels from a logistic curve with an interaction and an `offset`."""
    n_distinct = max(2, round(n_rows * (1 - duplicates)))
    Z = random.normal(size=(n_distinct, N_FEATURES)) @ MIXING
    X = np.sign(Z) * np.abs(Z) ** 1.2
    logits = X @ SLOPES + 0.8 * X[:, 0] * X[:, 1] + offset
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
        if stream < 0:
            return np.tile(np.random.default_rng(-stream).random(size), (len(self.train), 1))
        return np.random.default_rng([self.seed, stream]).random((len(self.train), size))


def ridge(penalty: float, *, stream: int = 0) -> Callable:
    """Least squares on random features, of which the seed chooses; probabilities are clipped scores."""

    def fit(split: Split, X_new: np.ndarray) -> np.ndarray:
        features, new = (np.maximum(part @ DIRECTIONS + OFFSETS, 0) for part in (split.X, X_new))
        signs, n_blocks = 2 * split.y - 1, split.blocks.max() + 1
        parts = [np.flatnonzero(split.blocks == block) for block in range(n_blocks)]
        grams = np.stack([features[rows].T @ features[rows] for rows in parts])
        moments = np.stack([features[rows].T @ signs[rows] for rows in parts])
        trained = split.train[:, [rows[0] for rows in parts]]  # (splits, blocks)
        chosen = np.argsort(split.draw(POOL, stream), axis=1)[:, :CHOSEN]
        gram = (trained @ grams.reshape(n_blocks, -1)).reshape(-1, POOL, POOL)
        gram = np.take_along_axis(np.take_along_axis(gram, chosen[:, :, None], 1), chosen[:, None, :], 2)
        moment = np.take_along_axis(trained @ moments, chosen, 1)
        weights = np.linalg.solve(gram + penalty * np.eye(CHOSEN), moment[..., None])[..., 0]
        full = np.zeros((len(trained), POOL))
        np.put_along_axis(full, chosen, weights, 1)
        return np.clip((full @ new.T + 1) / 2, 0.02, 0.98)

    return fit


def naive_bayes(n_columns: int, *, stream: int = 0) -> Callable:
    """Gaussian naive Bayes on columns that the seed chooses."""

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


def logistic(steps: int, *, stops_early: bool = False, penalty: float = 0.0, stream: int = 0) -> Callable:
    """Logistic regression by gradient descent on squared and plain columns, from weights that the seed draws large."""

    def fit(split: Split, X_new: np.ndarray) -> np.ndarray:
        X, y, train, val = split.X, split.y, split.train, split.val
        inputs, new = (np.column_stack([part, part**2 - 1, np.ones(len(part))]) for part in (X, X_new))
        weights = 5 * (split.draw(inputs.shape[1], stream) - 0.5)
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


def network(steps: int, *, stops_early: bool = False, penalty: float = 0.0, units: int = 8) -> Callable:
    """One hidden layer of ReLUs, all rows in every step, with momentum; the seed draws the initial weights."""

    def fit(split: Split, X_new: np.ndarray) -> np.ndarray:
        inputs, new = (np.column_stack([part, np.ones(len(part))]).astype(np.float32) for part in (split.X, X_new))
        y, n_splits = split.y[:, None].astype(np.float32), len(split.train)
        train, val = split.train.T.astype(np.float32), split.val.T.astype(np.float32)  # (rows, splits)
        n_inputs = inputs.shape[1]
        drawn = (2 * split.draw((n_inputs + 1) * units) - 1).astype(np.float32)
        first = np.ascontiguousarray(drawn[:, : n_inputs * units].reshape(n_splits, n_inputs, units).transpose(1, 0, 2))
        second = drawn[:, n_inputs * units :]  # (splits, units)
        momenta = [np.zeros_like(first), np.zeros_like(second)]
        best, lowest = [first.copy(), second.copy()], np.full(n_splits, np.inf)
        share = train / train.sum(axis=0)
        for _ in range(steps):
            hidden, p = _forward(inputs, first, second)
            if stops_early:
                loss = -(val * np.log(np.clip(np.where(y > 0.5, p, 1 - p), 1e-6, 1))).sum(axis=0)
                better = loss < lowest
                best[0][:, better], best[1][better] = first[:, better], second[better]
                lowest = np.minimum(loss, lowest)
            error = (p - y) * share
            back = (error[..., None] * second) * (hidden > 0)
            of_first = (inputs.T @ back.reshape(len(y), -1)).reshape(first.shape)
            gradients = of_first, np.einsum("rs,rsu->su", error, hidden)
            for weights, momentum, gradient in zip((first, second), momenta, gradients, strict=True):
                momentum *= 0.9
                momentum -= 0.2 * (gradient + penalty * weights)
                weights += momentum
        _, p = _forward(new, *(best if stops_early else (first, second)))
        return np.clip(p.T.astype(float), 0.001, 0.999)

    return fit


def _forward(inputs: np.ndarray, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the hidden units give, `(rows, splits, units)`, and the probabilities, `(rows, splits)`."""
    hidden = np.maximum(inputs @ first.reshape(len(first), -1), 0).reshape(len(inputs), *second.shape)
    logits = np.einsum("rsu,su->rs", hidden, second)
    return hidden, 1 / (1 + np.exp(-np.clip(logits, -30, 30)))


def nearest_neighbours(k: int, *, n_columns: int = 4, stream: int = 0) -> Callable:
    """The vote of the `k` nearest rows on columns that the seed chooses: no smooth function of the rows."""

    def fit(split: Split, X_new: np.ndarray) -> np.ndarray:
        used = np.sort(np.argsort(split.draw(N_FEATURES, stream), axis=1)[:, :n_columns], axis=1)
        orders = {}
        for columns in np.unique(used, axis=0):
            distance = np.sum([(X_new[:, [column]] - split.X[:, column]) ** 2 for column in columns], axis=0)
            orders[tuple(columns)] = np.argsort(distance, axis=1)
        probability = np.empty((len(used), len(X_new)))
        for place, (columns, train) in enumerate(zip(used, split.train > 0, strict=True)):
            order = orders[tuple(columns)]
            known = train[order]
            nearest = known & (np.cumsum(known, axis=1) <= k)
            probability[place] = ((split.y[order] * nearest).sum(axis=1) + 0.5) / (k + 1)
        return probability

    return fit


def best_column(n_columns: int, *, stream: int = 0) -> Callable:
    """Of the columns that the seed chooses, the one that best separates the classes, cut at their means' middle.

    A step function of the rows: which column is the best changes with a few of them.
    """

    def fit(split: Split, X_new: np.ndarray) -> np.ndarray:
        X, y, train = split.X, split.y, split.train
        used = np.argsort(split.draw(N_FEATURES, stream), axis=1)[:, :n_columns]
        means = [
            (train * (y == label)) @ X / ((train * (y == label)).sum(axis=1, keepdims=True) + 1e-9) for label in (0, 1)
        ]
        gap = np.full(means[0].shape, -np.inf)
        np.put_along_axis(gap, used, np.take_along_axis(np.abs(means[1] - means[0]), used, 1), 1)
        best = gap.argmax(axis=1)[:, None]
        low, high = (np.take_along_axis(mean, best, 1) for mean in means)
        return np.where(((low + high) / 2 < X_new[:, best[:, 0]].T) == (high > low), 0.8, 0.2)

    return fit


def skewed_mean(scale: float) -> Callable:
    """One probability for all rows, from the mean of a skewed column of the training rows, which rule the score."""

    def fit(split: Split, X_new: np.ndarray) -> np.ndarray:
        skewed = np.exp(np.clip(scale * split.X[:, 0], -20, 20) / 2)
        mean = split.train @ skewed / split.train.sum(axis=1)
        probability = np.clip(0.5 + 0.2 * (np.log1p(mean) - 1), 0.02, 0.98)
        return np.repeat(probability[:, None], len(X_new), axis=1)

    return fit
