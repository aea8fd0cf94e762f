"""Scores summed over the blocks that each split has not been trained on, and their compact form in a CSV.

A column of the CSV holds a list: a value per split, in their order, separated by spaces; `-` where the split is not
scored on that block.
"""

from collections.abc import Iterable

import numpy as np
import pandas as pd

from regularization.errors import InputError
from regularization.metrics import METRICS

NOT_SCORED = "-"


def pack_blocks(variant: str, rows: np.ndarray, sums: dict[str, np.ndarray], *, class_1: np.ndarray) -> pd.DataFrame:
    """One row per block of one variant: its number, its rows and those of class 1 `(blocks,)`, and the lists of `sums`.

    `sums` are `(splits, blocks)`, by column, NaN where a split is not scored on a block.
    """
    lists = {column: [_pack(values[:, block]) for block in range(len(rows))] for column, values in sums.items()}
    return pd.DataFrame({"variant": variant, "block": range(len(rows)), "rows": rows, "class_1": class_1} | lists)


def unpack_blocks(table: pd.DataFrame, metrics: Iterable[str] = METRICS) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The rows per block and the sums of one variant, as `pack_blocks` took them; of all metrics, or of those named.

    Raises `InputError` where the lists are not all of one length, or hold something else than numbers.
    """
    table, columns = table.sort_values("block"), [METRICS[name].block_column for name in metrics]
    try:
        sums = {column: np.array([_unpack(text) for text in table[column]]).T for column in columns}
    except (KeyError, ValueError) as error:
        raise InputError(
            f"block scores: received a table that cannot be read ({error}); expected what `replicate` writes; "
            "make the replicates again"
        ) from None
    return table["rows"].to_numpy(), sums


def _pack(values: np.ndarray) -> str:
    return " ".join(NOT_SCORED if np.isnan(value) else f"{value:.6g}" for value in values)


def _unpack(text: str) -> list[float]:
    return [np.nan if value == NOT_SCORED else float(value) for value in str(text).split(" ")]
