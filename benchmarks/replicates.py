"""What the replicates cost beside Keras' plain `fit`; a part of `make benchmark`."""

from pathlib import Path

import numpy as np

import benchmarks.threads  # noqa: F401
from benchmarks.timing import seconds
from regularization.params import load_params
from regularization.replicates.plan import plan_group
from regularization.replicates.training import train_replicates
from regularization.table import Table
from regularization.variants import (
    BASELINE,
    VARIATIONS,
    headline_models,
    network_settings,
    trained_variants,
    variants_of,
)

DUPLICATES = 240
NOTEBOOK_FITS = 11
SOME_SPLITS = 128  # on which all variants are measured: eight full programs of each


def measure_replicates(X: np.ndarray, y: np.ndarray, fit_seconds: float) -> dict:
    """What the replicate stages train, from the initial weights to the scores of every block, beside plain fits.

    The headline models in full. All variants on some of their splits, all of as many steps, so that programs are full;
    from these, with the time to compile, follows what all splits take.
    """
    params = load_params(Path(__file__).parents[1] / "params.yaml")
    groups = np.concatenate([np.arange(len(y) - DUPLICATES), np.arange(DUPLICATES)])
    table = Table(X[groups], y[groups], groups)
    splits = plan_group(BASELINE, params, table)
    steps = [-(-len(split.rows.train) // params.batch_size) for split in splits]
    alike = [
        split for split, n_steps in zip(splits, steps, strict=True) if n_steps == steps[1] and len(split.seeds) == 1
    ]
    alike = alike[:SOME_SPLITS]
    runs = sum(len(split.seeds) for split in splits)
    headline = {name: variants_of(name, params)[name] for name in headline_models(params)}
    variants = headline | trained_variants(VARIATIONS, params)

    def train(some: dict, on: list, epochs: int = params.epochs) -> float:
        training = {"network": network_settings(params), "epochs": epochs, "batch_size": params.batch_size}
        return seconds(lambda: train_replicates(some, on, table, **training))

    of_headline = train(headline, splits)
    first, second = (train(variants, alike, epochs=1) for _ in ("with compiling", "without"))
    of_all = first - second + train(variants, alike) / SOME_SPLITS * runs
    return {
        "headline": {
            "trainings": len(headline) * runs,
            "seconds": of_headline,
            "ratio_to_as_many_fits": of_headline / (len(headline) * fit_seconds),
        },
        "all": {
            "trainings": len(variants) * runs,
            "seconds_worked_out": of_all,
            "ratio_to_eleven_fits": of_all / (NOTEBOOK_FITS * fit_seconds),
        },
    }
