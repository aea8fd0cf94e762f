"""A job: what all its trainings have in common, and the shards that share them out. Needs no TensorFlow."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

CURVES = ("val_score", "val_data_loss")  # of a training, the curves that are kept
EPOCHS_PER_POINT = 5  # 100 points out of 500 epochs draw the same line
BUNCH_BYTES = 2 * 10**9  # what the rows of the splits in work may take
Progress = Callable[[float], object]  # of the number of trainings done since its last call, fractions included


class Work(NamedTuple):
    """What all shards have in common: the rows of each split and how long to train on them."""

    network: dict[str, Any]  # settings of `build_model` that all variants share, unless one has its own
    epochs: int
    batch_size: int
    splits: tuple[tuple[np.ndarray, ...], ...]  # of each, X_train, y_train, X_val, y_val, 32-bit


class Shard(NamedTuple):
    """One population: some variants, each trained once in every run. It holds nothing but what JSON holds."""

    variants: tuple[dict[str, Any], ...]  # settings of `build_model` and of training
    runs: tuple[tuple[int, int], ...]  # which split of the work, and the seed

    @property
    def n_trainings(self) -> int:
        return len(self.variants) * len(self.runs)


class Trained(NamedTuple):
    """What the trainings of a shard gave."""

    weights: np.ndarray  # (variants, runs, parameters), float32; a smaller network's end in 0
    curves: np.ndarray  # (curves, variants, runs, points), float32; after an early stop, that of the best epoch
    best_epochs: np.ndarray  # (variants, runs), from 1: where the validation loss was lowest
    diverged: np.ndarray  # (variants, runs), true where the loss ceased to be a finite number


def join_runs(shards: list[Trained]) -> Trained:
    """The runs of all `shards` of the same variants, one after another."""
    if len(shards) == 1:
        return shards[0]  # a copy would take as much memory again
    axes = Trained(weights=1, curves=2, best_epochs=1, diverged=1)
    return Trained(
        *(np.concatenate(parts, axis=axis) for parts, axis in zip(zip(*shards, strict=True), axes, strict=True))
    )


def count_weights(n_inputs: int, hidden_units: Sequence[int], n_outputs: int = 1) -> int:
    """Return the number of weights, kernels and biases, of a network."""
    widths = [n_inputs, *hidden_units, n_outputs]
    return sum((a + 1) * b for a, b in itertools.pairwise(widths))
