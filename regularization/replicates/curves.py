"""The curves of the replicates: their mean from epoch to epoch, and where most of them lie."""

import numpy as np
import pandas as pd

from regularization.heads import Head
from regularization.jobs.work import EPOCHS_PER_POINT


def curve_bands(variant: str, curves: np.ndarray, head: Head) -> pd.DataFrame:
    """Return, per epoch, the mean of each curve over the trainings of a variant, and where 95% of them lie.

    `curves` `(curves, trainings, points)` are `jobs.work.CURVES` of the honest protocol. Columns: variant, epoch, and
    `<curve>`, `<curve>_low`, `<curve>_high` of the head's score and loss, a number's in its standardized units.
    """
    band = {"variant": variant, "epoch": np.arange(curves.shape[2]) * EPOCHS_PER_POINT + 1}
    names = f"val_{head.curve_score}", f"val_{head.curve_loss}"
    for name, values in zip(names, map(pd.DataFrame, curves), strict=True):
        limits = {f"{name}_low": values.quantile(0.025), f"{name}_high": values.quantile(0.975)}
        band |= {name: values.mean()} | limits
    return pd.DataFrame(band)
