"""The curves of the replicates: their mean from epoch to epoch, and where most of them lie."""

import numpy as np
import pandas as pd

from regularization.population import PopulationHistory

CURVES = ("val_accuracy", "val_binary_crossentropy")
EPOCHS_PER_POINT = 5  # 100 points out of 500 epochs draw the same line


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


def best_epochs(history: PopulationHistory) -> np.ndarray:
    """The epoch, from 1, of each model's lowest validation loss: `(n_models,)`."""
    return np.where(np.isnan(history.val_loss), np.inf, history.val_loss).argmin(axis=1) + 1


def held_at_best(history: PopulationHistory) -> PopulationHistory:
    """The curves with each value after an early stop that of the best epoch, whose weights the network keeps."""
    best = best_epochs(history)[:, None] - 1
    curves = (np.where(np.isnan(curve), np.take_along_axis(curve, best, axis=1), curve) for curve in history[:-1])
    return PopulationHistory(*curves, diverged=history.diverged)
