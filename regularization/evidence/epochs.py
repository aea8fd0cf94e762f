"""What the answer owes to the length of training: when each curve is lowest, and from when on it is ahead."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from regularization.heads import Head

COLUMNS = ["variant", "lowest_at", "lowest", "last_epoch", "last", "ahead_from"]


def epochs(curves: pd.DataFrame | None, headline: Sequence[str], head: Head) -> pd.DataFrame:
    """Per headline variant, where its mean validation loss is lowest, and what it is at the last epoch drawn.

    `curves` are the replicates' (`replicates.curves.curve_bands`); without them there is no row. `ahead_from` is the
    epoch from which on the mean stays below that of the baseline; missing where it is not below it at the end.
    """
    if curves is None:
        return pd.DataFrame(columns=COLUMNS)
    wide = curves[curves["variant"].isin(headline)].pivot_table(
        index="epoch", columns="variant", values=f"val_{head.curve_loss}"
    )
    rows = []
    for variant in headline:
        if variant not in wide:
            continue  # every training diverged
        curve = wide[variant].dropna()
        behind = np.flatnonzero(~(wide[variant] < wide[headline[0]]).to_numpy())
        first = behind[-1] + 1 if len(behind) else 0
        ahead_from = float(wide.index[first]) if first < len(wide) else np.nan
        rows.append((variant, curve.idxmin(), curve.min(), curve.index[-1], curve.iloc[-1], ahead_from))
    return pd.DataFrame(rows, columns=COLUMNS)
