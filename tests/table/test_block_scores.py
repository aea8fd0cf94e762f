import numpy as np
import pandas as pd
import pytest

from regularization.errors import InputError
from regularization.heads.metrics import OF_BINARY as METRICS
from regularization.table.block_scores import pack_blocks, unpack_blocks

COLUMNS = [metric.block_column for metric in METRICS.values()]


def some_sums() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    return {column: np.where(random.random((7, 4)) < 0.4, np.nan, random.integers(0, 90, (7, 4))) for column in COLUMNS}


def test_scores_come_back_from_a_csv(tmp_path):
    sums = some_sums()
    pack_blocks("NA", np.arange(4) + 80, sums, facts={"class_1": np.arange(4)}).to_csv(
        tmp_path / "blocks.csv", index=False
    )
    rows, found = unpack_blocks(pd.read_csv(tmp_path / "blocks.csv"), COLUMNS)
    np.testing.assert_array_equal(rows, [80, 81, 82, 83])
    for column in COLUMNS:
        np.testing.assert_array_equal(found[column], sums[column])


@pytest.mark.parametrize("spoilt", ["1 2", "1 2 3 4 5 6 x", ""])
def test_a_table_that_cannot_be_read(spoilt):
    table = pack_blocks("base", np.arange(4), some_sums(), facts={"class_1": np.arange(4)})
    table.loc[2, "right"] = spoilt
    with pytest.raises(InputError, match="make the replicates again"):
        unpack_blocks(table, COLUMNS)
