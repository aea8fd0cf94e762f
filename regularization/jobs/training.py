"""Train the networks of one shard. The only part of a job that needs TensorFlow."""

import functools
import json

import numpy as np

from regularization.jobs.work import CURVES, EPOCHS_PER_POINT, Progress, Shard, Trained, Work
from regularization.networks.models import build_model, initial_weights
from regularization.population import Dataset, Network, PopulationHistory, read_network, train_networks
from regularization.variants import split_settings


def train_shard(
    work: Work, shard: Shard, *, workers: int | None = None, on_progress: Progress | None = None
) -> Trained:
    """Train every variant of the `shard` in every one of its runs.

    `workers` threads share it, one per processor unless said. `on_progress` is called with the number of trainings done
    since its last call. A network's result does not depend on the others trained with it.
    Nothing of NumPy that rounds is used here: a worker imports NumPy before it learns of the settings in rounding.py.
    """
    templates, patience = zip(*(read_variant(work.network, settings) for settings in shard.variants), strict=True)
    splits = [Dataset(*parts) for parts in work.splits]
    # Run after run, and not variant after variant: all variants take the rows of a run in the same order.
    networks = [
        template._replace(name=str(number), weights=_initial_weights(template, seed))
        for number, (seed, template) in enumerate((seed, template) for _, seed in shard.runs for template in templates)
    ]
    weights, history = train_networks(
        networks,
        [splits[split] for split, _ in shard.runs for _ in templates],
        seeds=[seed for _, seed in shard.runs for _ in templates],
        epochs=work.epochs,
        batch_size=work.batch_size,
        patience=list(patience) * len(shard.runs),
        at_once=len(networks),
        workers=workers,
        on_progress=on_progress and (lambda epochs: on_progress(epochs / work.epochs)),
    )
    shape = len(shard.runs), len(templates)
    best, curves = best_epochs(history), _points(history, stopped=np.array([n is not None for n in patience]))
    diverged = np.isin([network.name for network in networks], history.diverged).reshape(shape)
    return Trained(
        weights.reshape(*shape, -1).swapaxes(0, 1),
        curves.reshape(len(CURVES), *shape, -1).swapaxes(1, 2),
        best.reshape(shape).T,
        diverged.T,
    )


def read_variant(network: dict, settings: dict) -> tuple[Network, int | None]:
    """Return the network of a variant, whose `settings` come on top of the shared ones, and its patience."""
    built_by, trained_by = split_settings(settings)
    return _read_built(json.dumps(network | built_by)), trained_by.get("patience")


@functools.lru_cache(maxsize=4096)  # Keras takes 25 ms for a model, and each round of a sweep asks for the same ones
def _read_built(settings: str) -> Network:
    return read_network(build_model(**json.loads(settings), seed=0))


def _initial_weights(template: Network, seed: int) -> np.ndarray:
    return _weights_of_seed(seed, template.architecture.units, any(template.architecture.normalizes))


@functools.lru_cache(maxsize=1024)  # all variants begin with the same
def _weights_of_seed(seed: int, units: tuple[int, ...], batch_normalization: bool) -> np.ndarray:
    return initial_weights(seed, units, batch_normalization=batch_normalization)


def best_epochs(history: PopulationHistory) -> np.ndarray:
    """Return the epoch, from 1, of each model's lowest validation loss: `(n_models,)`."""
    return np.where(np.isnan(history.val_loss), np.inf, history.val_loss).argmin(axis=1) + 1


def _points(history: PopulationHistory, *, stopped: np.ndarray) -> np.ndarray:
    """Return the `CURVES` at each point: `(curves, n_models, points)`.

    Where a variant may have `stopped` early, each value after the stop is that of the best epoch, whose weights the
    network keeps. The variants of a run follow each other.
    """
    best = best_epochs(history)[:, None] - 1
    may_stop = np.resize(stopped, len(best))[:, None]
    points = []
    for name in CURVES:
        curve = getattr(history, name)
        held = np.where(np.isnan(curve) & may_stop, np.take_along_axis(curve, best, axis=1), curve)
        points.append(held[:, ::EPOCHS_PER_POINT])
    return np.stack(points)
