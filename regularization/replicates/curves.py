"""The curves of the replicates: their mean from epoch to epoch, and where most of them lie."""

import numpy as np
import pandas as pd

from regularization.jobs.work import CURVES, EPOCHS_PER_POINT


def curve_bands(variant: str, curves: np.ndarray) -> pd.DataFrame:
    """Return, per epoch, the mean of each curve over the trainings of a variant, and where 95% of them lie.

    `curves` `(curves, trainings, points)` are those of the honest protocol. Columns: variant, epoch, and `<curve>`,
    `<curve>_low`, `<curve>_high` of each of `CURVES`.
    """
    band = {"variant": variant, "epoch": np.arange(curves.shape[2]) * EPOCHS_PER_POINT + 1}
    for name, values in zip(CURVES, map(pd.DataFrame, curves), strict=True):
        limits = {f"{name}_low": values.quantile(0.025), f"{name}_high": values.quantile(0.975)}
        band |= {name: values.mean()} | limits
    return pd.DataFrame(band)
