"""Train every variant under every protocol, and measure each network."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import keras
import numpy as np
import pandas as pd

from regularization.errors import InputError
from regularization.models import build_model
from regularization.population import PopulationHistory, train_population
from regularization.protocols import Study
from regularization.scoring import describe_kernels, score_predictions
from regularization.table import Arrays

PARTS = ("train", "val", "test")
CURVES = ("val_accuracy", "val_binary_crossentropy")
EPOCHS_PER_POINT = 5  # of the curves: 100 points out of 500 epochs draw the same line


class Run(NamedTuple):
    """One training: the columns that name it in the table of replicates."""

    variant: str
    protocol: str
    split: int
    seed: int

    def name(self) -> str:
        return "-".join(str(part) for part in self)


def train_replicates(
    variants: Mapping[str, dict],
    studies: Sequence[Study],
    X: np.ndarray,
    y: np.ndarray,
    *,
    network: dict,
    epochs: int,
    batch_size: int,
    on_progress: Callable[[int], object] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One network per variant, split and seed, on the table `X` `(rows, features)`, `y` `(rows,)`.

    A variant is the settings of `build_model` that make it, `network` those that all share. Returns the table of
    replicates, a row per training, and the curves of the honest protocol (see `curve_bands`). A training that diverged
    has no figures in its row. Raises `InputError` where all did.
    """
    runs = [
        Run(name, study.protocol, study.split, seed) for name in variants for study in studies for seed in study.seeds
    ]
    arrays = {(study.protocol, study.split): study.arrays(X, y) for study in studies}
    data = [arrays[run.protocol, run.split] for run in runs]
    models = [build_model(**variants[run.variant], **network, seed=run.seed, name=run.name()) for run in runs]
    history = train_population(
        models,
        data,
        seeds=[run.seed for run in runs],
        epochs=epochs,
        batch_size=batch_size,
        on_progress=on_progress,
    )
    if len(history.diverged) == len(runs):
        raise InputError(f"every training of {', '.join(variants)} diverged; lower learning_rate or the penalties")
    measured = [
        {} if model.name in history.diverged else measure(model, its_data) | {"best_epoch": best_epoch}
        for model, its_data, best_epoch in zip(models, data, _best_epochs(history), strict=True)
    ]
    replicates = pd.concat([pd.DataFrame(runs), pd.DataFrame(measured)], axis=1)
    return replicates, curve_bands(replicates, history)


def measure(model: keras.Sequential, arrays: Arrays) -> dict[str, float]:
    """What a trained network is worth on each part, dropout off, and what its weights look like.

    `<part>_loss` is Keras' own, with the penalties; `<part>_binary_crossentropy` is without.
    """
    found = {}
    for part in PARTS:
        X, y = getattr(arrays, f"X_{part}"), getattr(arrays, f"y_{part}")
        scores = score_predictions(y, model(X.astype(np.float32), training=False).numpy().ravel())
        penalty = float(sum(model.losses))
        found |= {f"{part}_accuracy": scores["accuracy"], f"{part}_binary_crossentropy": scores["binary_crossentropy"]}
        found |= {f"{part}_loss": scores["binary_crossentropy"] + penalty}
    kernels = [layer.kernel.numpy() for layer in model.layers if isinstance(layer, keras.layers.Dense)]
    return found | {"test_ece": scores["ece"], "test_brier": scores["brier"]} | describe_kernels(kernels)


def _best_epochs(history: PopulationHistory) -> np.ndarray:
    """The epoch, from 1, of each model's lowest validation loss: `(n_models,)`."""
    return np.where(np.isnan(history.val_loss), np.inf, history.val_loss).argmin(axis=1) + 1


def curve_bands(replicates: pd.DataFrame, history: PopulationHistory) -> pd.DataFrame:
    """Per variant and epoch, over the honest protocol's trainings: the mean of a curve and where 95% of them lie.

    Columns: variant, epoch, and `<curve>`, `<curve>_low`, `<curve>_high` of each of `CURVES`.
    """
    epochs = np.arange(0, history.val_loss.shape[1], EPOCHS_PER_POINT)
    bands = []
    for variant, rows in replicates[replicates["protocol"] == "honest"].groupby("variant", sort=False):
        band = {"variant": variant, "epoch": epochs + 1}
        for curve in CURVES:
            values = pd.DataFrame(getattr(history, curve)[np.ix_(rows.index, epochs)])
            limits = {f"{curve}_low": values.quantile(0.025), f"{curve}_high": values.quantile(0.975)}
            band |= {curve: values.mean()} | limits
        bands.append(pd.DataFrame(band))
    return pd.concat(bands, ignore_index=True)
