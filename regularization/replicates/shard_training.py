"""Train the networks of one shard of the replicates."""

import numpy as np

from regularization.cluster.work import Progress
from regularization.models import build_model, initial_weights
from regularization.population import Dataset, Network, read_network, train_networks
from regularization.replicates.runs import Shard, Trained, Work
from regularization.variants import split_settings


def train_shard(
    work: Work, shard: Shard, *, workers: int | None = None, on_progress: Progress | None = None
) -> Trained:
    """Every variant of the `shard` in every one of its runs.

    `workers` threads share it, one per processor unless said. The result for one network does not depend on the others.
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
    diverged = np.isin([network.name for network in networks], history.diverged).reshape(shape)
    curves = np.stack(history[:-1]).reshape(-1, *shape, work.epochs)
    return Trained(weights.reshape(*shape, -1).swapaxes(0, 1), curves.swapaxes(1, 2), diverged.T)


def read_variant(network: dict, settings: dict) -> tuple[Network, int | None]:
    """The network that the `settings` of a variant make of the shared ones of the `network`, and its patience."""
    built_by, trained_by = split_settings(settings)
    return read_network(build_model(**network | built_by, seed=0)), trained_by.get("patience")


def _initial_weights(template: Network, seed: int) -> np.ndarray:
    architecture = template.architecture
    return initial_weights(seed, architecture.units, batch_normalization=any(architecture.normalizes))
