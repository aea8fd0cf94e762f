"""The three ways to split the table for the replicates: the notebook's, an honest one, and its leaky twin."""

from typing import NamedTuple

import numpy as np
from sklearn.preprocessing import StandardScaler

from regularization.table import Arrays, Rows, fit_scaler, split_rows, split_rows_by_group, to_arrays


class Study(NamedTuple):
    """One split under one protocol, and the seeds of the networks to train on it."""

    protocol: str
    split: int
    rows: Rows
    fit_scaler_on: str
    seeds: tuple[int, ...]

    def arrays(self, X: np.ndarray, y: np.ndarray) -> Arrays:
        scaler: StandardScaler = fit_scaler(X, self.rows, fit_scaler_on=self.fit_scaler_on)
        return to_arrays(X, y, self.rows, scaler)


def plan_studies(
    groups: np.ndarray,
    *,
    test_size: float,
    validation_split: float,
    random_state: int,
    seed: int,
    seeds: int,
    splits: int,
    seeds_per_split: int,
) -> list[Study]:
    """Every split to train on; `groups` `(rows,)` numbers identical rows alike.

    notebook: its one split and its scaler, fitted on all rows; `seeds` networks.
    honest: `splits` fresh splits that keep identical rows together, the scaler fitted on training rows;
    `seeds_per_split` networks each.
    leaky: for each honest split one of the same sizes that shuffles rows regardless of duplicates, and nothing else
    changed: the difference is what leaking alone is worth.

    No seed is used for two splits, but honest and leaky twins share theirs. Raises `InputError` where the table is too
    small to split by groups.
    """
    shares = {"test_size": test_size, "validation_split": validation_split}
    notebook_rows = split_rows(groups, random_state=random_state, **shares)
    studies = [Study("notebook", 0, notebook_rows, "all", _seeds(seed, 0, seeds))]
    for split in range(splits):
        shuffle = random_state + 1 + split
        honest_rows = split_rows_by_group(groups, random_state=shuffle, **shares)
        leaky_rows = shuffled_twin(honest_rows, random_state=shuffle)
        its_seeds = _seeds(seed, seeds + split * seeds_per_split, seeds_per_split)
        studies.append(Study("honest", split, honest_rows, "train", its_seeds))
        studies.append(Study("leaky", split, leaky_rows, "train", its_seeds))
    return studies


def shuffled_twin(rows: Rows, *, random_state: int) -> Rows:
    """A split into parts of the same sizes, of the same rows, at random."""
    shuffled = np.random.RandomState(random_state).permutation(np.concatenate(rows))
    return Rows(*np.split(shuffled, np.cumsum([len(rows.train), len(rows.val)])))


def _seeds(seed: int, first: int, number: int) -> tuple[int, ...]:
    """`seed` itself is the headline models'; replicates go on from there."""
    return tuple(range(seed + 1 + first, seed + 1 + first + number))
