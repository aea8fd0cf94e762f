"""What the evidence says of its table, and of variants that are one and the same."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from regularization.evidence.pairing import Replicates
from regularization.metrics import ACCURACY, BALANCED_ACCURACY

STANDIN = "standin"  # the origin of a table that took the place of the published one


def facts(replicates: Replicates, *, origin: str, is_notebook: bool) -> pd.DataFrame:
    """One row: rows, share of the smaller class, blocks, those of both classes, splits, those trained on one class.

    And the `origin` of the table, and whether the notebook's figures may stand beside all of these (`is_notebook`).
    """
    rows, sums = replicates.blocks[replicates.headline[0]]
    class_1, seen = replicates.class_1, np.isnan(sums[ACCURACY.block_column])
    share = class_1.sum() / rows.sum()
    of_1, of_both = seen @ class_1, seen @ rows
    return pd.DataFrame(
        {
            "rows": [int(rows.sum())],
            "minority_share": [float(min(share, 1 - share))],
            "blocks": [len(rows)],
            "blocks_of_both_classes": [int(replicates.blocks_of(BALANCED_ACCURACY).sum())],
            "splits": [len(seen)],
            "fewest_splits": [min(map(replicates.n_splits, replicates.variants))],
            "splits_trained_on_one_class": [int(((of_1 == 0) | (of_1 == of_both)).sum())],
            "origin": [origin],
            "is_notebook": [is_notebook],
        }
    )


def repeated(same_settings: Mapping[str, str]) -> pd.DataFrame:
    """The variants that have the settings of another, and are told under that one's name."""
    return pd.DataFrame({"variant": list(same_settings), "same_as": list(same_settings.values())}, dtype=object)


def without_repeated(table: pd.DataFrame, same_settings: Mapping[str, str]) -> pd.DataFrame:
    return table[~table["variant"].isin(list(same_settings))] if "variant" in table else table


def marked(table: pd.DataFrame, origin: str) -> pd.DataFrame:
    """The table, with a column that says so where it rests on a stand-in."""
    return table.assign(origin=origin) if origin == STANDIN else table
