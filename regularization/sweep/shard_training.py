"""Train the networks of one shard of the sweep. The only part of it that needs TensorFlow."""

import functools
import json
from collections.abc import Callable

import numpy as np

from regularization.models import build_model, initial_weights
from regularization.population import Network, predict_networks, read_network, train_networks
from regularization.sweep.rounds import Shard, Trained, Work
from regularization.table import Arrays
from regularization.variants import split_settings


def train_shard(
    work: Work, shard: Shard, *, workers: int | None = None, on_progress: Callable[[float], object] | None = None
) -> Trained:
    """Every configuration of the `shard` on every split of the `work`.

    `workers` threads share it, one per processor unless said. `on_progress` is called with the number of trainings done
    since its last call, fractions included. The result for one network does not depend on the others.

    Nothing of NumPy that rounds is used here: a worker imports NumPy before it learns of the settings in rounding.py.
    """
    n_configurations = len(shard.configurations)
    splits = [Arrays(*arrays) for arrays in work.splits]
    templates, patience = zip(*(_read(work.network, settings) for settings in shard.configurations), strict=True)
    networks, data, seeds = [], [], []
    for template in templates:
        for split, seed in zip(splits, shard.seeds, strict=True):
            weights = _initial_weights(seed, template.architecture.units, any(template.architecture.normalizes))
            networks.append(template._replace(name=str(len(networks)), weights=weights))
            data.append(split)
            seeds.append(seed)
    weights, history = train_networks(
        networks,
        data,
        seeds=seeds,
        epochs=work.epochs,
        batch_size=work.batch_size,
        patience=[each for each in patience for _ in splits],
        workers=workers,
        on_progress=_in_trainings(on_progress, work.epochs),
    )
    logits = _predict(networks, weights, splits, n_configurations, workers)
    diverged = np.isin([network.name for network in networks], history.diverged)
    return Trained(logits, diverged.reshape(n_configurations, -1))


def _read(network: dict, settings: dict) -> tuple[Network, int | None]:
    built_by, trained_by = split_settings(settings)
    return _read_built(json.dumps(network | built_by)), trained_by.get("patience")


@functools.lru_cache(maxsize=4096)  # Keras takes 25 ms for a model, and each round asks for the same ones
def _read_built(settings: str) -> Network:
    return read_network(build_model(**json.loads(settings), seed=0))


@functools.lru_cache(maxsize=1024)  # every configuration begins with the same
def _initial_weights(seed: int, units: tuple[int, ...], batch_normalization: bool) -> np.ndarray:
    return initial_weights(seed, units, batch_normalization=batch_normalization)


def _in_trainings(on_progress: Callable[[float], object] | None, epochs: int) -> Callable[[int], object] | None:
    return on_progress and (lambda epochs_done: on_progress(epochs_done / epochs))


def _predict(networks, weights, splits, n_configurations, workers) -> np.ndarray:
    """Logits of the scored rows, split after split, `(configurations, rows)`."""
    n_rows = [len(split.X_test) for split in splits]
    # All splits get the same number of rows, so that one compiled program serves them; nobody reads the ones added.
    padded = [np.pad(split.X_test, ((0, max(n_rows) - len(split.X_test)), (0, 0))) for split in splits]
    no_share = np.zeros((1, max(n_rows)), np.float32)
    logits, _ = predict_networks(
        networks, weights, padded * n_configurations, [no_share] * len(networks), workers=workers
    )
    by_split = logits.reshape(n_configurations, len(splits), -1)
    return np.concatenate([by_split[:, number, :n] for number, n in enumerate(n_rows)], axis=1)
