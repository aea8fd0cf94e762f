"""Scores summed over the blocks that each split has not been trained on, and their compact form in a CSV.

A column of the CSV holds a list: a value per split, in their order, separated by spaces; `-` where the split is not
scored on that block.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from regularization.errors import InputError

NOT_SCORED = "-"


def pack_blocks(
    variant: str, rows: np.ndarray, sums: Mapping[str, np.ndarray], *, facts: Mapping[str, np.ndarray]
) -> pd.DataFrame:
    """One row per block of one variant: its number, its rows, what `facts` say of these, and the lists of `sums`.

    `rows` and facts are `(blocks,)`. `sums` are `(splits, blocks)`, by column, NaN where a split is not scored on a
    block.
    """
    lists = {column: [_pack(values[:, block]) for block in range(len(rows))] for column, values in sums.items()}
    return pd.DataFrame({"variant": variant, "block": range(len(rows)), "rows": rows} | dict(facts) | lists)


def unpack_blocks(table: pd.DataFrame, columns: Iterable[str]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The rows per block and the sums of one variant in some `columns`, as `pack_blocks` took them.

    Raises `InputError` where the lists are not all of one length, or hold something else than numbers.
    """
    table = table.sort_values("block")
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
