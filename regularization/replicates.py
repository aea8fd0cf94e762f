"""Train every variant under every protocol, and measure each network."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from regularization.errors import InputError
from regularization.evaluation import replicate_metrics
from regularization.models import build_model
from regularization.population import PopulationHistory, train_population
from regularization.table import Arrays, PlannedSplit, Table

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
    splits: Sequence[PlannedSplit],
    table: Table,
    *,
    network: dict,
    epochs: int,
    batch_size: int,
    on_progress: Callable[[int], object] | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One network per variant, split and seed, on the `table`.

    A variant is the settings of `build_model` that make it, `network` those that all share. Returns the table of
    replicates, a row per training, and the curves of the honest protocol (see `curve_bands`). A training that diverged
    has no figures in its row. Raises `InputError` where all did.
    """
    runs = [
        Run(name, split.protocol, split.number, seed) for name in variants for split in splits for seed in split.seeds
    ]
    arrays = {(split.protocol, split.number): _in_32_bits(split.arrays(table)) for split in splits}
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
    measured = []
    for model, its_data, best_epoch in zip(models, data, _best_epochs(history), strict=True):
        sizes = {"n_train": len(its_data.X_train), "n_test": len(its_data.X_test)}
        if model.name in history.diverged:
            measured.append(sizes)
        else:
            measured.append(sizes | replicate_metrics(model, its_data) | {"best_epoch": best_epoch})
    replicates = pd.concat([pd.DataFrame(runs), pd.DataFrame(measured)], axis=1)
    return replicates, curve_bands(replicates, history)


def _in_32_bits(arrays: Arrays) -> Arrays:
    """The numbers that the networks compute with: all splits are in memory at once."""
    return Arrays(*(part.astype(np.float32) if part.ndim == 2 else part for part in arrays))


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
